"""Weights that follow from other weights: LoRAs, merges. Descriptions, computed on use.

A derived handle names its parents and a recipe. Its module is a copy of the first parent's shell in
which only the tensors that the recipe touches are new; all others are shared. Nothing that is
shared is written to, so leaving a LoRA out again is exact: the plain handle was never changed.

A chain (a LoRA on a merge on ...) computes only the tensors of its end, never the networks between.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from .handle import SHARED, Weights
from .layout import laid_out
from .shells import with_tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

Source = Callable[[str], "Tensor"]
"""A parent's tensor by name."""


class WeightRecipe(Protocol):
    """How some tensors follow from those of the parents.

    Attributes:
        digest: Hex digest of all that decides the numbers, parents apart.
        words: For people: what it does, e.g. "LoRA style.safetensors x 0.8".
        names: The tensors it touches; all others are the first parent's.
    """

    @property
    def digest(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def names(self) -> frozenset[str]: ...

    def tensor(self, name: str, parents: Sequence[Source]) -> Tensor:
        """One of its tensors, of the type and on the device of the first parent's."""
        ...


class DerivedWeights(Weights):
    """See the module; made by `derive`."""

    def __init__(
        self,
        parents: tuple[Weights, ...],
        recipe: WeightRecipe,
        digest: str,
        shapes: Mapping[str, tuple[int, ...]],
        config: Mapping[str, Any],
    ) -> None:
        first = parents[0]
        every = {**first.shapes, **shapes}
        super().__init__(
            path=first.path,
            kind=first.kind,
            family=first.family,
            content_digest=digest,
            nbytes=first.dtype.itemsize * sum(math.prod(every[name]) for name in recipe.names),
            config={**first.config, **config},
            build=None,
            extras=first.extras,
            shapes=every,
            device=first.device,
            dtype=first.dtype,
            stored=first.stored,
            packed={name: n for name, n in first.packed.items() if name not in recipe.names},
        )
        self._parents = parents
        self.recipe = recipe
        self._own = recipe.names

    @property
    def parents(self) -> tuple[Weights, ...]:
        return self._parents

    @property
    def label(self) -> str:
        return f"{self._parents[0].label} + {self.recipe.words}"

    @cached_property
    def changed(self) -> frozenset[str]:
        first = self._parents[0]
        return self._own | first.changed

    @property
    def footprint(self) -> int:
        return self._bytes_of(self.changed)

    def tensor(self, name: str) -> Tensor:
        held = self.slot.tensors
        if held is not None:
            return self._plain(name, held[name])
        if name in self._own:
            return self.recipe.tensor(name, [self._reader(parent) for parent in self._parents])
        return self._parents[0].tensor(name)

    def _reader(self, parent: Weights) -> Source:
        # Sums are done where the network runs, wherever its tensors lie: devices round in their
        # own ways, and a picture must not depend on how much room there was.
        return lambda name: parent.tensor(name).to(self.device)

    def build(self, device: torch.device) -> Module:
        import torch

        from .residency import RESIDENCY

        root = root_of(self)
        # In use while we compute, so that it stays.
        shell = RESIDENCY.lease(root, grow=device.type != "cpu")
        with torch.no_grad():
            new = {name: laid_out(self.tensor(name).to(device)) for name in sorted(self.changed)}
        for each in sources_of(self):  # what was read of them has to be theirs
            each.check_files()
        del shell
        assert root.slot.module is not None
        self.slot.held = root.slot.held
        return with_tensors(root.slot.module, new)


def derive(
    parents: Sequence[Weights],
    recipe: WeightRecipe,
    *,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    config: Mapping[str, Any] | None = None,
) -> Weights:
    """The handle for a recipe over its parents; the first parent itself if nothing is touched.

    Equal recipes over equal parents give the same handle while anybody holds it.

    Args:
        parents: What the recipe is for.
        recipe: How its tensors follow from theirs.
        shapes: Of tensors that get another size; the recipe decides them.
        config: What is then said of the network otherwise.
    """
    if not recipe.names:
        return parents[0]
    hasher = hashlib.blake2b(digest_size=32)
    for part in (recipe.digest, *(parent.content_digest for parent in parents)):
        hasher.update(f"{part}\n".encode())
    digest = hasher.hexdigest()
    first = parents[0]
    # By identity too: equal content may be held in another type or on another device.
    variant = (digest, first.kind, *(str(id(parent)) for parent in parents))
    return SHARED.share(
        variant, lambda: DerivedWeights(tuple(parents), recipe, digest, shapes or {}, config or {})
    )


def root_of(weights: Weights) -> Weights:
    """The handle at the beginning of a chain, which has a file."""
    while isinstance(weights, DerivedWeights):
        weights = weights.parents[0]
    return weights


def sources_of(weights: Weights) -> Iterator[Weights]:
    """The handles with files that one is derived from; itself if it has a file."""
    if not weights.parents:
        yield weights
    for parent in weights.parents:
        yield from sources_of(parent)


def compatible_shapes(left: Weights, right: Weights) -> Mapping[str, tuple[int, ...]]:
    """Tensors that both have in the same shape, 1x1 convolutions and linear layers alike."""
    ours, theirs = left.shapes, right.shapes
    return {
        name: shape
        for name, shape in ours.items()
        if name in theirs and squeezed(theirs[name]) == squeezed(shape)
    }


def squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    """A shape without its ones."""
    return tuple(n for n in shape if n != 1)
