"""SD3 and SD3.5: a transformer over text and image, three text encoders, flow matching.

T5 may be missing, and so may the two CLIP encoders: what is missing is left out, as in ComfyUI.

Source: Esser et al. 2024; joining of the texts as ComfyUI and diffusers have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
from ..prediction import model_sampling
from ..vae import format as latent_format
from .call import Inputs, Residuals, Row
from .family import Family, even, pooled_of, same_length_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, Model

LEAST_TOKENS = 77
_CLIPS = ("CLIP-L", "CLIP-G")
_PUBLISHED = {"CLIP-L": 768, "CLIP-G": 1280}


class SD3(Family):
    """See the module."""

    name = "sd3"
    words = "SD3"
    pipeline = "StableDiffusion3Pipeline"
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

    def prepare(
        self, model: Model, rows: Sequence[Row], shape: Any, like: Tensor
    ) -> dict[str, Any]:
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
            **inputs.arguments,
        )[0]
        return output[..., : x.shape[-2], : x.shape[-1]]

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        return encode_sd3(clip, texts, square_brackets=square_brackets)


def encode_sd3(
    clip: Clip, texts: Sequence[str | None], *, square_brackets: bool = False
) -> Conditioning:
    """Encode a text with each of SD3's encoders.

    Args:
        clip: SD3's text encoders; some may be missing.
        texts: For CLIP-L, CLIP-G and T5; None leaves that encoder out. A CLIP encoder that is left
            out leaves zeros in its place, T5 nothing.
        square_brackets: Whether "[x]" weakens x.

    Returns:
        One entry: both CLIP texts side by side, filled with zeros to T5's width, T5's text behind
        them; pooled texts of both CLIP encoders.

    Raises:
        ParameterError: These are not SD3's encoders.
    """
    import torch
    import torch.nn.functional as F

    from ..text.clip import count_chunks, encode_clip
    from ..text.t5 import encode_sentence
    from ..types import Conditioning, ConditioningEntry

    if clip.family != SD3.name or len(texts) != len(SD3.encoders):
        raise ParameterError(
            "text.wrong_family",
            "The text encoders are not those of SD3.",
            expected=f"{SD3.name} with {len(SD3.encoders)} texts",
            got=f"{clip.family} with {len(texts)}",
            hint="Load the text encoders of the model that is sampled.",
        )
    if clip.hooks is not None:
        from ..patches.hooked import encode_hooked

        return encode_hooked(
            clip, lambda plain: encode_sd3(plain, texts, square_brackets=square_brackets)
        )
    said = {role: text for role, text in zip(SD3.encoders, texts, strict=True) if text is not None}
    used = [(r, w) for r in _CLIPS if r in said and (w := clip.encoder(r)) is not None]
    least = max(
        [count_chunks(w, said[r], square_brackets=square_brackets) for r, w in used], default=1
    )
    found = {
        role: encode_clip(
            weights,
            said[role],
            layer=-2 if clip.last_layer is None else clip.last_layer,
            final_norm=False,
            pad=None if role == "CLIP-L" else 0,
            least=least,
            square_brackets=square_brackets,
        )
        for role, weights in used
    }
    widths = {role: _widths(clip, role) for role in _CLIPS}
    pooled = [
        found[role].pooled if role in found else torch.zeros(1, widths[role][1]) for role in _CLIPS
    ]
    t5 = clip.encoder("T5")
    parts: list[Tensor] = []
    if found or t5 is None or "T5" not in said:
        joined = [
            found[role].tokens if role in found else torch.zeros(1, 77 * least, widths[role][0])
            for role in _CLIPS
        ]
        parts.append(torch.cat(joined, dim=-1))
    if t5 is not None and "T5" in said:
        sentence = encode_sentence(
            t5,
            said["T5"],
            least=LEAST_TOKENS,
            padding=clip.padding,
            square_brackets=square_brackets,
        )
        parts.append(sentence.tokens)
    width = max(part.shape[-1] for part in parts)
    tokens = torch.cat([F.pad(part, (0, width - part.shape[-1])) for part in parts], dim=1)
    return Conditioning((ConditioningEntry(tokens, torch.cat(pooled, dim=-1)),))


def _widths(clip: Clip, role: str) -> tuple[int, int]:
    """Width of an encoder's text and of its pooled text; of a missing one the published ones."""
    weights = clip.encoder(role)
    if weights is None:
        return _PUBLISHED[role], _PUBLISHED[role]
    width = int(weights.config["hidden_size"])
    return width, int(weights.config.get("projection_dim", width))


FAMILY = SD3()
