"""Texts: parts of them, questions about them, and patterns in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, Multiline, Range
from ...engine.errors import NodeError
from ...engine.running.results import MAX_TEXT
from .patterns import bad_pattern, compiled, in_time

CATEGORY = "values/text"

String = Annotated[str, Multiline(), Alias("string")]
Pattern = Annotated[str, Multiline(), Alias("regex_pattern")]
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
    _check_length(len(text) + text.count(find) * (len(replace) - len(find)))
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


@node("MatchPattern", category=CATEGORY, aliases=["RegexMatch"])
def match_pattern(
    *,
    text: String,
    pattern: Pattern,
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
) -> bool:
    """Ask whether a pattern stands in a text.

    Args:
        text: Where to look.
        pattern: A regular expression as Python has them.
        case_insensitive: Whether capitals and small letters are alike.
        multiline: Whether `^` and `$` are the ends of every line, not of the text.
        dotall: Whether `.` is also a line break.

    Returns:
        True if it does.

    Raises:
        NodeError: It is no pattern, or takes too long to look for.
    """
    found = compiled(pattern, case_insensitive=case_insensitive, multiline=multiline, dotall=dotall)
    return in_time(lambda **limits: found.search(text, **limits)) is not None


@node("ExtractPattern", category=CATEGORY, aliases=["RegexExtract"])
def extract_pattern(
    *,
    text: String,
    pattern: Pattern,
    mode: Literal["First Match", "All Matches", "First Group", "All Groups"] = "First Match",
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    group_index: Annotated[int, Range(0, 100)] = 1,
) -> str:
    """Take what fits a pattern out of a text.

    Args:
        text: Where to look.
        pattern: A regular expression as Python has them.
        mode: What fits first; all that fits, one a line (of a pattern with groups its first group);
            or a group of what fits first, or of all that fits.
        case_insensitive: As in MatchPattern.
        multiline: As in MatchPattern.
        dotall: As in MatchPattern.
        group_index: Which group, for the last two modes; 0 = all that fits.

    Returns:
        What was found; an empty text for nothing.

    Raises:
        NodeError: As in MatchPattern.
    """
    found = compiled(pattern, case_insensitive=case_insensitive, multiline=multiline, dotall=dotall)
    all_of_them = mode.startswith("All")
    group = group_index if mode.endswith(("Group", "Groups")) else 0
    if mode == "All Matches":
        group = min(found.groups, 1)
    if group > found.groups:
        return ""
    if not all_of_them:
        first = in_time(lambda **limits: found.search(text, **limits))
        return "" if first is None else first[group] or ""
    parts = in_time(lambda **limits: [m[group] or "" for m in found.finditer(text, **limits)])
    return "\n".join(parts)


@node("ReplacePattern", category=CATEGORY, aliases=["RegexReplace"])
def replace_pattern(
    *,
    text: String,
    pattern: Pattern,
    replace: Annotated[str, Multiline()],
    case_insensitive: bool = True,
    multiline: bool = False,
    dotall: bool = False,
    count: Annotated[int, Range(0, 100)] = 0,
) -> str:
    """Put a text in the place of what fits a pattern.

    Args:
        text: Where to look.
        pattern: A regular expression as Python has them.
        replace: What to put there; `\\1` is the first group.
        case_insensitive: As in MatchPattern.
        multiline: As in MatchPattern.
        dotall: As in MatchPattern.
        count: How many are replaced at most; 0 = all.

    Returns:
        The text so changed.

    Raises:
        NodeError: As in MatchPattern; or the text would become longer than ten million characters.
    """
    found = compiled(pattern, case_insensitive=case_insensitive, multiline=multiline, dotall=dotall)
    length = len(text)

    def put(match: Any) -> str:
        nonlocal length
        # What it may become at most, before it is made: a replacement may name a group often.
        longest = max(len(part or "") for part in (match[0], *match.groups()))
        _check_length(len(replace) + replace.count("\\") * longest)
        try:
            new: str = match.expand(replace)
        except (IndexError, ValueError) as error:
            what = "The replacement names a group that there is not"
            raise bad_pattern(f"{what}: {str(error)[:200]}") from error
        length += len(new) - len(match[0])
        _check_length(length)
        return new

    changed: str = in_time(lambda **limits: found.sub(put, text, count=count, **limits))
    return changed


def _check_length(length: int) -> None:
    if length > MAX_TEXT:
        raise NodeError(
            "The text would become too long.",
            code="text.too_long",
            expected=f"{MAX_TEXT} characters at most",
            got=str(length),
            hint="Replace fewer, or by less.",
        )
