"""Regular expressions from untrusted workflows: compiled and searched within bounds.

The library unrolls the least count of a repetition when it compiles one: `a{1000000000}` would take
gigabytes. So patterns are measured before. What is left takes less than a second, whatever it says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from weft.engine.errors import NodeError

SECONDS = 2.0
"""Time limit of a search in seconds: some patterns would never finish."""
LONGEST = 10_000
"""Maximum length of a pattern in characters."""
MOST_REPEATED = 100_000
"""Maximum number of parts of a pattern after its repetitions are written out."""
_VERBOSE = re.compile(r"\(\?[\w-]*x")
_COUNT = re.compile(r"\{\s*(\d*)\s*(?:,\s*\d*\s*)?\}")


def compiled(pattern: str, *, case_insensitive: bool, multiline: bool, dotall: bool) -> Any:
    """A pattern of the library `regex`.

    Raises:
        NodeError: `text.bad_pattern`: it is none, is nested too deeply, or is too large.
    """
    import regex

    if len(pattern) > LONGEST:
        raise bad_pattern(
            f"The pattern has {len(pattern)} characters", f"at most {LONGEST} characters"
        )
    if written_out(pattern) > MOST_REPEATED:
        raise bad_pattern(
            "The pattern repeats too much", f"at most {MOST_REPEATED} parts, repetitions included"
        )
    flags = (
        (regex.IGNORECASE if case_insensitive else 0)
        | (regex.MULTILINE if multiline else 0)
        | (regex.DOTALL if dotall else 0)
    )
    try:
        return regex.compile(pattern, flags)
    except RecursionError as error:
        raise bad_pattern(
            "The pattern is nested too deeply", "fewer brackets in brackets"
        ) from error
    except (regex.error, ValueError, OverflowError, MemoryError) as error:
        raise bad_pattern(
            f"The pattern is no valid regular expression: {str(error)[:200]}"
        ) from error


def in_time(look: Callable[..., Any]) -> Any:
    """The result of a search with a time limit; `look` takes the limits as named arguments.

    Raises:
        NodeError: `text.slow_pattern`: it takes too long.
    """
    try:
        return look(timeout=SECONDS, concurrent=True)
    except TimeoutError as error:
        raise NodeError(
            f"The search for the pattern took more than {SECONDS:g} s and was stopped.",
            code="text.slow_pattern",
            port="pattern",
            hint="Avoid repetitions inside repetitions, such as (a+)+.",
        ) from error


def bad_pattern(what: str, expected: str | None = None) -> NodeError:
    """The error for an invalid pattern or replacement."""
    return NodeError(
        f"{what}.",
        code="text.bad_pattern",
        port="pattern",
        expected=expected,
        hint="Write a backslash before a literal . ( ) [ ] + * ? ^ $ or \\.",
    )


def written_out(pattern: str) -> int:
    """How many parts a pattern has with the least counts of its repetitions written out, at least.

    Never too few. In a pattern that passes over spaces and comments (`(?x)`) it is not plain what
    is repeated, so all counts are multiplied there.
    """
    if _VERBOSE.search(pattern):
        counts = [int(count[:20] or 0) for count in _COUNT.findall(pattern)]
        return len(pattern) * math.prod(max(count, 1) for count in counts)
    outer: list[int] = []  # sizes of what is around, by depth
    size, last = 0, 0
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        place += 1
        if pattern.startswith("(?#", place - 1):
            place = (pattern.find(")", place) + 1) or len(pattern)  # a comment, passed over
        elif sign == "(":
            outer.append(size)
            size, last = 0, 0
        elif sign == ")" and outer:
            last = max(size, 1)
            size = outer.pop() + last
        elif sign == "{" and (found := _COUNT.match(pattern, place - 1)) is not None:
            place = found.end()
            count = int(found[1][:20] or 0)
            more = last * max(count - 1, 0)
            size, last = size + more, last + more
        else:
            if sign == "\\":
                place += 1
            elif sign == "[":
                place = _behind_set(pattern, place)
            size, last = size + 1, 1
    return size + sum(outer)


def _behind_set(pattern: str, place: int) -> int:
    """Where a set of characters ends; as early as it could."""
    place += pattern.startswith("^", place)
    place += pattern.startswith("]", place)
    while place < len(pattern) and pattern[place] != "]":
        place += 2 if pattern[place] == "\\" else 1
    return place + 1
