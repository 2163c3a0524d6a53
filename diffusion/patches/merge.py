"""Models merged from others: weighted sums of their tensors, as descriptions.

Nothing is computed before the merged model is used or saved, and the models that go in stay as they
are. A LoRA on a model goes in with it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..checks import check_factor
from ..errors import ModelError, ParameterError
from ..formats.words import family_words
from ..types import Clip, Model
from ..weights.derived import Source, compatible_shapes, derive
from ..weights.handle import Weights

if TYPE_CHECKING:
    from torch import Tensor

Factors = tuple[float, float]
MOST_ODD = 4
"""So many tensors may have another shape (the first layer of inpainting models has)."""


@dataclass(frozen=True, eq=False)
class Blend:
    """first * the one tensor + second * the other, with factors for each name."""

    factors: Mapping[str, Factors]
    words: str

    @property
    def digest(self) -> str:
        hasher = hashlib.blake2b(b"blend", digest_size=32)
        for name, pair in sorted(self.factors.items()):
            hasher.update(f"{name} {pair!r}\n".encode())
        return hasher.hexdigest()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.factors)

    def tensor(self, name: str, parents: Sequence[Source]) -> Tensor:
        import torch

        one = parents[0](name)
        exact = torch.float64 if one.dtype == torch.float64 else torch.float32
        first, second = self.factors[name]
        total = torch.zeros((), dtype=exact, device=one.device)
        # A factor of 0 leaves out also what is not finite.
        if first:
            total = total + first * one.to(exact)
        if second:
            other = parents[1](name).to(one.device, exact).reshape(one.shape)
            total = total + second * other
        return total.expand(one.shape).to(one.dtype)


def merge_models(first: Model, second: Model, ratio: float) -> Model:
    """first * ratio + second * (1 - ratio).

    Args:
        first: Its family, sampling, adapters and all that is not a weight are the result's.
        second: A model of the same family and size.
        ratio: 1 = the first, 0 = the second's weights.

    Raises:
        ModelError: The two do not fit; both are named.
        ParameterError: ratio is not finite.
    """
    check_factor("ratio", ratio)
    return _blended(first, second, lambda _: (ratio, 1.0 - ratio), f"merge {ratio:g}")


def merge_blocks(first: Model, second: Model, ratios: Mapping[str, float]) -> Model:
    """The same with a ratio for each block.

    Args:
        first, second: As in `merge_models`.
        ratios: Beginnings of names in the layout of first publication ("input", "middle", "out",
            "output_blocks.3.") -> ratio; the longest that fits counts, the first one when none
            does.
    """
    for name, ratio in ratios.items():
        check_factor(name, ratio)
    original = _original_names(first)
    default = next(iter(ratios.values()))

    def factors(name: str) -> Factors:
        fitting = [start for start in ratios if original.get(name, "").startswith(start)]
        ratio = ratios[max(fitting, key=len)] if fitting else default
        return ratio, 1.0 - ratio

    words = "merge " + ", ".join(f"{start} {ratio:g}" for start, ratio in ratios.items())
    return _blended(first, second, factors, words)


def _original_names(model: Model) -> dict[str, str]:
    """Names in the network -> in the layout of first publication."""
    from ..files.exporting import model_layout

    layout = model_layout(model, prefix="")
    return {part.name: name for name, joined in layout.items() for part in joined.parts}


def add_models(first: Model, second: Model) -> Model:
    """first + second: for a difference from `subtract_models`, also between inpainting and not."""
    return _blended(first, second, lambda _: (1.0, 1.0), "sum")


def subtract_models(first: Model, second: Model, multiplier: float = 1.0) -> Model:
    """(first - second) * multiplier."""
    check_factor("multiplier", multiplier)
    return _blended(
        first, second, lambda _: (multiplier, -multiplier), f"difference {multiplier:g}"
    )


def scale_attention(weights: Weights, factors: Mapping[str, float], words: str) -> Weights:
    """Weights whose attention projections are multiplied.

    Args:
        weights: What to change; stays as it is.
        factors: Parts of names, dots and all (".attn1.to_q.") -> factor; 1 leaves a part alone.
        words: What it is, for people.

    Raises:
        ParameterError: A factor is not finite.
    """
    for name, factor in factors.items():
        check_factor(name.strip("."), factor)
    found = {
        name: (factor, 0.0)
        for name in weights.shapes
        for part, factor in factors.items()
        if part in name and factor != 1.0
    }
    return derive([weights], Blend(found, words))


def merge_clips(first: Clip, second: Clip, ratio: float) -> Clip:
    """`merge_models` for text encoders."""
    check_factor("ratio", ratio)
    return _blended_clip(first, second, (ratio, 1.0 - ratio), f"merge {ratio:g}")


def add_clips(first: Clip, second: Clip) -> Clip:
    """`add_models` for text encoders."""
    return _blended_clip(first, second, (1.0, 1.0), "sum")


def subtract_clips(first: Clip, second: Clip, multiplier: float = 1.0) -> Clip:
    """`subtract_models` for text encoders."""
    check_factor("multiplier", multiplier)
    return _blended_clip(first, second, (multiplier, -multiplier), f"difference {multiplier:g}")


def kept_apart(first: Model, second: Model) -> list[str]:
    """Tensors that have another shape in the second model; a merge keeps the first's."""
    both = compatible_shapes(first.weights, second.weights)
    return [name for name in first.weights.shapes if name not in both]


