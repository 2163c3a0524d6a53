"""Deep Shrink: downscaled inner features of a UNet, for sizes it was not trained on.

Blocks are counted as in the original layout: 0 is the first convolution, then every residual block
(with its attention) and every downsampling is one.

Source: kohya-ss 2023, "Deep Shrink" (Apache-2.0); numbering and choices as ComfyUI's
PatchModelAddDownscale.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..importing import importing
from ..types.guidance import GuidanceRule, Moment

if TYPE_CHECKING:
    from torch import Tensor

    from ..latents.shapes import Method


@dataclass(frozen=True, slots=True)
class DeepShrink(GuidanceRule):
    """Makes the features smaller behind one block of the encoder, in a part of the schedule.

    Attributes:
        block: Number of the block.
        factor: By how much; below 1 they are enlarged.
        start, end: Part of the schedule, fractions from 0 to 1.
        after_skip: Whether what the decoder is handed of this block keeps its size.
        down, up: Filters.
    """

    acts_inside: ClassVar[bool] = True
    takes_negative: ClassVar[bool] = False
    block: int = 3
    factor: float = 2.0
    start: float = 0.0
    end: float = 0.35
    after_skip: bool = True
    down: Method = "bicubic"
    up: Method = "bicubic"

    def around(self, moment: Moment) -> AbstractContextManager[Any] | None:
        from .switches import switched

        if not moment.inside(self.start, self.end):
            return None
        return switched(shrinking, Shrinking(self))


@dataclass(slots=True)
class Shrinking:
    """One evaluation of a network under `DeepShrink`.

    Attributes:
        rule: What to do.
        ahead: Sizes of what the decoder block under way is handed, in order.
    """

    rule: DeepShrink
    ahead: list[tuple[int, int]] = field(default_factory=list)


shrinking: ContextVar[Shrinking | None] = ContextVar("weft_shrinking", default=None)


def install_shrink_switches(unet: Any) -> None:
    """Build the switches into a new UNet2DConditionModel; done once, at building."""
    with importing():
        from diffusers.models.downsampling import Downsample2D

    blocks = _encoder_blocks(unet)
    for number, (first, last) in enumerate(blocks, start=1):
        first.weft_behind = number - 1
        first.register_forward_pre_hook(_before_block)
        last.weft_block = number
        last.register_forward_hook(_after_block)
    unet.weft_halves = tuple(isinstance(first, Downsample2D) for first, _ in blocks)
    unet.register_forward_pre_hook(_fit_control, with_kwargs=True)
    unet.mid_block.weft_behind = len(blocks)
    unet.mid_block.register_forward_pre_hook(_before_block)
    for block in unet.up_blocks:
        block.register_forward_pre_hook(_enter_decoder, with_kwargs=True)
        for number, module in enumerate(_pairs(block)):
            module[1].weft_next = number + 1
            module[1].register_forward_hook(_inside_decoder)


def _encoder_blocks(unet: Any) -> list[tuple[Any, Any]]:
    """First and last module of the encoder's blocks 1, 2, ..."""
    found: list[tuple[Any, Any]] = []
    for block in unet.down_blocks:
        found += _pairs(block)
        found += [(module, module) for module in block.downsamplers or ()]
    return found


def _pairs(block: Any) -> list[tuple[Any, Any]]:
    attentions = getattr(block, "attentions", None) or block.resnets
    return list(zip(block.resnets, attentions, strict=True))


def _fit_control(unet: Any, arguments: Any, named: dict[str, Any]) -> Any:
    """What ControlNets add, at the sizes that it meets."""
    now = shrinking.get()
    added = named.get("down_block_additional_residuals")
    if now is None or added is None:
        return None
    *sizes, middle = sizes_of(unet.weft_halves, tuple(arguments[0].shape[-2:]), now.rule)
    named = dict(named)
    named["down_block_additional_residuals"] = tuple(
        _resized(residual, size, now.rule.down) for residual, size in zip(added, sizes, strict=True)
    )
    if named.get("mid_block_additional_residual") is not None:
        named["mid_block_additional_residual"] = _resized(
            named["mid_block_additional_residual"], middle, now.rule.down
        )
    return arguments, named


def sizes_of(
    halves: Sequence[bool], size: tuple[int, int], rule: DeepShrink
) -> list[tuple[int, int]]:
    """Sizes of what the encoder hands over, block by block, and of its middle.

    Args:
        halves: For each block from number 1 on, whether it is a downsampling.
        size: Height and width of the latent.
        rule: What is made smaller.
    """
    found = [size]
    for number, halved in enumerate(halves, start=1):
        if halved:
            size = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        small = _less(size, rule) if number == rule.block else size
        found.append(size if rule.after_skip else small)
        size = small
    return [*found, size]


def _before_block(module: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    now = shrinking.get()
    if now is None or not now.rule.after_skip or module.weft_behind != now.rule.block:
        return None
    hidden, *rest = arguments
    return (_smaller(hidden, now.rule), *rest)


def _after_block(module: Any, _: Any, output: Any) -> Any:
    now = shrinking.get()
    if now is None or now.rule.after_skip or module.weft_block != now.rule.block:
        return None
    return _each(output, lambda hidden: _smaller(hidden, now.rule))


def _enter_decoder(_: Any, arguments: Any, named: dict[str, Any]) -> Any:
    now = shrinking.get()
    if now is None:
        return None
    now.ahead = [tuple(kept.shape[-2:]) for kept in reversed(named["res_hidden_states_tuple"])]
    hidden = _fitted(named["hidden_states"], now, 0)
    return arguments, {**named, "hidden_states": hidden}


def _inside_decoder(module: Any, _: Any, output: Any) -> Any:
    now = shrinking.get()
    if now is None:
        return None
    return _each(output, lambda hidden: _fitted(hidden, now, module.weft_next))


def _each(output: Any, change: Any) -> Any:
    """Attention gives a tuple of one, other modules the tensor."""
    return (change(output[0]), *output[1:]) if isinstance(output, tuple) else change(output)


def _fitted(hidden: Tensor, now: Shrinking, number: int) -> Tensor:
    """Features at the size of what they are put beside next."""
    return hidden if number >= len(now.ahead) else _resized(hidden, now.ahead[number], now.rule.up)


def _smaller(hidden: Tensor, rule: DeepShrink) -> Tensor:
    return _resized(hidden, _less((hidden.shape[-2], hidden.shape[-1]), rule), rule.down)


def _less(size: tuple[int, int], rule: DeepShrink) -> tuple[int, int]:
    tall, wide = (max(1, round(side / rule.factor)) for side in size)
    return tall, wide


def _resized(hidden: Tensor, size: tuple[int, int], method: Method) -> Tensor:
    if tuple(hidden.shape[-2:]) == size:
        return hidden
    from ..latents.shapes import resize_cells

    # Filters are written for float32; features may be of half its size.
    return resize_cells(hidden.float(), size[1], size[0], method).to(hidden.dtype)
