"""Operations on text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Multiline
from weft.engine.errors import NodeError
from weft.engine.running.results import MAX_TEXT

CATEGORY = "values/text"

String = Annotated[str, Multiline(), Alias("string")]
Cased = Annotated[bool, Alias("case_sensitive")]


@node("TextPart", category=CATEGORY, aliases=["StringSubstring"], lane="inline")
def text_part(*, text: String, start: int = 0, end: int = 0) -> str:
    """Take a part of a text.

    Args:
        text: The text.
        start: Index of the first character, from 0. Negative values count from the end.
        end: Index after the last character. Negative values count from the end, and 0 gives an
            empty text.

    Returns:
        The part; empty where the text is shorter.
    """
    return text[start:end]


@node("TextLength", category=CATEGORY, aliases=["StringLength"], lane="inline")
def text_length(*, text: String) -> int:
    """Count the characters of a text.

    Args:
        text: The text.

    Returns:
        The number of characters (code points), line breaks included.
    """
    return len(text)


@node("ChangeCase", category=CATEGORY, aliases=["CaseConverter"], lane="inline")
def change_case(
    *,
    text: String,
    mode: Literal["UPPERCASE", "lowercase", "Capitalize", "Title Case"] = "UPPERCASE",
) -> str:
    """Change the case of a text: upper, lower, capitalised or title case.

    Args:
        text: The text.
        mode: All upper case, all lower case, a capital first letter, or a capital first letter of
            every word.

    Returns:
        The text in the new case.
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
    """Remove spaces and line breaks from the ends of a text.

    Args:
        text: The text.
        mode: The end to trim: left, right or both.

    Returns:
        The trimmed text.
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
    """Replace every occurrence of one text by another.

    Args:
        text: The text to search in.
        find: The text to search for. An empty text matches between all characters.
        replace: The replacement.

    Returns:
        The text with the replacements.

    Raises:
        NodeError: The result would be longer than ten million characters.
    """
    check_length(len(text) + text.count(find) * (len(replace) - len(find)))
    return text.replace(find, replace)


@node("TextContains", category=CATEGORY, aliases=["StringContains"], lane="inline")
def text_contains(
    *, text: String, substring: Annotated[str, Multiline()], cased: Cased = True
) -> bool:
    """Check whether a text contains another.

    Args:
        text: The text to search in.
        substring: The text to search for.
        cased: Whether upper and lower case are different.

    Returns:
        True if the text contains `substring`; every text contains an empty one.
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
        a: The first text.
        b: The second text.
        mode: The comparison: whether `a` starts with `b`, ends with `b`, or equals `b`.
        cased: Whether upper and lower case are different.

    Returns:
        True if the comparison holds.
    """
    one, other = (a, b) if cased else (a.lower(), b.lower())
    if mode == "Equal":
        return one == other
    return one.startswith(other) if mode == "Starts With" else one.endswith(other)


def check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise NodeError(
            "The text with the replacements would be too long.",
            code="text.too_long",
            expected=f"{MAX_TEXT} characters at most",
            got=str(length),
            hint="Lower the count of replacements, or use a shorter replacement.",
        )
