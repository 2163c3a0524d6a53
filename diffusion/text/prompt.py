"""Prompt weights: "(a cat:1.2)" and "(a cat)" become weighted text. No torch."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import ParameterError

UP, DOWN = 1.1, 1 / 1.1
DEEPEST = 50
"""Brackets within brackets; 1.1**50 is past any use."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)\s*\Z")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text with its weight; 1 = as written."""

    text: str
    weight: float


def parse_prompt(prompt: str, *, square_brackets: bool = False) -> list[Piece]:
    r"""Split a prompt into weighted pieces.

    "(x)" multiplies the weight of x by 1.1, "(x:1.3)" *sets* it to 1.3 whatever stands around it.
    `\(` and `\)` are the characters themselves. A bracket without its partner is plain text, and
    so is all that follows an opening one.

    Args:
        prompt: What the user typed.
        square_brackets: Whether "[x]" divides the weight by 1.1, and `\[`, `\]` are the characters.
            ComfyUI has no such rule; `prompt_schedule` reads the web UI's syntax.

    Returns:
        Pieces in order, one for an empty prompt. Neighbours of equal weight stay apart: each piece
        is tokenized by itself, "(foo)(bar)" is two words.

    Raises:
        ParameterError: More than 50 brackets stand within each other.
    """
    pairs = {"(": ")", "[": "]"} if square_brackets else {"(": ")"}
    pieces = _parse(prompt, 1.0, pairs)
    escaped = re.compile(r"\\([()\[\]])" if square_brackets else r"\\([()])")
    return [Piece(escaped.sub(r"\1", p.text), p.weight) for p in pieces] or [Piece("", 1.0)]


def check_depth(depth: int) -> None:
    """Refuse brackets that lie too deep.

    Raises:
        ParameterError: `prompt.too_deep`.
    """
    if depth > DEEPEST:
        raise ParameterError(
            "prompt.too_deep",
            "The prompt has too many brackets within each other.",
            expected=f"at most {DEEPEST}",
            hint='Write the weight as a number: "(word:1.5)".',
        )


def _parse(text: str, weight: float, pairs: dict[str, str], depth: int = 0) -> list[Piece]:
    check_depth(depth)
    pieces: list[Piece] = []
    plain = at = 0
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 2
            continue
        if char not in pairs:
            at += 1
            continue
        close = _partner(text, at, char, pairs[char])
        if close is None:
            break
        if plain < at:
            pieces.append(Piece(text[plain:at], weight))
        inner, inner_weight = text[at + 1 : close], weight * (UP if char == "(" else DOWN)
        head, colon, tail = inner.rpartition(":")
        if char == "(" and colon and head and _NUMBER.match(tail.strip()):
            inner, inner_weight = head, float(tail.strip())
        pieces += _parse(inner, inner_weight, pairs, depth + 1)
        at = plain = close + 1
    if plain < len(text):
        pieces.append(Piece(text[plain:], weight))
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
