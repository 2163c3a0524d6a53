"""Prompt weights: "(a cat:1.2)" and "(a cat)" become weighted text. No torch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import ParameterError

UP, DOWN = 1.1, 1 / 1.1
DEEPEST = 50
"""Brackets within brackets; 1.1**50 is past any use."""
_PAIRS = {"(": ")", "[": "]"}
_BRACKET = re.compile(r"\\[()]|[()]")


@dataclass(frozen=True, slots=True)
class PromptPiece:
    """Text with its weight; 1 = as written."""

    text: str
    weight: float


def parse_prompt(prompt: str, *, square_brackets: bool = False) -> list[PromptPiece]:
    r"""Split a prompt into weighted pieces.

    "(x)" multiplies the weight of x by 1.1, "(x:1.3)" *sets* it to 1.3 whatever stands around it.
    `\(` and `\)` are the characters themselves, after any number of backslashes.

    Brackets without a partner are read as ComfyUI reads them, by a count of open brackets. An
    opening bracket at a count of 0 begins a group, and the closing one that brings the count back
    to 0 ends it. A group that is open at the end is text, unless the last character is a closing
    bracket, which then ends it. A closing bracket at 0 is text and brings the count below 0, so
    that the next opening one is text too.

    Args:
        prompt: What the user typed.
        square_brackets: Whether "[x]" divides the weight by 1.1, and `\[`, `\]` are the characters.
            ComfyUI has no such rule, and brackets without a partner are then plain text, as is all
            that follows an opening one; `prompt_schedule` reads the web UI's syntax.

    Returns:
        Pieces in order, one for an empty prompt. Neighbours of equal weight stay apart: each piece
        is tokenized by itself, "(foo)(bar)" is two words.

    Raises:
        ParameterError: More than 50 brackets stand within each other.
    """
    pieces = _parse(prompt, 1.0) if square_brackets else list(_weigh(prompt, 1.0))
    escaped = re.compile(r"\\([()\[\]])" if square_brackets else r"\\([()])")
    return [PromptPiece(escaped.sub(r"\1", p.text), p.weight) for p in pieces] or [
        PromptPiece("", 1.0)
    ]


def check_depth(depth: int) -> None:
    """Refuse brackets that lie too deep.

    Raises:
        ParameterError: `prompt.too_deep`.
    """
    if depth > DEEPEST:
        raise ParameterError(
            "prompt.too_deep",
            "The prompt has too many nested brackets.",
            expected=f"at most {DEEPEST}",
            hint='Write the weight as a number: "(word:1.5)".',
        )


def _weigh(text: str, weight: float, depth: int = 0) -> Iterator[PromptPiece]:
    check_depth(depth)
    for part in _groups(text):
        if len(part) < 2 or part[0] != "(" or part[-1] != ")" or part[-2] == "\\":
            yield PromptPiece(part, weight)
            continue
        inner = part[1:-1]
        head, _, tail = inner.rpartition(":")
        number = _number(tail) if head else None
        if number is None:
            yield from _weigh(inner, weight * UP, depth + 1)
        else:
            yield from _weigh(head, number, depth + 1)


def _groups(text: str) -> Iterator[str]:
    """Cut a text before brackets that open a group, and behind those that close it."""
    start = level = 0
    for match in _BRACKET.finditer(text):
        if match[0] == "(":
            if level == 0 and start < match.start():
                yield text[start : match.start()]
                start = match.start()
            level += 1
        elif match[0] == ")":
            level -= 1
            if level == 0:
                yield text[start : match.end()]
                start = match.end()
    if start < len(text):
        yield text[start:]


def _number(text: str) -> float | None:
    """A weight; None for text, and for "nan" and "inf", which are words and no weights."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _parse(text: str, weight: float, depth: int = 0) -> list[PromptPiece]:
    """Read round and square brackets; one without its partner is plain text."""
    check_depth(depth)
    pieces: list[PromptPiece] = []
    plain = at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char not in _PAIRS:
            at += 1
            continue
        close = _partner(text, at, char, _PAIRS[char])
        if close is None:
            break
        if plain < at:
            pieces.append(PromptPiece(text[plain:at], weight))
        inner, inner_weight = text[at + 1 : close], weight * (UP if char == "(" else DOWN)
        head, colon, tail = inner.rpartition(":")
        if char == "(" and colon and head and (number := _number(tail)) is not None:
            inner, inner_weight = head, number
        pieces += _parse(inner, inner_weight, depth + 1)
        at = plain = close + 1
    if plain < len(text):
        pieces.append(PromptPiece(text[plain:], weight))
    return pieces


def _partner(text: str, start: int, opening: str, closing: str) -> int | None:
    depth, at = 0, start
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        depth += (text[at] == opening) - (text[at] == closing)
        if depth == 0:
            return at
        at += 1
    return None
