"""Stable Diffusion 1.x: noise prediction, one CLIP text encoder, latents times 0.18215.

Inpainting (9 input channels), InstructPix2Pix (8) and LCM (guidance embedding) UNets run the same.
Chinese models (Taiyi) have the same UNet with a BERT text encoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..prediction import model_sampling
from ..vae import format as latent_format
from .unet import UNetFamily, is_modern

if TYPE_CHECKING:
    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning


BERT_TOKENS = 77
"""Length of a text for BERT when its tokenizer's configuration names none."""


class SD1(UNetFamily):
    """See the module."""

    name = "sd1"
    words = "SD1.x"
    pipeline = "StableDiffusionPipeline"
    inpaint_pipeline = "StableDiffusionInpaintPipeline"
    latent = latent_format.SD1
    sampling = model_sampling.SD1
    encoders = ("CLIP-L",)
    text_places = (("cond_stage_model.transformer.text_model.", "cond_stage_model.transformer."),)

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "unet" and not facts.added and not is_modern(facts)

    def width_of(self, clip: Clip) -> int | None:
        config = clip.weights.config
        return int(config.get("projection_dim") or config["hidden_size"])

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..text.clip import encode_clip
        from ..text.t5 import encode_sentence
        from ..types import Conditioning, ConditioningEntry

        weights = clip.weights
        if weights.extras.get("role") == "BERT":
            length = weights.extras.get("text_length") or BERT_TOKENS
            sentence = encode_sentence(
                weights, texts[0], least=length, most=length, square_brackets=square_brackets
            )
            return Conditioning((ConditioningEntry(sentence.tokens),))
        text = encode_clip(
            weights,
            texts[0],
            layer=-1 if clip.last_layer is None else clip.last_layer,
            square_brackets=square_brackets,
        )
        return Conditioning((ConditioningEntry(text.tokens, text.pooled),))


FAMILY = SD1()
