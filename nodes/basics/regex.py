"""Regular expressions on text."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Multiline, Range

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
    """Check whether a regular expression matches in a text.

    Args:
        text: The text to search in.
        pattern: A regular expression in Python's syntax.
        case_insensitive: Whether upper and lower case are the same.
        multiline: Whether `^` and `$` match at every line, instead of only at the ends of the text.
        dotall: Whether `.` matches line breaks too.

    Returns:
        True if the expression matches anywhere in the text.

    Raises:
        NodeError: The regular expression is invalid, or the search takes too long.
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
    """Extract the matches of a regular expression from a text.

    Args:
        text: The text to search in.
        pattern: A regular expression in Python's syntax.
        mode: The first match; all matches, one a line (with groups in the expression, the first
            group of each); or one group, of the first match or of all matches.
        case_insensitive: The same as in MatchPattern.
        multiline: The same as in MatchPattern.
        dotall: The same as in MatchPattern.
        group_index: Index of the group, for the last two modes. 0 is the whole match.

    Returns:
        The matches; an empty text if there are none.

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
    """Replace the matches of a regular expression in a text.

    Args:
        text: The text to search in.
        pattern: A regular expression in Python's syntax.
        replace: The replacement; `\\1` is the first group.
        case_insensitive: The same as in MatchPattern.
        multiline: The same as in MatchPattern.
        dotall: The same as in MatchPattern.
        count: Maximum number of replacements. 0 replaces all.

    Returns:
        The text with the replacements.

    Raises:
        NodeError: As in MatchPattern; or the result would be longer than ten million characters.
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
            what = "The replacement names a group that the pattern does not have"
            raise bad_pattern(f"{what}: {str(error)[:200]}") from error
        length += len(new) - len(match[0])
        check_length(length)
        return new

    changed: str = in_time(lambda **limits: found.sub(put, text, count=count, **limits))
    return changed