def _blended(first: Model, second: Model, factors: Callable[[str], Factors], words: str) -> Model:
    weights = _blend(first.weights, second.weights, factors, words)
    return first if weights is first.weights else replace(first, weights=weights)


def _blended_clip(first: Clip, second: Clip, factors: Factors, words: str) -> Clip:
    if len(first.encoders) != len(second.encoders):
        raise ModelError(
            "merge.does_not_fit",
            f"The text encoders of {_named(first.weights)} and {_named(second.weights)} cannot be "
            "merged.",
            expected=f"{len(first.encoders)} text encoders",
            got=str(len(second.encoders)),
            hint="Merge text encoders of one family.",
        )
    encoders = [
        _blend(one, other, lambda _: factors, words)
        for one, other in zip(first.encoders, second.encoders, strict=True)
    ]
    if all(new is old for new, old in zip(encoders, first.encoders, strict=True)):
        return first
    return replace(first, weights=encoders[0], others=tuple(encoders[1:]))


def _blend(
    first: Weights, second: Weights, factors: Callable[[str], Factors], words: str
) -> Weights:
    both = compatible_shapes(first, second)
    odd = (set(first.shapes) | set(second.shapes)) - set(both)
    if len(odd) > MOST_ODD:
        name = min(odd)
        raise ModelError(
            "merge.does_not_fit",
            f"{_named(first)} and {_named(second)} cannot be merged: {len(odd)} tensors differ in "
            f'name or shape, e.g. "{name}".',
            expected=str(first.shapes.get(name, "no such tensor")),
            got=str(second.shapes.get(name, "no such tensor")),
            hint="Merge models of one family and size.",
        )
    found = {name: factors(name) for name in both}
    found = {name: pair for name, pair in found.items() if pair != (1.0, 0.0)}
    return derive([first, second], Blend(found, f"{words} with {second.label}"))


def _named(weights: Weights) -> str:
    return f'"{weights.label}" ({family_words(weights.family)})'


def parse_ratios(text: str) -> dict[str, float]:
    """Read "input_blocks.4. = 0.2", one a line; "" gives none.

    Raises:
        ParameterError: A line is not of that form.
    """
    found: dict[str, float] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = line.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise ParameterError(
                "merge.bad_ratio",
                "A ratio for blocks cannot be read.",
                expected="a name and a number, as in input_blocks.4. = 0.2",
                got=line[:60],
            )
    return found
