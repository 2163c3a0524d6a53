"""Settings that a negative prompt takes from the positive one if it has none of its own.

Source: ComfyUI's rule for boxes and for ControlNets that are put on one prompt: the n-th entry that
has them lends them to the n-th of the other side, in turn.
"""

from __future__ import annotations

from dataclasses import replace

from ..types import Attachment, Conditioning, Guider


def mirrored(guider: Guider) -> Guider:
    """A guider whose negative side has the positive's attachments that are for both."""
    positive, negative = guider.positive, guider.negative
    if negative is None or not negative.entries:
        return guider
    shared: list[type[Attachment]] = []
    for entry in positive.entries:
        for each in entry.attached:
            if each.for_both and type(each) not in shared:
                shared.append(type(each))
    entries = list(negative.entries)
    for kind in shared:
        if any(entry.attachments(kind) for entry in entries):
            continue
        lenders = [e for e in positive.entries if any(a.for_both for a in e.attachments(kind))]
        for number, lender in enumerate(lenders):
            index = number % len(entries)
            entries[index] = entries[index].without(kind).attach(*lender.attachments(kind))
    return replace(guider, negative=Conditioning(tuple(entries))) if shared else guider
