"""Operations on encoded prompts: put together, mix, and say where and when they act."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..checks import check_factor, check_window
from ..errors import ParameterError, ShapeError
from ..pictures.masks import check_mask
from ..types import Area, Conditioning, ConditioningEntry, ControlText, Mask
from ..types.hooks import Hooks

if TYPE_CHECKING:
    from torch import Tensor


def combine(*conditionings: Conditioning) -> Conditioning:
    """All entries together: each is predicted by itself, and the predictions are averaged."""
    return Conditioning(tuple(entry for each in conditionings for entry in each.entries))


def concat(first: Conditioning, more: Conditioning) -> Conditioning:
    """Put the tokens of one prompt behind those of another: the network sees both at once.

    Args:
        first: Its entries keep all they have; each gets the tokens.
        more: Its first entry's tokens are taken, nothing else.

    Raises:
        ShapeError: The tokens have another width.
    """
    import torch

    extra = _first(more)
    entries = []
    for entry in first.entries:
        _check_width(entry, extra)
        tokens = torch.cat([entry.tokens, extra.tokens], dim=1)
        seen = None
        if entry.token_mask is not None or extra.token_mask is not None:
            seen = torch.cat([_seen(entry), _seen(extra)], dim=1)
        entries.append(replace(entry, tokens=tokens, token_mask=seen))
    return Conditioning(tuple(entries))


def average(
    conditioning_to: Conditioning, conditioning_from: Conditioning, to_strength: float
) -> Conditioning:
    """Mix the embeddings of two prompts, place by place.

    Args:
        conditioning_to: Its entries keep all but tokens and pooled.
        conditioning_from: Its first entry is mixed in; cut, or filled up with zeros, to the length
            of the other.
        to_strength: Share of `conditioning_to`, 0 to 1.

    Raises:
        ShapeError: The tokens have another width.
    """
    import torch.nn.functional as F

    check_factor("to_strength", to_strength)
    other = _first(conditioning_from)
    entries = []
    for entry in conditioning_to.entries:
        _check_width(entry, other)
        length = entry.tokens.shape[1]
        fitted = F.pad(other.tokens[:, :length], (0, 0, 0, max(0, length - other.tokens.shape[1])))
        pooled = other.pooled if entry.pooled is None else entry.pooled
        if entry.pooled is not None and other.pooled is not None:
            pooled = entry.pooled * to_strength + other.pooled * (1.0 - to_strength)
        tokens = entry.tokens * to_strength + fitted * (1.0 - to_strength)
        entries.append(replace(entry, tokens=tokens, pooled=pooled))
    return Conditioning(tuple(entries))


def set_area(conditioning: Conditioning, area: Area, strength: float) -> Conditioning:
    """Let a prompt act in a rectangle only.

    Args:
        conditioning: What to change.
        area: Where. A part beyond the picture is cut off when it is used.
        strength: Weight against other prompts where they overlap.

    Raises:
        ParameterError: The area has no size, or begins before the picture.
    """
    check_factor("strength", strength)
    if min(area.width, area.height) <= 0 or min(area.x, area.y) < 0:
        raise ParameterError(
            "conditioning.bad_area",
            "The area is out of range.",
            expected="x and y from 0, width and height above 0",
            got=f"{area.width:g} x {area.height:g} at {area.x:g}, {area.y:g}",
        )
    return each_with(conditioning, area=area, strength=strength, mask_bounds=False)


def set_strength(conditioning: Conditioning, strength: float) -> Conditioning:
    """Weigh a prompt against others that act at the same place; 0 leaves it out."""
    check_factor("strength", strength)
    return each_with(conditioning, strength=strength)


def set_mask(
    conditioning: Conditioning, mask: Mask, strength: float = 1.0, *, bounds: bool = False
) -> Conditioning:
    """Let a prompt act where a mask is.

    Args:
        conditioning: What to change.
        mask: (B or 1, H, W) float32 in [0, 1], any size; stretched over the picture.
        strength: Factor on the mask.
        bounds: Whether the network sees only the rectangle around the mask.

    Raises:
        ShapeError: Not (B, H, W).
    """
    check_factor("strength", strength)
    check_mask(mask)
    return each_with(conditioning, mask=mask, mask_strength=strength, mask_bounds=bounds)


def set_range(conditioning: Conditioning, start: float, end: float) -> Conditioning:
    """Let a prompt act in a part of the schedule, fractions in [0, 1]; both ends belong to it.

    Raises:
        ParameterError: Not 0 <= start <= end <= 1.
    """
    check_window(start, end)
    return each_with(conditioning, start=start, end=end)


def set_encoded_range(conditioning: Conditioning, start: float, end: float) -> Conditioning:
    """Say for which part of the schedule a prompt was encoded; it acts in no other."""
    check_window(start, end)
    return each_with(conditioning, encoded_start=start, encoded_end=end)


def add_hooks(conditioning: Conditioning, hooks: Hooks) -> Conditioning:
    """Let changes of weights act for these prompts, with those that they carry already."""
    return Conditioning(
        tuple(replace(entry, hooks=entry.hooks.combined(hooks)) for entry in conditioning.entries)
    )


def zero_out(conditioning: Conditioning) -> Conditioning:
    """Replace embeddings by zeros, which is not the same as an empty prompt."""
    import torch

    return Conditioning(
        tuple(
            replace(
                entry,
                tokens=torch.zeros_like(entry.tokens),
                pooled=None if entry.pooled is None else torch.zeros_like(entry.pooled),
            )
            for entry in conditioning.entries
        )
    )


def add_fallback(conditioning: Conditioning, fallback: Conditioning) -> Conditioning:
    """Let another prompt act wherever masks and areas leave something over of a weight of 1."""
    return combine(conditioning, each_with(fallback, fallback=True))


def each_with(conditioning: Conditioning, **changes: object) -> Conditioning:
    """The same in every entry."""
    return Conditioning(
        tuple(replace(entry, **changes) for entry in conditioning.entries)  # type: ignore[arg-type]
    )


def set_control_text(conditioning: Conditioning, text: Conditioning) -> Conditioning:
    """Let ControlNets read another text.

    Args:
        conditioning: What to change.
        text: Its first entry's tokens are taken, nothing else.

    Raises:
        ParameterError: The text has no entry.
    """
    first = _first(text)
    return conditioning.attach(ControlText(first.tokens, first.token_mask))


def _first(conditioning: Conditioning) -> ConditioningEntry:
    if not conditioning.entries:
        raise ParameterError(
            "conditioning.empty",
            "The conditioning has no entry.",
            expected="an encoded prompt",
            got="none",
        )
    return conditioning.entries[0]


def _check_width(left: ConditioningEntry, right: ConditioningEntry) -> None:
    if left.tokens.shape[-1] != right.tokens.shape[-1]:
        raise ShapeError(
            "conditioning.widths_differ",
            "The two prompts were encoded by text encoders of different models.",
            expected=f"width {left.tokens.shape[-1]}",
            got=str(right.tokens.shape[-1]),
            hint="Encode both with the same text encoder.",
        )


def _seen(entry: ConditioningEntry) -> Tensor:
    import torch

    if entry.token_mask is not None:
        return entry.token_mask
    return torch.ones(entry.tokens.shape[:2])
