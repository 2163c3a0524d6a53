"""PixArt: a transformer with T5's text through cross-attention, noise prediction.

Alpha works in the latents of SD1.x, sigma in those of SDXL; single files tell them apart by the
length of the text they were trained with, folders by the scale of their VAE.

Source: Chen et al. 2023 (alpha), 2024 (sigma).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..prediction import model_sampling
from ..vae import format as latent_format
from .call import Inputs, Residuals, Row
from .family import Family, even, same_length_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model

ALPHA_TOKENS = 120
HIDDEN = -10_000.0
"""Added to the attention to padding, as the network itself does."""


class PixArt(Family):
    """Common parts of both PixArt families."""

    sampling = model_sampling.PIXART
    encoders = ("T5",)
    text_places = (("text_encoders.t5xxl.transformer.",),)
    repeats_tokens = False

    def of_folder(self, vae: Mapping[str, Any]) -> str:
        scale = vae.get("scaling_factor")
        return "pixart_alpha" if scale == latent_format.SD1.scale else "pixart_sigma"

    def text_width(self, model: Model) -> int | None:
        return int(model.weights.config["caption_channels"])

    def width_of(self, clip: Clip) -> int | None:
        return int(clip.weights.config.get("d_model", 0))

    def prepare(
        self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor
    ) -> dict[str, Any]:
        import torch

        config = model.weights.config
        batch, _, height, width = shape
        tokens = same_length_tokens(
            rows, batch, like, config["caption_channels"], self.words, exact=True
        )
        masks = [
            torch.ones(1, tokens.shape[1]) if r.entry.token_mask is None else r.entry.token_mask
            for r in rows
        ]
        added: dict[str, Any] = {"resolution": None, "aspect_ratio": None}
        if config["use_additional_conditions"]:
            cell = self.latent.downscale
            sizes = [
                [height * cell, width * cell]
                if row.entry.size is None
                else [row.entry.size.height, row.entry.size.width]
                for row in rows
                for _ in range(batch)
            ]
            resolution = torch.tensor(sizes, dtype=torch.float32)
            ratio = resolution[:, :1] / resolution[:, 1:]
            added = {"resolution": resolution.to(like), "aspect_ratio": ratio.to(like)}
        return {
            "encoder_hidden_states": tokens,
            "encoder_attention_mask": torch.cat([m.expand(batch, -1) for m in masks]).to(like),
            "added_cond_kwargs": added,
        }

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        from .pixart_blocks import added_to_blocks

        t = torch.full((x.shape[0],), timestep, device=x.device)
        with added_to_blocks(residuals.get("blocks", ())):
            output: Tensor = network(even(x), timestep=t, return_dict=False, **inputs.arguments)[0]
        # The second half of the channels is a variance that samplers do not use.
        return output[:, : x.shape[1], : x.shape[-2], : x.shape[-1]]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..text.t5 import encode_sentence
        from ..types import Conditioning, ConditioningEntry

        sentence = encode_sentence(
            clip.weights,
            texts[0],
            padding=clip.padding,
            masked=True,
            square_brackets=square_brackets,
        )
        return Conditioning((ConditioningEntry(sentence.tokens, token_mask=sentence.mask),))


class PixArtAlpha(PixArt):
    """PixArt-alpha."""

    name = "pixart_alpha"
    words = "PixArt-alpha"
    pipeline = "PixArtAlphaPipeline"
    latent = latent_format.SD1

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "pixart" and (facts.sized or facts.tokens == ALPHA_TOKENS)


class PixArtSigma(PixArt):
    """PixArt-sigma."""

    name = "pixart_sigma"
    words = "PixArt-sigma"
    pipeline = "PixArtSigmaPipeline"
    latent = latent_format.SDXL

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "pixart" and not (facts.sized or facts.tokens == ALPHA_TOKENS)


ALPHA = PixArtAlpha()
SIGMA = PixArtSigma()
