"""Image prompts for models that take CLIP image embeddings: Stable unCLIP, SDXL ("Revision").

The embedding is what a CLIP image encoder makes of a picture. Noise is put on it, and the model is
told how much: with more noise it follows the picture's idea rather than the picture.

Source: Ramesh et al. 2022 (unCLIP); Stable unCLIP 2.1's noise as published. Several pictures are
summed and noised once more, and SDXL takes a picture in place of the pooled text, as in ComfyUI.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ..checks import check_factor
from ..errors import ModelError, ParameterError, ShapeError
from ..families.call import Call, Handler
from ..types import (
    Conditioning,
    ConditioningEntry,
    Guider,
    ImageEmbeds,
    ImagePrompt,
    ImageVector,
    Model,
)

if TYPE_CHECKING:
    import torch
    from torch import Tensor


LEVELS = 1000
SEED_SHIFT = 10
"""Embeddings get noise of another seed than the picture: ComfyUI's is lower by so much."""


def add_pictures(
    conditioning: Conditioning, pictures: ImageEmbeds, strength: float = 1.0, noise: float = 0.0
) -> Conditioning:
    """Add image prompts to a prompt.

    Args:
        conditioning: Encoded prompt.
        pictures: From `embed_pictures`.
        strength: Factor on what the model is told; 0 = not told at all.
        noise: Noise on the embeddings, 0 (as good as none) to 1.

    Returns:
        A new conditioning; the same one if strength is 0.

    Raises:
        ModelError: The pictures were encoded by SigLIP, which gives no embedding of a whole one.
        ParameterError: A number is not finite, or noise is not 0 to 1.
    """
    check_factor("strength", strength)
    if not 0.0 <= noise <= 1.0:
        raise ParameterError(
            "unclip.bad_noise", "noise is out of range.", expected="0 to 1", got=str(noise)
        )
    if strength == 0:
        return conditioning
    if pictures.embeds is None:
        raise ModelError(
            "unclip.does_not_fit",
            "The pictures were encoded by SigLIP, which gives no embedding of a whole picture.",
            expected="pictures encoded by CLIP",
            got="pictures encoded by SigLIP",
            hint="Encode them with the image encoder that came with the model.",
        )
    use = ImagePrompt(pictures.embeds, float(strength), float(noise))
    return conditioning.attach(use)


class ImagePromptHandler(Handler):
    """Image prompts: made into one vector when a run begins, and given to networks that take it."""

    kinds = (ImagePrompt, ImageVector)

    def begin(self, guider: Guider, seed: int) -> Guider:
        """A guider whose prompts hold their images as the model takes them.

        Raises:
            ModelError: The model takes no image embeddings.
            ShapeError: They come from another image encoder than the model was trained with.
        """
        sides = (guider.positive, guider.negative, guider.middle)
        entries = [entry for side in sides if side is not None for entry in side.entries]
        if not any(entry.attachments(ImagePrompt) for entry in entries):
            return guider

        def ready(side: Conditioning | None) -> Conditioning | None:
            if side is None:
                return None
            return Conditioning(tuple(_ready(guider.model, each, seed) for each in side.entries))

        positive = ready(guider.positive)
        assert positive is not None
        negative, middle = ready(guider.negative), ready(guider.middle)
        return replace(guider, positive=positive, negative=negative, middle=middle)

    def prepare(self, call: Call) -> None:
        import torch

        config = call.model.weights.config
        if config.get("class_embed_type") is None:
            return
        width = config["projection_class_embeddings_input_dim"]
        parts = []
        for row in call.rows:
            found = row.entry.attachment(ImageVector)
            vector = torch.zeros(1, width) if found is None else found.vector
            parts.append(vector.expand(call.batch, -1))
        call.inputs.arguments["class_labels"] = torch.cat(parts).to(call.like)


@dataclass(frozen=True, slots=True)
class Taking:
    """How models of a family take image prompts.

    Attributes:
        width: Width of the embeddings that a model takes; None = it takes none.
        put: The entry with a vector (1, 2 * width): the embedding and the level of its noise.
        merge_noise: Noise put on the sum of several images' embeddings, 0 to 1.
    """

    width: Callable[[Model], int | None]
    put: Callable[[ConditioningEntry, Tensor], ConditioningEntry]
    merge_noise: float = 0.0


