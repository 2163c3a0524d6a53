"""Token merging: fewer tokens in self-attention of a UNet's outermost level, for speed.

One place of every 2 x 2 stays. The others are matched with the place that stays and is most like
them; those that are most alike are merged with it, and get its answer. Which place stays is drawn
from the noise level and the layer alone, so that a run can be made again.

Source: Bolya & Hoffman 2023, "Token Merging for Fast Stable Diffusion"; queries alone are merged,
as in ComfyUI, whose draw is another one at every run.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from ..types.guidance import GuidanceRule, Moment

if TYPE_CHECKING:
    from torch import Tensor

STRIDE = 2


@dataclass(frozen=True, slots=True)
class TokenMerging(GuidanceRule):
    """Lets self-attention of a UNet's outermost level merge places that are alike.

    Attributes:
        ratio: Share of all places that is merged away; at most three quarters are.
    """

    acts_inside: ClassVar[bool] = True
    takes_negative: ClassVar[bool] = False
    ratio: float = 0.3

    def around(self, moment: Moment) -> AbstractContextManager[Any]:
        from .switches import switched

        return switched(_merging, Merging(self.ratio, moment.sigma))


@dataclass(slots=True)
class Merging:
    """One evaluation of a network under `TokenMerging`.

    Attributes:
        ratio: As `TokenMerging.ratio`.
        sigma: Noise level of the evaluation.
        size: Height and width of what the network was given.
        apart: How the layer under way takes its places apart again; None if it merged none.
    """

    ratio: float
    sigma: float
    size: tuple[int, int] = (1, 1)
    apart: Callable[[Tensor], Tensor] | None = field(default=None)


_merging: ContextVar[Merging | None] = ContextVar("weft_token_merging", default=None)


def install_merging_switches(unet: Any) -> None:
    """Build the switches into a new UNet2DConditionModel; done once, at building."""
    unet.register_forward_pre_hook(_look_at_size)
    layers = [module for name, module in unet.named_modules() if name.endswith(".attn1")]
    for number, layer in enumerate(layers):
        layer.to_q.weft_layer = number
        layer.to_q.register_forward_hook(_merge)
        layer.register_forward_hook(_take_apart)


def _look_at_size(_: Any, arguments: tuple[Any, ...]) -> None:
    now = _merging.get()
    if now is not None:
        now.size = (int(arguments[0].shape[-2]), int(arguments[0].shape[-1]))


def _merge(layer: Any, _: Any, queries: Tensor) -> Tensor | None:
    now = _merging.get()
    if now is None:
        return None
    now.apart = None
    if queries.shape[1] != math.prod(now.size):  # a deeper level, or tiles of it
        return None
    # A draw that can be made again, and no secret.
    kept = places_kept(now.size, random.Random(f"{now.sigma:.6g}/{layer.weft_layer}"))  # noqa: S311
    merged, now.apart = merge_tokens(queries, kept, int(queries.shape[1] * now.ratio))
    return merged


def _take_apart(_: Any, __: Any, output: Tensor) -> Tensor | None:
    now = _merging.get()
    return None if now is None or now.apart is None else now.apart(output)


def places_kept(size: tuple[int, int], draw: random.Random) -> list[int]:
    """One place of every 2 x 2, in order; odd sides leave their last row or column out."""
    tall, wide = size
    return [
        (row + draw.randrange(STRIDE)) * wide + column + draw.randrange(STRIDE)
        for row in range(0, tall - STRIDE + 1, STRIDE)
        for column in range(0, wide - STRIDE + 1, STRIDE)
    ]


def merge_tokens(
    tokens: Tensor, kept: list[int], count: int
) -> tuple[Tensor, Callable[[Tensor], Tensor] | None]:
    """Merge the tokens that are most like one of those that stay.

    Args:
        tokens: (B, T, C).
        kept: Which stay: numbers from 0, in order.
        count: How many of the others are merged, at most all of them.

    Returns:
        (B, T - count, C): the others that are not merged, then those that stay, each the mean of
        itself and what was merged into it. And what brings a tensor of such rows back to T rows,
        where merged ones have what their partner has; None if nothing was merged.
    """
    import torch
    import torch.nn.functional as F

    batch, total, _ = tokens.shape
    count = min(count, total - len(kept))
    if count <= 0 or not kept:
        return tokens, None
    stays = torch.zeros(total, dtype=torch.bool, device=tokens.device)
    stays[torch.tensor(kept, device=tokens.device)] = True
    targets, others = stays.nonzero()[:, 0], (~stays).nonzero()[:, 0]
    unit = F.normalize(tokens, dim=-1)
    likeness, partner = (unit[:, others] @ unit[:, targets].transpose(1, 2)).max(dim=-1)
    order = likeness.argsort(dim=-1, descending=True, stable=True)
    gone, alone = order[:, :count], order[:, count:]

    def rows(source: Tensor, which: Tensor) -> Tensor:
        return source.gather(1, which[..., None].expand(-1, -1, source.shape[-1]))

    into = partner.gather(1, gone)
    index = into[..., None].expand(-1, -1, tokens.shape[-1])
    means = tokens[:, targets].scatter_reduce(
        1, index, rows(tokens[:, others], gone), reduce="mean", include_self=True
    )
    merged = torch.cat([rows(tokens[:, others], alone), means], dim=1)

    def apart(output: Tensor) -> Tensor:
        singles, together = output[:, : alone.shape[1]], output[:, alone.shape[1] :]
        whole = output.new_empty(batch, total, output.shape[-1])
        whole[:, targets] = together
        for which, values in ((alone, singles), (gone, rows(together, into))):
            place = others[which][..., None].expand(-1, -1, output.shape[-1])
            whole.scatter_(1, place, values)
        return whole

    return merged, apart
