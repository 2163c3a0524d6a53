"""Operations on text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, Multiline
from ...engine.errors import NodeError
from ...engine.running.results import MAX_TEXT

CATEGORY = "values/text"

String = Annotated[str, Multiline(), Alias("string")]
Cased = Annotated[bool, Alias("case_sensitive")]


@node("TextPart", category=CATEGORY, aliases=["StringSubstring"], lane="inline")
def text_part(*, text: String, start: int = 0, end: int = 0) -> str:
    """Take a part of a text.

    Args:
        text: The text.
        start: First character, from 0; below 0 counts from the end.
        end: The character behind the last one, alike; 0 gives an empty text.

    Returns:
        The part; empty where the text has none there.
    """
    return text[start:end]


@node("TextLength", category=CATEGORY, aliases=["StringLength"], lane="inline")
def text_length(*, text: String) -> int:
    """Count the characters of a text.

    Args:
        text: The text.

    Returns:
        Its number of characters (code points), line breaks too.
    """
    return len(text)


@node("ChangeCase", category=CATEGORY, aliases=["CaseConverter"], lane="inline")
def change_case(
    *,
    text: String,
    mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"] = "UPPERCASE",
) -> str:
    """Write a text in capital or small letters.

    Args:
        text: The text.
        mode: All capitals, all small, the first letter alone, or the first of every word.

    Returns:
        The text so written.
    """
    changes: dict[str, Callable[[str], str]] = {
        "UPPERCASE": str.upper,
        "lowercase": str.lower,
        "Capitalize": str.capitalize,
        "Title Case": str.title,
    }
    return changes[mode](text)


@node("TrimText", category=CATEGORY, aliases=["StringTrim"], lane="inline")
def trim_text(*, text: String, mode: Literal["Both", "Left", "Right"] = "Both") -> str:
    """Cut off spaces and line breaks at the ends of a text.

    Args:
        text: The text.
        mode: At which end.

    Returns:
        The text without them.
    """
    trims: dict[str, Callable[[str], str]] = {
        "Both": str.strip,
        "Left": str.lstrip,
        "Right": str.rstrip,
    }
    return trims[mode](text)


@node("ReplaceText", category=CATEGORY, aliases=["StringReplace"], lane="inline")
def replace_text(
    *, text: String, find: Annotated[str, Multiline()], replace: Annotated[str, Multiline()]
) -> str:
    """Put a text in the place of another, wherever that stands.

    Args:
        text: Where to look.
        find: What to look for; an empty text is found between all characters.
        replace: What to put in its place.

    Returns:
        The text so changed.

    Raises:
        NodeError: It would become longer than ten million characters.
    """
    check_length(len(text) + text.count(find) * (len(replace) - len(find)))
    return text.replace(find, replace)


@node("TextContains", category=CATEGORY, aliases=["StringContains"], lane="inline")
def text_contains(
    *, text: String, substring: Annotated[str, Multiline()], cased: Cased = True
) -> bool:
    """Ask whether a text stands in another.

    Args:
        text: Where to look.
        substring: What to look for.
        cased: Whether capitals and small letters differ.

    Returns:
        True if it does; an empty text stands in every other.
    """
    return (substring in text) if cased else (substring.lower() in text.lower())


@node("CompareTexts", category=CATEGORY, aliases=["StringCompare"], lane="inline")
def compare_texts(
    *,
    a: Annotated[str, Multiline(), Alias("string_a")],
    b: Annotated[str, Multiline(), Alias("string_b")],
    mode: Literal["Starts With", "Ends With", "Equal"] = "Starts With",
    cased: Cased = True,
) -> bool:
    """Compare two texts.

    Args:
        a: A text.
        b: Another.
        mode: What is asked of `a`: whether it starts with `b`, ends with it, or is equal to it.
        cased: Whether capitals and small letters differ.

    Returns:
        True if so.
    """
    one, other = (a, b) if cased else (a.lower(), b.lower())
    if mode == "Equal":
        return one == other
    return one.startswith(other) if mode == "Starts With" else one.endswith(other)


def check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise NodeError(
            "The text would become too long.",
            code="text.too_long",
            expected=f"{MAX_TEXT} characters at most",
            got=str(length),
            hint="Replace fewer, or by less.",
        )
