"""Flux: a transformer over T5's text and the picture, told CLIP's pooled text; flow matching.

dev was distilled from guidance and is told how strong it shall be; schnell is not, and has no shift
of its noise levels. Which of the two it is, the guidance embedding among the tensors says.

Source: black-forest-labs/flux; text and shift as ComfyUI has them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import latent_format, model_sampling
from .family import Family, FileSays, Inputs, Residuals, Row, even, pooled_of, same_length_tokens

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

    def text_width(self, model: Model) -> int | None:
        return int(model.weights.config["joint_attention_dim"])

    def width_of(self, clip: Clip) -> int | None:
        return int(clip.encoders[-1].config.get("d_model", 0))

    def prepare(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> Inputs:
        import torch

        config = model.weights.config
        batch, _, height, width = shape
        tokens = same_length_tokens(
            rows, batch, like, config["joint_attention_dim"], self.words, exact=True
        )
        tall, wide = math.ceil(height / 2), math.ceil(width / 2)
        places = torch.zeros(tall, wide, 3)
        places[..., 1] += torch.arange(tall)[:, None]
        places[..., 2] += torch.arange(wide)[None, :]
        inputs: dict[str, Any] = {
            "encoder_hidden_states": tokens,
            "pooled_projections": pooled_of(rows, batch, config["pooled_projection_dim"], like),
            "img_ids": places.reshape(-1, 3).to(like),
            "txt_ids": torch.zeros(tokens.shape[1], 3).to(like),
        }
        if config["guidance_embeds"]:
            told = [
                GUIDANCE if row.entry.guidance is None else row.entry.guidance
                for row in rows
                for _ in range(batch)
            ]
            inputs["guidance"] = torch.tensor(told).to(like)
        return inputs

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        padded = even(x)
        count, channels, height, width = padded.shape
        cells = padded.reshape(count, channels, height // 2, 2, width // 2, 2)
        tokens = cells.permute(0, 2, 4, 1, 3, 5).reshape(count, -1, channels * 4)
        output: Tensor = network(
            hidden_states=tokens,
            timestep=torch.full((count,), timestep, device=x.device, dtype=x.dtype),
            return_dict=False,
            **inputs,
        )[0]
        cells = output.reshape(count, height // 2, width // 2, channels, 2, 2)
        whole = cells.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, height, width)
        return whole[..., : x.shape[-2], : x.shape[-1]]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..clip_text import encode_clip
        from ..t5_text import encode_sentence
        from ..types import Conditioning, ConditioningEntry

        small, large = clip.encoders
        pooled = encode_clip(
            small, texts[0], projected=False, square_brackets=square_brackets
        ).pooled
        sentence = encode_sentence(
            large, texts[1], least=LEAST_TOKENS, square_brackets=square_brackets
        )
        return Conditioning((ConditioningEntry(sentence.tokens, pooled),))


FAMILY = Flux()
