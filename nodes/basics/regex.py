"""Regular expressions on text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from ...engine.declaration.node import node
from ...engine.declaration.widgets import Alias, Multiline, Range
from .patterns import bad_pattern, compiled, in_time
from .texts import CATEGORY, String, check_length

Pattern = Annotated[str, Multiline(), Alias("regex_pattern")]


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
        check_length(len(replace) + replace.count("\\") * longest)
        try:
            new: str = match.expand(replace)
        except (IndexError, ValueError) as error:
            what = "The replacement names a group that there is not"
            raise bad_pattern(f"{what}: {str(error)[:200]}") from error
        length += len(new) - len(match[0])
        check_length(length)
        return new

    changed: str = in_time(lambda **limits: found.sub(put, text, count=count, **limits))
    return changed
