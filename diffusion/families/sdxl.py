"""SDXL: two text encoders, and a UNet with pooled embedding and image size conditioning.

The refiner has the second encoder alone, and is told of beauty in place of the target size. The
same runs Turbo, Lightning, LCM and SSD-1B (fewer layers, read from the shapes), inpainting (9 input
channels) and InstructPix2Pix (8).

Source: Podell et al. 2023; layers, padding and default sizes as ComfyUI and diffusers have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..formats.shapes import SIZE_EMBEDDING
from ..prediction import model_sampling
from ..vae import format as latent_format
from .call import Row
from .family import pooled_of
from .unet import UNetFamily

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model

BEAUTY, UGLINESS = 6.0, 2.5
"""What the refiner is told on the positive and negative side when the prompt says nothing."""


class SDXL(UNetFamily):
    """The base model."""

    name = "sdxl"
    words = "SDXL"
    pipeline = "StableDiffusionXLPipeline"
    latent = latent_format.SDXL
    sampling = model_sampling.SD1
    encoders: ClassVar[tuple[str, ...]] = ("CLIP-L", "CLIP-G")
    text_places: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("conditioner.embedders.0.transformer.text_model.",),
        ("conditioner.embedders.1.model.",),
    )
    sizes: ClassVar[int] = 6

    def owns(self, facts: NetworkFacts) -> bool:
        return _is_sdxl(facts) and not _is_refiner(facts) and "edm_mean" not in facts.markers

    def _added(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> dict[str, Any]:
        import torch

        batch, _, height, width = shape
        pixels = (width * self.latent.downscale, height * self.latent.downscale)
        told = [self._told(row, *pixels) for row in rows for _ in range(batch)]
        return {
            "text_embeds": pooled_of(rows, batch, self.pooled_width(model), like),
            "time_ids": torch.tensor(told).to(like),
        }

    def pooled_width(self, model: Model) -> int:
        """Width of the pooled text that a network takes."""
        told = int(model.weights.config["projection_class_embeddings_input_dim"])
        return told - self.sizes * SIZE_EMBEDDING

    def _told(self, row: Row, width: int, height: int) -> list[float]:
        """Original size, crop and target size, height first; by default those of the run."""
        size = row.entry.size
        if size is None:
            return [height, width, 0.0, 0.0, height, width]
        return [
            size.height,
            size.width,
            size.crop_y,
            size.crop_x,
            size.height if size.target_height is None else size.target_height,
            size.width if size.target_width is None else size.target_width,
        ]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        import torch

        from ..text.clip import count_chunks, encode_clip
        from ..types import Conditioning, ConditioningEntry

        layer = -2 if clip.last_layer is None else clip.last_layer
        pairs = list(zip(clip.encoders, texts, strict=True))
        least = max(count_chunks(w, t, square_brackets=square_brackets) for w, t in pairs)
        # The second encoder was trained with zeros behind the end.
        small, large = (
            encode_clip(
                weights,
                text,
                layer=layer,
                final_norm=False,
                pad=pad,
                least=least,
                square_brackets=square_brackets,
            )
            for (weights, text), pad in zip(pairs, (None, 0), strict=True)
        )
        tokens = torch.cat([small.tokens, large.tokens], dim=-1)
        return Conditioning((ConditioningEntry(tokens, large.pooled),))


class SDXLRefiner(SDXL):
    """The refiner."""

    name = "sdxl_refiner"
    words = "the SDXL refiner"
    pipeline = "StableDiffusionXLImg2ImgPipeline"
    encoders = ("CLIP-G",)
    text_places = (("conditioner.embedders.0.model.",),)
    sizes = 5

    def owns(self, facts: NetworkFacts) -> bool:
        return _is_sdxl(facts) and _is_refiner(facts)

    def _told(self, row: Row, width: int, height: int) -> list[float]:
        """Original size, crop and beauty."""
        usual = UGLINESS if row.negative else BEAUTY
        beauty = usual if row.entry.aesthetic is None else row.entry.aesthetic
        return [*super()._told(row, width, height)[:4], beauty]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..text.clip import encode_clip
        from ..types import Conditioning, ConditioningEntry

        text = encode_clip(
            clip.weights,
            texts[0],
            layer=-2 if clip.last_layer is None else clip.last_layer,
            final_norm=False,
            pad=0,
            square_brackets=square_brackets,
        )
        return Conditioning((ConditioningEntry(text.tokens, text.pooled),))


def _is_sdxl(facts: NetworkFacts) -> bool:
    return facts.body == "unet" and facts.added > 0


def _is_refiner(facts: NetworkFacts) -> bool:
    """Its text is the pooled text's encoder's alone, and it is told five numbers."""
    return facts.added - SDXLRefiner.sizes * SIZE_EMBEDDING == facts.context


BASE = SDXL()
REFINER = SDXLRefiner()
