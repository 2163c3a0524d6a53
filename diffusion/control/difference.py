"""ControlNets stored as their difference from the UNet that they were trained on.

Such files say so by an empty tensor "difference". The sum is a description: it is computed when the
network is used, and a LoRA on the UNet goes into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import ModelError
from ..formats.words import family_words
from ..types import ControlNet, Model
from ..weights.derived import Source, derive, squeezed

if TYPE_CHECKING:
    from torch import Tensor

MARK = "difference"
"""The tensor by which files say so."""


@dataclass(frozen=True, eq=False)
class _OnBase:
    """Difference plus base, for the tensors that both have."""

    names: frozenset[str]
    words: str
    digest: str = "difference of a ControlNet"

    def tensor(self, name: str, parents: Sequence[Source]) -> Tensor:
        difference, base = parents[0](name), parents[1](name)
        total = difference.float() + base.to(difference.device).float().reshape(difference.shape)
        return total.to(difference.dtype)


def on_base(net: ControlNet, model: Model) -> ControlNet:
    """The ControlNet that a difference makes of a model.

    Args:
        net: Whose weights are a difference, but for those that the UNet does not have.
        model: The model that it was trained on, or one of its family; with its LoRAs.

    Raises:
        ModelError: They are not of one family and size; both are named.
    """
    own, base = net.weights, model.weights
    both = frozenset(own.shapes) & frozenset(base.shapes)
    odd = sorted(n for n in both if squeezed(own.shapes[n]) != squeezed(base.shapes[n]))
    if odd or not both or net.family != model.family:
        got = f"{odd[0]}: {base.shapes[odd[0]]}" if odd else family_words(model.family)
        raise ModelError(
            "model.widths_do_not_fit",
            f'ControlNet "{own.path.name}" is stored as the difference from a model of '
            f'{family_words(net.family)}, which "{base.path.name}" is not.',
            expected=f"{odd[0]}: {own.shapes[odd[0]]}" if odd else family_words(net.family),
            got=got,
            hint="Link the model that it was trained on, such as SD1.5.",
        )
    weights = derive([own, base], _OnBase(both, f"on {base.label}"))
    return replace(net, weights=weights)
