"""Prompts that change while sampling: "[cat:dog:0.4]", "[cat|dog]", "BREAK". No torch.

The syntax that the Stable Diffusion web UI made known, read into plain prompts as ComfyUI knows
them, each with the part of the schedule in which it holds. The rules here are those of the web UI:
brackets multiply whatever stands in them, "[x]" weakens, "(x:1.3)" multiplies too.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import ParameterError
from .prompt import DOWN, UP, PromptPiece, check_depth

# Each matches in one way only: strangers' prompts may be long, and made to be tried for hours.
_NUMBER = re.compile(r"\s*(\d+(\.\d*)?|\.\d+)\s*\Z")
_BREAK = re.compile(r"\bBREAK\b")
_AND = re.compile(r"\bAND\b")
_WEIGHT = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)\Z")
_OPENING = {"(": ")", "[": "]"}
MOST_STEPS = 10_000
MOST_CHANGES = 1_000_000
"""Parts of a prompt times its scenes: what is worked out to split it."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The prompt in one part of the schedule.

    Attributes:
        start, end: The part, fractions in [0, 1]; the scenes of a prompt follow without gaps.
        parts: Prompts in ComfyUI's syntax. Each begins a chunk of its own ("BREAK").
    """

    start: float
    end: float
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Weighted:
    """Text in brackets."""

    inner: _Prompt
    factor: float


@dataclass(frozen=True, slots=True)
class _Switch:
    """One text until a fraction of the schedule, another after it."""

    before: _Prompt
    after: _Prompt
    when: float


@dataclass(frozen=True, slots=True)
class _Turns:
    """Texts that take turns, one a step."""

    options: tuple[_Prompt, ...]


_Prompt: TypeAlias = "tuple[str | _Weighted | _Switch | _Turns, ...]"


def read_schedule(prompt: str, steps: int = 20) -> list[Scene]:
    r"""Split a prompt into scenes.

    "(x)" multiplies weights by 1.1, "[x]" by 1/1.1, "(x:1.3)" by 1.3. "[x:y:0.4]" is x until 0.4
    of the schedule and y after it; "[x:0.4]" appears and "[x::0.4]" vanishes then. A time of 1 or
    more without a point is a number of steps. "[x|y]" changes at every step. BREAK, in capitals,
    begins a new chunk of 77 tokens. `\(`, `\[`, `\|`, `\:` are the characters themselves. A
    bracket without its partner is plain text.

    Args:
        prompt: What the user typed.
        steps: Number of steps by which steps are counted.

    Returns:
        Scenes from 0 to 1; one for a prompt without a schedule. Neighbours differ.

    Raises:
        ParameterError: More than 50 brackets stand within each other, steps is not 1 to 10000, or
            the prompt has so many parts that change so often that they are not worked out.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ParameterError(
            "prompt.bad_steps",
            "The number of steps is out of range.",
            expected=f"1 to {MOST_STEPS}",
            got=str(steps),
        )
    tree = _read(prompt, steps, 0)
    count, changes = _count(tree, steps)
    if count * min(changes, steps + count) > MOST_CHANGES:
        raise ParameterError(
            "prompt.too_many_changes",
            f"The prompt has {count} parts and changes up to {changes} times.",
            expected=f"at most {MOST_CHANGES} for parts times changes",
            got=str(count * changes),
            hint="Use fewer brackets that change with the steps, or fewer steps.",
        )
    times = sorted({0.0, 1.0} | {t for t in _times(tree, steps) if 0.0 < t < 1.0})
    scenes: list[Scene] = []
    for start, end in itertools.pairwise(times):
        step = int(start * steps + 1e-6)
        parts = _parts(_render(tree, start, step, 1.0))
        if scenes and scenes[-1].parts == parts:
            scenes[-1] = Scene(scenes[-1].start, end, parts)
        else:
            scenes.append(Scene(start, end, parts))
    return scenes


def split_composition(prompt: str) -> list[tuple[str, float]]:
    """Split "a cat :1.2 AND a dog" into its parts with their weights.

    AND, in capitals, parts prompts wherever it stands; a number behind a part's last colon is its
    weight, 1 without. A prompt without AND is one part of weight 1, colons and all.
    """
    parts = _AND.split(prompt)
    if len(parts) == 1:
        return [(prompt, 1.0)]
    found = []
    for part in parts:
        text, _, last = part.rpartition(":")
        weight = last.strip()
        found.append(
            (text.strip(), float(weight))
            if _WEIGHT.match(weight) and ":" in part
            else (part.strip(), 1.0)
        )
    return found


