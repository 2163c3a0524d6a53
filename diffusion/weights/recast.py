"""Networks in another number type than their device computes best: a description, as LoRAs are."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .derived import DerivedWeights, Source
from .handle import SHARED, Weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class _Cast:
    names: frozenset[str]
    dtype: torch.dtype

    @property
    def words(self) -> str:
        return f"in {str(self.dtype).removeprefix('torch.')}"

    @property
    def digest(self) -> str:
        return f"cast {self.dtype}"

    def tensor(self, name: str, parents: Sequence[Source]) -> Tensor:
        return parents[0](name).to(self.dtype)


class RecastWeights(DerivedWeights):
    """See the module; made by `recast`."""

    def __init__(self, parent: Weights, recipe: _Cast, digest: str) -> None:
        super().__init__((parent,), recipe, digest, {}, {})
        self._dtype = recipe.dtype
        self.nbytes = recipe.dtype.itemsize * sum(
            math.prod(parent.shapes[name]) for name in recipe.names
        )


def recast(weights: Weights, dtype: torch.dtype | None) -> Weights:
    """The same network, computing in another type.

    Args:
        weights: The network; LoRAs may be on it already, or be put on the result.
        dtype: The type; None = as the device computes best, that is without an earlier cast.

    Returns:
        A handle. What is kept in few bits stays so, and is widened to the type when used.
    """
    plain = weights.parents[0] if isinstance(weights, RecastWeights) else weights
    if dtype is None or dtype == plain.dtype:
        return plain
    recipe = _Cast(frozenset(plain.shapes) - frozenset(plain.packed), dtype)
    said = f"{recipe.digest}\n{plain.content_digest}".encode()
    digest = hashlib.blake2b(said, digest_size=32).hexdigest()
    variant = (digest, plain.kind, str(id(plain)))
    return SHARED.share(variant, lambda: RecastWeights(plain, recipe, digest))