def _class_width(model: Model) -> int | None:
    given = model.weights.config.get("projection_class_embeddings_input_dim")
    return None if given is None else int(given) // 2


def _pooled_width(model: Model) -> int | None:
    from ..families import family_named
    from ..families.sdxl import SDXL

    family = family_named(model.family)
    assert isinstance(family, SDXL)
    return family.pooled_width(model)


def _as_pooled(entry: ConditioningEntry, vector: Tensor) -> ConditioningEntry:
    return replace(entry, pooled=vector[:, : vector.shape[1] // 2])


_REVISION = Taking(_pooled_width, _as_pooled)
TAKING: Mapping[str, Taking] = {
    "sd2": Taking(_class_width, lambda entry, vector: entry.attach(ImageVector(vector)), 0.05),
    "sdxl": _REVISION,
    "sdxl_refiner": _REVISION,
    "playground": _REVISION,
}
"""Family -> how its models take image prompts; all others take none."""


def _ready(model: Model, entry: ConditioningEntry, seed: int) -> ConditioningEntry:
    from ..families import family_named

    prompts = entry.attachments(ImagePrompt)
    if not prompts:
        return entry
    taking, words = TAKING.get(model.family), family_named(model.family).words
    width = None if taking is None else taking.width(model)
    if taking is None or width is None:
        raise ModelError(
            "unclip.not_told",
            f'The model "{model.weights.path.name}" ({words}) takes no image prompts.',
            expected="an unCLIP model (SD2.1) or SDXL",
            got=words,
            hint="Leave out unCLIPConditioning, or use IPAdapter.",
        )
    for prompt in prompts:
        if prompt.embeds.shape[-1] != width:
            raise ShapeError(
                "unclip.does_not_fit",
                "The images were encoded by another image encoder than the model was trained with.",
                expected=f"embeddings of width {width}",
                got=str(prompt.embeds.shape[-1]),
                hint="Encode them with the image encoder that came with the model; SDXL's is "
                "CLIP-G's (width 1280).",
            )
    vector = image_vector(
        prompts,
        seed - SEED_SHIFT,
        model.weights.extras.get("image_statistics"),
        taking.merge_noise,
    )
    return taking.put(entry.without(ImagePrompt), vector)


def image_vector(
    images: tuple[ImagePrompt, ...],
    seed: int,
    statistics: tuple[tuple[float, ...], tuple[float, ...]] | None,
    merge_noise: float,
) -> Tensor:
    """Embedding and noise level of images, as inputs of the model.

    Args:
        images: At least one.
        seed: Of the noise.
        statistics: Mean and spread of embeddings in training; None = 0 and 1.
        merge_noise: Noise put on the sum of several pictures, 0 to 1.

    Returns:
        (1, 2D) float32: the embedding, then sines of its noise level.
    """
    import torch

    vectors = []
    generator = torch.Generator()
    for use in images:
        for embed in use.embeds:
            generator.manual_seed(seed)  # every picture gets the same noise
            told = _noised(embed[None], use.noise, statistics, generator)
            vectors.append(told * use.strength)
    if len(vectors) == 1:
        return vectors[0]
    total = torch.stack(vectors).sum(0)
    return _noised(total[:, : total.shape[1] // 2], merge_noise, statistics, generator)


def _noised(embed: Tensor, noise: float, statistics: Any, generator: torch.Generator) -> Tensor:
    import torch

    level = round((LEVELS - 1) * noise)
    mean, spread = (0.0, 1.0) if statistics is None else (torch.tensor([v]) for v in statistics)
    kept = _kept()[level]
    drawn = torch.randn(embed.shape, generator=generator)
    mixed = (embed - mean) / spread * math.sqrt(kept) + drawn * math.sqrt(1.0 - kept)
    half = embed.shape[-1] // 2
    turns = level * torch.exp(torch.arange(half) * (-math.log(10_000.0) / half))
    return torch.cat([mixed * spread + mean, turns.cos()[None], turns.sin()[None]], dim=1)


@cache
def _kept() -> tuple[float, ...]:
    """What is left of an embedding's variance at each level (Nichol and Dhariwal's cosine)."""

    def curve(t: float) -> float:
        return math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2

    found, left = [], 1.0
    for n in range(LEVELS):
        left *= 1.0 - min(1.0 - curve((n + 1) / LEVELS) / curve(n / LEVELS), 0.999)
        found.append(left)
    return tuple(found)