def _read(text: str, steps: int, depth: int) -> _Prompt:
    check_depth(depth)
    found: list[str | _Weighted | _Switch | _Turns] = []
    partners = _partners(text)
    plain = at = 0
    while at < len(text):
        close = partners.get(at)
        if close is None:
            at += 2 if text[at] == "\\" else 1
            continue
        if plain < at:
            found.append(text[plain:at])
        found.append(_bracket(text[at], text[at + 1 : close], steps, depth))
        at = plain = close + 1
    if plain < len(text):
        found.append(text[plain:])
    return tuple(found)


def _bracket(opening: str, inner: str, steps: int, depth: int) -> _Weighted | _Switch | _Turns:
    def read(text: str) -> _Prompt:
        return _read(text, steps, depth + 1)

    *before, last = _split(inner, ":")
    number = float(last.strip()) if _NUMBER.match(last) else None
    if opening == "(":
        if before and number is not None:
            return _Weighted(read(inner[: -len(last) - 1]), number)
        return _Weighted(read(inner), UP)
    if number is not None and len(before) in {1, 2}:
        when = number if number < 1 or "." in last else number / steps
        return _Switch(read(before[0] if len(before) == 2 else ""), read(before[-1]), when)
    options = _split(inner, "|")
    if len(options) > 1:
        return _Turns(tuple(read(option) for option in options))
    return _Weighted(read(inner), DOWN)


def _partners(text: str) -> dict[int, int]:
    """Where each bracket closes that does; those of both kinds nest, and one of the other kind in
    between leaves all around it open.
    """
    found: dict[int, int] = {}
    waiting: list[int] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in _OPENING:
            waiting.append(at)
        elif char in ")]" and waiting:
            if _OPENING[text[waiting[-1]]] == char:
                found[waiting.pop()] = at
            else:
                waiting.clear()
        at += 2 if char == "\\" else 1
    return found


def _split(text: str, at_char: str) -> list[str]:
    """Split where a character stands outside of inner brackets."""
    partners = _partners(text)
    parts, plain, at = [], 0, 0
    while at < len(text):
        close = partners.get(at)
        if close is not None:
            at = close + 1
            continue
        if text[at] == at_char:
            parts.append(text[plain:at])
            plain = at + 1
        at += 2 if text[at] == "\\" else 1
    return [*parts, text[plain:]]


def _count(prompt: _Prompt, steps: int) -> tuple[int, int]:
    """How many parts a prompt has, and how often it changes at most."""
    parts, changes = len(prompt), 1
    inner: tuple[_Prompt, ...]
    for part in prompt:
        if isinstance(part, str):
            continue
        if isinstance(part, _Weighted):
            inner = (part.inner,)
        elif isinstance(part, _Switch):
            inner, changes = (part.before, part.after), changes + 1
        else:
            inner, changes = part.options, changes + steps
        for each in inner:
            more, often = _count(each, steps)
            parts, changes = parts + more, changes + often
    return parts, changes


def _times(prompt: _Prompt, steps: int) -> set[float]:
    """Where anything changes."""
    found: set[float] = set()
    for part in prompt:
        if isinstance(part, _Weighted):
            found |= _times(part.inner, steps)
        elif isinstance(part, _Switch):
            found |= {part.when} | _times(part.before, steps) | _times(part.after, steps)
        elif isinstance(part, _Turns):
            found |= {step / steps for step in range(steps)}
            for option in part.options:
                found |= _times(option, steps)
    return found


def _render(prompt: _Prompt, time: float, step: int, weight: float) -> list[PromptPiece]:
    """The pieces that hold from a time on."""
    pieces: list[PromptPiece] = []
    for part in prompt:
        if isinstance(part, str):
            pieces.append(PromptPiece(part, weight))
        elif isinstance(part, _Weighted):
            pieces += _render(part.inner, time, step, weight * part.factor)
        elif isinstance(part, _Switch):
            chosen = part.before if time < part.when else part.after
            pieces += _render(chosen, time, step, weight)
        else:
            option = part.options[step % len(part.options)]
            pieces += _render(option, time, step, weight)
    return pieces


def _parts(pieces: list[PromptPiece]) -> tuple[str, ...]:
    """Pieces in ComfyUI's syntax, a text for every chunk that begins with BREAK."""
    parts = [""]
    for piece in pieces:
        texts = _BREAK.split(piece.text)
        for number, text in enumerate(texts):
            left = text.lstrip() if number else text
            if number:
                parts.append("")
            kept = left.rstrip() if number < len(texts) - 1 else left
            parts[-1] += _written(kept, piece.weight)
    return tuple(parts)


def _written(text: str, weight: float) -> str:
    if not text or (weight != 1.0 and not text.strip()):
        return text
    plain = re.sub(r"\\([()\[\]|:])", r"\1", text)
    escaped = re.sub(r"([()])", r"\\\1", plain)
    # A backslash at its end would take the meaning off the bracket of the text that follows.
    bare = weight == 1.0 and not escaped.endswith("\\")
    return escaped if bare else f"({escaped}:{weight:.6g})"
