"""Stable Diffusion 2.x: OpenCLIP-H's last layer but one, noise or velocity prediction.

Which of the two is known from a folder's scheduler, from the file's metadata, or from the weights:
in the 768-pixel models, trained for velocity, one bias of the last attention layer is spread far
wider (above 0.09) than in the 512-pixel ones. Where none of it helps, `ModelSamplingDiscrete` sets
it.

Inpainting (9 input channels) UNets run the same. Those of unCLIP are told a picture's embedding and
how much noise was put on it (Rombach's group, "Stable unCLIP 2.1").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..prediction import model_sampling
from ..vae import format as latent_format
from .family import FileSays, stated_sampling
from .unet import UNetFamily, is_modern

if TYPE_CHECKING:
    from ..formats.network_facts import NetworkFacts
    from ..types import Clip, Conditioning

_TELLING = "up_blocks.3.attentions.2.transformer_blocks.0.norm1.bias"
_SPREAD = 0.09


class SD2(UNetFamily):
    """See the module."""

    name = "sd2"
    words = "SD2.x"
    pipeline = "StableDiffusionPipeline"
    inpaint_pipeline = "StableDiffusionInpaintPipeline"
    latent = latent_format.SD1
    sampling = model_sampling.SD1
    encoders = ("CLIP-H",)
    text_places = (("cond_stage_model.model.", "cond_stage_model.transformer.text_model."),)

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "unet" and not facts.added and is_modern(facts)

    def read_sampling(self, file: FileSays) -> model_sampling.ModelSampling:
        stated = stated_sampling(self.sampling, file)
        said = file.scheduler.get("prediction_type") or "modelspec.prediction_type" in file.metadata
        if said or "v_pred" in file.facts.markers or file.facts.variant in {"inpaint", "edit"}:
            return stated
        bias = file.tensor(_TELLING)
        if bias is not None and float(bias.float().std(correction=0)) > _SPREAD:
            return model_sampling.SD2_V
        return stated

    def _encode(self, clip: Clip, texts: Sequence[str], square_brackets: bool) -> Conditioning:
        from ..text.clip import encode_clip
        from ..types import Conditioning, ConditioningEntry

        # Files that diffusers wrote have left the unused last layer out already.
        usual = -1 if clip.weights.config["num_hidden_layers"] == 23 else -2
        text = encode_clip(
            clip.weights,
            texts[0],
            layer=usual if clip.last_layer is None else clip.last_layer,
            pad=0,
            square_brackets=square_brackets,
        )
        return Conditioning((ConditioningEntry(text.tokens, text.pooled),))


FAMILY = SD2()
