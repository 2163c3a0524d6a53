"""LoRAs on a model and its text encoders: descriptions, computed when the network is used.

Any number of LoRAs add up, W' = W + sum of strength * difference, each computed from the plain W:
their order does not matter, and without them W is what it was, bit for bit.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

from ...checks import check_factor
from ...errors import ModelError
from ...formats.words import family_words
from ...types import Clip, Model
from ...weights.derived import DerivedWeights, Source, derive, root_of
from ...weights.handle import Weights
from .blocks import BlockWeights, block_names, weight_of
from .difference import bias_difference, weight_difference
from .entries import LoraEntry, is_old_glora
from .file import LoraFile
from .formulas import dora_difference
from .names import SWAPPED, Spellings, denoiser_spellings, text_spellings

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

GROWS = "x_embedder.weight"
"""The layer of a transformer that a LoRA may give more inputs."""


@dataclass(frozen=True, slots=True, eq=False)
class LoraShare:
    """The patch of an entry for one layer: all of its rows, or some if it is for several layers.

    Attributes:
        start, stop: The layer's rows of the entry; None = all.
        swapped: Whether the entry has the second half of the layer's rows first.
        inputs: Columns of the entry's weight where they may be others than the layer's; else None.
    """

    entry: LoraEntry
    start: int | None = None
    stop: int | None = None
    swapped: bool = False
    inputs: int | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the entry's rows are the layer's, as they stand."""
        return self.start is None and not self.swapped

    def rows(self, tensor: Tensor) -> Tensor:
        """Its rows of something that has one for each output."""
        if self.swapped:
            return tensor.roll(tensor.shape[0] // 2, 0)
        return tensor if self.start is None else tensor[self.start : self.stop]


@dataclass(frozen=True, slots=True, eq=False)
class LoraFit:
    """Where the layers of a LoRA file belong.

    Attributes:
        model: Layer -> entry, of the denoising network.
        clip: The same for each text encoder.
        unused: Stems and tensor names that belong nowhere.
    """

    model: Mapping[str, LoraShare]
    clip: tuple[Mapping[str, LoraShare], ...]
    unused: tuple[str, ...]

    def words(self, lora: LoraFile) -> str:
        """The unused layers, in one sentence; "" if all are used."""
        if not self.unused:
            return ""
        some = ", ".join(self.unused[:3]) + (", ..." if len(self.unused) > 3 else "")
        total = len(lora.entries) + len(lora.unknown)
        return f"{len(self.unused)} of {total} layers of {lora.path.name} were not used: {some}"


def apply_lora(
    model: Model,
    clip: Clip | None,
    lora: LoraFile,
    strength_model: float = 1.0,
    strength_clip: float = 1.0,
    blocks: BlockWeights | None = None,
) -> tuple[Model, Clip | None]:
    """Put a LoRA on a model and its text encoders.

    Args:
        model: The model; a new description is returned, the weights are shared.
        clip: Its text encoders; None leaves the LoRA's text part out.
        lora: From `load_lora`.
        strength_model: Factor for the denoising network; 0 = as without, negative = the opposite.
        strength_clip: Factor for the text encoders.
        blocks: Factors by block on top (`blocks.parse_block_weights`); None = 1 everywhere.

    Returns:
        Model and text encoders with the LoRA; the very same ones where the strength is 0.

    Raises:
        ModelError: The LoRA was made for another kind of model; both are named.
        ParameterError: A strength is not finite.
    """
    check_factor("strength_model", strength_model)
    check_factor("strength_clip", strength_clip)
    fit = fit_lora(model, clip, lora)
    if fit.unused:
        log.warning("%s", fit.words(lora))
    weights = _with(model.weights, lora, fit.model, strength_model, blocks)
    if weights is not model.weights:
        model = replace(model, weights=weights)
    if clip is None:
        return model, None
    encoders = tuple(
        _with(encoder, lora, layers, strength_clip, blocks)
        for encoder, layers in zip(clip.encoders, fit.clip, strict=True)
    )
    if any(new is not old for new, old in zip(encoders, clip.encoders, strict=True)):
        clip = replace(clip, weights=encoders[0], others=encoders[1:])
    return model, clip


def apply_lora_to_clip(clip: Clip, lora: LoraFile, strength: float = 1.0) -> Clip:
    """Put the text part of a LoRA on text encoders; what is for the network is left out.

    Raises:
        ModelError: The LoRA was made for other text encoders; both are named.
        ParameterError: The strength is not finite.
    """
    check_factor("strength_clip", strength)
    left = dict(lora.entries)
    texts = _take_texts(left, clip, clip, lora)
    unknown = [stem for stem in left if _is_text(stem)]
    if unknown and not any(texts):
        raise _does_not_fit(
            lora,
            clip,
            expected=f"layers of text encoders of {family_words(clip.family)}",
            got=f'"{unknown[0]}" and {len(unknown) - 1} more that they have not',
        )
    encoders = tuple(
        _with(encoder, lora, layers, strength, None)
        for encoder, layers in zip(clip.encoders, texts, strict=True)
    )
    return replace(clip, weights=encoders[0], others=encoders[1:])


def fit_lora(model: Model, clip: Clip | None, lora: LoraFile) -> LoraFit:
    """Find the layer that each entry of a LoRA belongs to.

    Raises:
        ModelError: No entry belongs to this model, or one has another size; both are named.
    """
    left = dict(lora.entries)
    spelled = denoiser_spellings(model.weights.kind, model.weights.shapes)
    mine = _take(left, spelled, model.weights, model, lora)
    texts = [] if clip is None else _take_texts(left, clip, model, lora)
    if clip is None:
        left = {stem: entry for stem, entry in left.items() if not _is_text(stem)}
    for_network = [stem for stem in left if not _is_text(stem)]
    if (for_network and not mine) or not (mine or any(texts) or clip is None):
        raise _does_not_fit(
            lora,
            model,
            expected=f"layers of {family_words(model.family)}",
            got=f'"{(for_network or list(left))[0]}" and {len(left) - 1} more that it has not',
        )
    return LoraFit(mine, tuple(texts), (*left, *lora.unknown))


def _take_texts(
    left: dict[str, LoraEntry], clip: Clip, owner: Model | Clip, lora: LoraFile
) -> list[dict[str, LoraShare]]:
    """Move the entries that belong to text encoders out of `left`, for each of them."""
    found = []
    for number, encoder in enumerate(clip.encoders):
        table = text_spellings(number, str(encoder.extras.get("role")), encoder.shapes)
        found.append(_take(left, table, encoder, owner, lora))
    return found


def _take(
    left: dict[str, LoraEntry],
    spelled: Spellings,
    weights: Weights,
    owner: Model | Clip,
    lora: LoraFile,
) -> dict[str, LoraShare]:
    """Move the entries that belong to a network out of `left`: layer -> entry."""
    found: dict[str, LoraShare] = {}
    for stem in [stem for stem in left if stem in spelled]:
        swapped = spelled[stem][0].startswith(SWAPPED)
        layers = tuple(layer.removeprefix(SWAPPED) for layer in spelled[stem])
        entry = left[stem]
        shapes = [weights.shapes.get(f"{layer}.weight", ()) for layer in layers]
        rows = [shape[0] if shape else 0 for shape in shapes]
        outputs, elements = lora.result_size(entry)
        inputs = _inputs(layers, weights, outputs, elements)
        wrong = elements and elements != sum(map(prod, shapes)) and inputs is None
        if wrong or (outputs and outputs != sum(rows)) or not _scales(entry, lora, shapes):
            wanted = " x ".join(map(str, (sum(rows), *shapes[0][1:])))
            raise _does_not_fit(
                lora,
                owner,
                expected=f'{wanted} in "{", ".join(layers)}"',
                got=f"{elements} numbers for {outputs} outputs"
                if elements
                else f"{outputs or 'other'} outputs",
            )
        if (len(layers) > 1 or swapped) and entry.algorithm == "oft":
            raise ModelError(
                "lora.unsupported_algorithm",
                f'{lora.words} rotates "{stem}", which is {len(layers)} layers here.',
                expected="OFT for layers of their own: " + ", ".join(layers),
                got="one rotation across all of them",
                hint="Convert it to a LoRA with the tool that made it.",
            )
        del left[stem]
        if len(layers) == 1:
            found[layers[0]] = LoraShare(entry, swapped=swapped, inputs=inputs)
            continue
        start = 0
        for layer, own in zip(layers, rows, strict=True):
            found[layer] = LoraShare(entry, start, start + own)
            start += own
    return found


def _inputs(layers: Sequence[str], weights: Weights, outputs: int, elements: int) -> int | None:
    """Columns of an entry for the layer that a network's input goes into; None for other layers.

    They are those of the network's file, or a multiple of them where the network is to see an image
    beside the noise (Flux Canny and Depth) and no other LoRA asks for another width.
    """
    name = f"{layers[0]}.weight"
    if name != GROWS or weights.kind != "transformer" or not elements or elements % outputs:
        return None
    inputs, now = elements // outputs, weights.shapes[name][1]
    first = root_of(weights).shapes[name][1]
    known = inputs in (first, now) or (now == first and inputs % first == 0)
    return inputs if known else None


def _scales(entry: LoraEntry, lora: LoraFile, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether factors of (IA)^3 are as many as inputs or outputs; True for other algorithms."""
    if entry.algorithm != "ia3":
        return True
    count = prod(lora.shapes[entry.fields["factors"]])
    return count in (sum(shape[0] for shape in shapes), shapes[0][1])


def _is_text(stem: str) -> bool:
    return stem.startswith(("lora_te", "text_encoder"))


def _does_not_fit(lora: LoraFile, owner: Model | Clip, expected: str, got: str) -> ModelError:
    return ModelError(
        "model.kinds_do_not_fit",
        f'{lora.words} does not fit the model "{owner.weights.path.name}" '
        f"({family_words(owner.family)}).",
        expected=expected,
        got=got,
        hint="Use a LoRA that was trained for this model family.",
    )


# --- the recipe ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Addition:
    """One LoRA on one network: which layers, how strongly."""

    lora: LoraFile
    layers: Mapping[str, LoraShare]
    strengths: Mapping[str, float]
    words: str

    @property
    def inputs(self) -> int | None:
        """Columns of its part of the network's first layer; None where it has none."""
        share = self.layers.get(GROWS.rpartition(".")[0])
        return share.inputs if share is not None and GROWS in self.strengths else None

    @cached_property
    def digest(self) -> str:
        hasher = hashlib.blake2b(self.lora.content_digest.encode(), digest_size=32)
        for name, strength in sorted(self.strengths.items()):
            hasher.update(f"{name} {strength!r}\n".encode())
        return hasher.hexdigest()

    def difference(self, name: str, weight: Tensor) -> Tensor:
        """Its strength times its difference of one tensor, in the type of `weight` (float)."""
        layer, _, field = name.rpartition(".")
        share = self.layers[layer]
        entry = share.entry
        parts = self.lora.parts(entry, weight, weight.dtype)
        if field == "bias":
            found = bias_difference(parts, entry.scale)
        else:
            if not share.is_whole and entry.algorithm in ("glora", "ia3"):
                parts = _own_rows(parts, share)
            if entry.algorithm == "whole" and not share.is_whole:
                weight = share.rows(weight)  # half a turn goes both ways
            found = weight_difference(entry.algorithm, parts, entry.scale, weight)
            if entry.algorithm in ("oft", "glora", "ia3"):
                share = LoraShare(entry)  # it is of these rows already
        assert found is not None
        found = share.rows(found).reshape(weight.shape)
        if field == "weight":
            norms = {
                name: share.rows(tensor) if tensor.shape[0] > 1 else tensor
                for name, tensor in parts.items()
                if name.startswith("magnitude")
            }
            found = dora_difference(weight, found, norms)
        return found * self.strengths[name]


def _own_rows(parts: dict[str, Tensor], share: LoraShare) -> dict[str, Tensor]:
    """Parts that have one row for each output, cut to those of one layer."""
    found = dict(parts)
    if "on_input" in parts:
        if not bool(parts["on_input"]):
            found["factors"] = share.rows(parts["factors"].flatten())
        return found
    old = is_old_glora({name: parts[name].shape for name in ("a1", "a2", "b1", "b2")})
    outer = "b2" if old else "b1"
    found[outer] = share.rows(parts[outer])
    return found


@dataclass(frozen=True, eq=False)
class Additions:
    """Several LoRAs on one network, in an order of their own."""

    parts: tuple[Addition, ...]

    @property
    def digest(self) -> str:
        return hashlib.blake2b(
            "".join(part.digest for part in self.parts).encode(), digest_size=32
        ).hexdigest()

    @property
    def words(self) -> str:
        return " + ".join(part.words for part in self.parts)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for part in self.parts for name in part.strengths)

    def grown(self, base: Weights) -> dict[str, tuple[int, ...]]:
        """Shapes of the tensors that get more inputs than they have in `base`."""
        wanted = [part.inputs for part in self.parts if part.inputs is not None]
        if not wanted or max(wanted) <= base.shapes[GROWS][1]:
            return {}
        return {GROWS: (base.shapes[GROWS][0], max(wanted))}

    def tensor(self, name: str, parents: Sequence[Source]) -> Tensor:
        import torch
        import torch.nn.functional as F

        plain = parents[0](name)
        exact = plain.to(torch.float64 if plain.dtype == torch.float64 else torch.float32)
        total = exact
        for part in self.parts:
            if name not in part.strengths:
                continue
            inputs = part.inputs if name == GROWS else None
            if inputs is None:
                total = total + part.difference(name, exact)
                continue
            # New inputs count for nothing before; an older LoRA says nothing of them.
            seen = F.pad(exact, (0, inputs - exact.shape[1]))
            found = part.difference(name, seen)
            wide = max(total.shape[1], inputs)
            total, found = (F.pad(x, (0, wide - x.shape[1])) for x in (total, found))
            total = total + found
        return total.to(plain.dtype)


def _with(
    weights: Weights,
    lora: LoraFile,
    layers: Mapping[str, LoraShare],
    strength: float,
    blocks: BlockWeights | None,
) -> Weights:
    names = frozenset(_names_touched(weights, lora, layers))
    found = dict.fromkeys(names, float(strength))
    if blocks:
        places = block_names(weights.kind, weights.shapes)
        found = {name: strength * weight_of(places[name], blocks) for name in names}
    found = {name: factor for name, factor in found.items() if factor != 0}
    if not found:
        return weights
    words = f"{lora.path.name} x {strength:g}" + (" by block" if blocks else "")
    parts = [Addition(lora, layers, found, words)]
    base = weights
    if isinstance(weights, DerivedWeights) and isinstance(weights.recipe, Additions):
        base = weights.parents[0]
        parts += weights.recipe.parts
    recipe = Additions(tuple(sorted(parts, key=lambda part: part.digest)))
    shapes = recipe.grown(base)
    config = {"in_channels": shapes[GROWS][1]} if shapes else {}
    return derive([base], recipe, shapes=shapes, config=config)


def _names_touched(
    weights: Weights, lora: LoraFile, layers: Mapping[str, LoraShare]
) -> Iterator[str]:
    for layer, share in layers.items():
        entry = share.entry
        if entry.algorithm != "diff" or "diff" in entry.fields:
            yield f"{layer}.weight"
        if entry.fields.keys() & {"diff_b", "up_b"}:
            if f"{layer}.bias" not in weights.shapes:
                raise ModelError(
                    "lora.no_such_bias",
                    f'{lora.words} patches a bias that the layer "{layer}" does not have.',
                    hint="Use a LoRA that was trained for this model family.",
                )
            yield f"{layer}.bias"
