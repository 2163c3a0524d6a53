"""SD3 and SD3.5: a transformer over text and picture, three text encoders, flow matching.

T5 may be missing, and so may the two CLIP encoders: what is missing is left out, as in ComfyUI.

Source: Esser et al. 2024; joining of the texts as ComfyUI and diffusers have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import latent_format, model_sampling
from .family import Family, Inputs, Residuals, Row, even, pooled_of, same_length_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model

LEAST_TOKENS = 77
POOLED = {"CLIP-L": 768, "CLIP-G": 1280}


class SD3(Family):
    """See the module."""

    name = "sd3"
    words = "SD3"
    latent = latent_format.SD3
    sampling = model_sampling.SD3
    encoders = ("CLIP-L", "CLIP-G", "T5")
    text_places = (
        ("text_encoders.clip_l.transformer.",),
        ("text_encoders.clip_g.transformer.",),
        ("text_encoders.t5xxl.transformer.",),
    )
    may_lack_encoders = True
    repeats_tokens = False

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "sd3"

    def text_width(self, model: Model) -> int | None:
        return int(model.weights.config["joint_attention_dim"])

    def width_of(self, clip: Clip) -> int | None:
        t5 = clip.encoder("T5")
        if t5 is None:  # the rest is filled with zeros
            return None
        both = [weights for weights in clip.encoders if weights is not t5]
        return max(int(t5.config["d_model"]), sum(int(w.config["hidden_size"]) for w in both))

    def prepare(self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor) -> Inputs:
        import torch.nn.functional as F

        width = model.weights.config["joint_attention_dim"]
        tokens = same_length_tokens(rows, shape[0], like, width, self.words)
        pooled = model.weights.config["pooled_projection_dim"]
        return {
            "encoder_hidden_states": F.pad(tokens, (0, width - tokens.shape[-1])),
            "pooled_projections": pooled_of(rows, shape[0], pooled, like),
        }

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        t = torch.full((x.shape[0],), timestep, device=x.device)
        padded = even(x)
        output: Tensor = network(
            hidden_states=padded,
            timestep=t,
            block_controlnet_hidden_states=residuals.get("blocks"),
            return_dict=False,
            **inputs,
        )[0]
        return output[..., : x.shape[-2], : x.shape[-1]]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        import torch
        import torch.nn.functional as F

        from ..clip_text import count_chunks, encode_clip
        from ..t5_text import encode_sentence
        from ..types import Conditioning, ConditioningEntry

        layer = -2 if clip.last_layer is None else clip.last_layer
        said = dict(zip(self.encoders, texts, strict=True))
        both = [(r, w) for r in self.encoders[:2] if (w := clip.encoder(r)) is not None]
        least = max(
            [count_chunks(w, said[r], square_brackets=square_brackets) for r, w in both], default=1
        )
        found = {
            role: encode_clip(
                weights,
                said[role],
                layer=layer,
                final_norm=False,
                pad=None if role == "CLIP-L" else 0,
                least=least,
                square_brackets=square_brackets,
            )
            for role, weights in both
        }
        t5 = clip.encoder("T5")
        parts: list[Tensor] = []
        if found:
            # An encoder that is missing leaves zeros in its place.
            joined, pooled = [], []
            for role in self.encoders[:2]:
                text = found.get(role)
                if text is None:
                    joined.append(torch.zeros(1, 77 * least, POOLED[role]))
                    pooled.append(torch.zeros(1, POOLED[role]))
                else:
                    joined.append(text.tokens)
                    pooled.append(text.pooled)
            parts.append(torch.cat(joined, dim=-1))
        else:
            pooled = [torch.zeros(1, sum(POOLED.values()))]
        if t5 is not None:
            sentence = encode_sentence(
                t5, said["T5"], least=LEAST_TOKENS, square_brackets=square_brackets
            )
            parts.append(sentence.tokens)
        width = max(part.shape[-1] for part in parts)
        tokens = torch.cat([F.pad(part, (0, width - part.shape[-1])) for part in parts], dim=1)
        return Conditioning((ConditioningEntry(tokens, torch.cat(pooled, dim=-1)),))


FAMILY = SD3()
