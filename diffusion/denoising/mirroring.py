"""What a negative prompt gets from the positive one, where it has nothing of its own.

Source: ComfyUI's rule for boxes and for ControlNets that are put on one prompt: the n-th entry that
has them lends them to the n-th of the other side, in turn.
"""

from __future__ import annotations

from dataclasses import replace

from ..types import Conditioning, ConditioningEntry, Guider


def mirrored(guider: Guider) -> Guider:
    """A guider whose negative side has the positive's boxes and shared ControlNets."""
    positive, negative = guider.positive, guider.negative
    if negative is None or not negative.entries:
        return guider
    entries = list(negative.entries)
    boxed = [entry for entry in positive.entries if entry.grounding is not None]
    if not any(entry.grounding is not None for entry in entries):
        for number, entry in enumerate(boxed):
            _lend(entries, number, grounding=entry.grounding)
    steered = [entry for entry in positive.entries if any(use.both_sides for use in entry.control)]
    if not any(entry.control for entry in entries):
        for number, entry in enumerate(steered):
            _lend(entries, number, control=entry.control)
    if not boxed and not steered:
        return guider
    return replace(guider, negative=Conditioning(tuple(entries)))


def _lend(entries: list[ConditioningEntry], number: int, **what: object) -> None:
    index = number % len(entries)
    entries[index] = replace(entries[index], **what)  # type: ignore[arg-type]
