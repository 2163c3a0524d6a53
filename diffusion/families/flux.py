"""Flux: a transformer over T5's text and the picture, told CLIP's pooled text; flow matching.

dev was distilled from guidance and is told how strong it shall be; schnell is not, and has no shift
of its noise levels. Which of the two it is, the guidance embedding among the tensors says. Fill,
Canny and Depth have more channels, for a picture beside the noise; Kontext is dev, shown pictures.
Redux makes text tokens of pictures (`image_prompts.redux`).

Source: black-forest-labs/flux; text and shift as ComfyUI has them.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from ..control.apply import takes_latents
from ..control.control_types import picture_number
from ..guidance.untold import NOTHING
from ..image_prompts.redux import attention_bias
from ..prediction import model_sampling
from ..vae import format as latent_format
from .family import (
    Control,
    Family,
    FileSays,
    Inputs,
    Residuals,
    Row,
    even,
    pooled_of,
    same_length_tokens,
)
from .flux_pictures import beside, patches, places, references

if TYPE_CHECKING:
    from torch import Tensor

    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning, ControlUse, Model

_PICTURES = ("beside", "references")
_ATTENTION = "joint_attention_kwargs"
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
    takes_references = True
    takes_styles = True
    controls = ("flux",)
    control_fits = (
        ("heads", "num_attention_heads"),
        ("widths of heads", "attention_head_dim"),
        ("text width", "joint_attention_dim"),
        ("width of the pooled text", "pooled_projection_dim"),
        ("channels", "in_channels"),
    )

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
        inputs: dict[str, Any] = {
            "encoder_hidden_states": tokens,
            "pooled_projections": pooled_of(rows, batch, config["pooled_projection_dim"], like),
            "img_ids": places(tall, wide).to(like),
            "txt_ids": torch.zeros(tokens.shape[1], 3).to(like),
        }
        if config["guidance_embeds"]:
            told = [_guidance(row.entry.guidance) for row in rows for _ in range(batch)]
            inputs["guidance"] = torch.tensor(told).to(like)
        inputs["beside"] = beside(
            rows, shape, config["in_channels"] // 4 - self.latent.channels, like
        )
        inputs["references"] = references(rows, shape, like)
        shown = 0 if inputs["references"] is None else inputs["references"][0].shape[1]
        bias = attention_bias([row.entry for row in rows], batch, tall * wide + shown, like)
        if bias is not None:
            inputs[_ATTENTION] = {"attention_mask": bias}
        return inputs

    def forward(
        self, network: Any, x: Tensor, timestep: float, inputs: Inputs, residuals: Residuals
    ) -> Tensor:
        import torch

        padded = even(x)
        count, channels, height, width = padded.shape
        hidden, told = patches(padded), {n: v for n, v in inputs.items() if n not in _PICTURES}
        drawn, added = hidden.shape[1], residuals
        if inputs["beside"] is not None:
            hidden = torch.cat([hidden, inputs["beside"]], dim=2)
        if inputs["references"] is not None:
            tokens, ids = inputs["references"]
            hidden = torch.cat([hidden, tokens], dim=1)
            told["img_ids"] = torch.cat([told["img_ids"], ids])
            added = _lengthened(residuals, tokens.shape[1])
        output: Tensor = network(
            hidden_states=hidden,
            timestep=torch.full((count,), timestep, device=x.device, dtype=x.dtype),
            controlnet_block_samples=added.get("double"),
            controlnet_single_block_samples=added.get("single"),
            return_dict=False,
            **told,
        )[0][:, :drawn]
        cells = output.reshape(count, height // 2, width // 2, channels, 2, 2)
        whole = cells.permute(0, 3, 1, 4, 2, 5).reshape(count, channels, height, width)
        return whole[..., : x.shape[-2], : x.shape[-1]]

    def control_picture(
        self, use: ControlUse, size: tuple[int, int], batch: int, like: Tensor
    ) -> Tensor:
        import torch.nn.functional as F

        picture = super().control_picture(use, size, batch, like)
        if takes_latents(use.net):
            return patches(even(picture))
        # Networks with an encoder of their own see values around 0, and whole patches.
        tall, wide = (side % 2 * self.latent.downscale for side in size)
        return F.pad(picture * 2.0 - 1.0, (0, wide, 0, tall), mode="replicate")

    def control(
        self, control: Control, x: Tensor, timestep: float, inputs: Inputs, network: Any
    ) -> Residuals:
        import torch

        config, module = control.net.weights.config, control.module
        left_out = {"guidance", _ATTENTION, *_PICTURES}
        told = {name: value for name, value in inputs.items() if name not in left_out}
        if config["guidance_embeds"]:
            usual = torch.full((x.shape[0],), GUIDANCE, device=x.device, dtype=x.dtype)
            told["guidance"] = inputs.get("guidance", usual).nan_to_num(nan=GUIDANCE)
        number = picture_number(control.net)
        if number is not None:
            told["controlnet_mode"] = torch.full((x.shape[0], 1), number, device=x.device)
        elif module.union:
            module = copy.copy(module)  # a shell of its own: the module is shared
            module.union = False
        double, single = module(
            hidden_states=patches(even(x)),
            controlnet_cond=control.picture,
            conditioning_scale=control.strength,
            timestep=torch.full((x.shape[0],), timestep, device=x.device, dtype=x.dtype),
            return_dict=False,
            **told,
        )
        found: dict[str, Any] = {}
        for name, parts, blocks in (
            ("double", double, network.transformer_blocks),
            ("single", single, network.single_transformer_blocks),
        ):
            if parts:
                cyclic = name == "double" and not takes_latents(control.net)
                found[name] = _spread(parts, len(blocks), cyclic=cyclic)
        return found

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


def _spread(parts: Sequence[Tensor], blocks: int, *, cyclic: bool) -> list[Tensor]:
    """One addition for every block: each serves a run of blocks, or (XLabs) they take turns."""
    run = math.ceil(blocks / len(parts))
    return [parts[n % len(parts) if cyclic else n // run] for n in range(blocks)]


FAMILY = Flux()
