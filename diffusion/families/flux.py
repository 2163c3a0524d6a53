"""Flux: a transformer over T5 tokens and the image, with CLIP's pooled embedding; flow matching.

dev was distilled from guidance and is told how strong it shall be; schnell is not, and has no shift
of its noise levels. Which of the two it is, the guidance embedding among the tensors says. Fill,
Canny and Depth have more channels, for an image beside the noise; Kontext is dev, trained with
reference images as further tokens.

Source: black-forest-labs/flux; text and shift as ComfyUI has them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..guidance.untold import NOTHING
from ..prediction import model_sampling
from ..vae import format as latent_format
from .call import Inputs, Residuals, Row
from .family import Family, FileSays, even, pooled_of, same_length_tokens
from .flux_tokens import patches, places

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model

GUIDANCE = 3.5
LEAST_TOKENS = 256


class Flux(Family):
    """See the module."""

    name = "flux"
    words = "Flux"
    pipeline = "FluxPipeline"
    latent = latent_format.FLUX
    sampling = model_sampling.FLUX
    encoders = ("CLIP-L", "T5")
    text_places = (
        ("text_encoders.clip_l.transformer.",),
        ("text_encoders.t5xxl.transformer.",),
    )
    repeats_tokens = False

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "flux"

    def read_sampling(self, file: FileSays) -> model_sampling.ModelSampling:
        return self.sampling if file.facts.guided else replace(self.sampling, shift=1.0)

    def extra_channels(self, model: Model) -> int:
        return int(model.weights.config["in_channels"]) // 4 - self.latent.channels

    def text_width(self, model: Model) -> int | None:
        return int(model.weights.config["joint_attention_dim"])

    def width_of(self, clip: Clip) -> int | None:
        return int(clip.encoders[-1].config.get("d_model", 0))

    def prepare(
        self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor
    ) -> dict[str, Any]:
        import torch

        config = model.weights.config
        batch, _, height, width = shape
        tokens = same_length_tokens(
            rows, batch, like, config["joint_attention_dim"], self.words, exact=True
        )
        tall, wide = math.ceil(height / 2), math.ceil(width / 2)
        inputs: dict[str, Any] = {
            "encoder_hidden_states": tokens,
            "pooled_projections": pooled_of(rows, batch, config["pooled_projection_dim"], like),
            "img_ids": places(tall, wide).to(like),
            "txt_ids": torch.zeros(tokens.shape[1], 3).to(like),
        }
        if config["guidance_embeds"]:
            told = [_guidance(row.entry.guidance) for row in rows for _ in range(batch)]
            inputs["guidance"] = torch.tensor(told).to(like)
        return inputs

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        padded = even(x)
        count, channels, height, width = padded.shape
        hidden, arguments, added = patches(padded), dict(inputs.arguments), residuals
        drawn = hidden.shape[1]
        if inputs.channels is not None:
            hidden = torch.cat([hidden, patches(even(inputs.channels))], dim=2)
        if inputs.tokens is not None:
            tokens, ids = inputs.tokens
            hidden = torch.cat([hidden, tokens], dim=1)
            arguments["img_ids"] = torch.cat([arguments["img_ids"], ids])
            added = _lengthened(residuals, tokens.shape[1])
        output: Tensor = network(
            hidden_states=hidden,
            timestep=torch.full((count,), timestep, device=x.device, dtype=x.dtype),
            controlnet_block_samples=added.get("double"),
            controlnet_single_block_samples=added.get("single"),
            return_dict=False,
            **arguments,
        )[0][:, :drawn]
        cells = output.reshape(count, height // 2, width // 2, channels, 2, 2)
        whole = cells.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, height, width)
        return whole[..., : x.shape[-2], : x.shape[-1]]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..text.clip import encode_clip
        from ..text.t5 import encode_sentence
        from ..types import Conditioning, ConditioningEntry

        small, large = clip.encoders
        pooled = encode_clip(
            small, texts[0], projected=False, square_brackets=square_brackets
        ).pooled
        sentence = encode_sentence(
            large,
            texts[1],
            least=LEAST_TOKENS,
            padding=clip.padding,
            square_brackets=square_brackets,
        )
        return Conditioning((ConditioningEntry(sentence.tokens, pooled),))


def _guidance(said: float | Literal["off"] | None) -> float:
    """What the network is told of guidance."""
    if said is None:
        return GUIDANCE
    return NOTHING if said == "off" else said


def _lengthened(residuals: Residuals, tokens: int) -> Residuals:
    """What ControlNets add, with nothing added to so many tokens more."""
    import torch.nn.functional as F

    return {n: [F.pad(p, (0, 0, 0, tokens)) for p in parts] for n, parts in residuals.items()}


FAMILY = Flux()
