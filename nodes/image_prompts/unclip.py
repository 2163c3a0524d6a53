"""Image prompts for models that take CLIP image embeddings (unCLIP, Revision)."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from weft.diffusion.types import Clip, ClipVision, Conditioning, Image, ImageEmbeds, Model, Vae
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import ModelFile, Range

from ..models.model_files import model_path


class UnCLIPCheckpoint(NamedTuple):
    """The model, text encoder, VAE and image encoder of an unCLIP checkpoint."""

    model: Model
    clip: Clip
    vae: Vae
    clip_vision: ClipVision


@node(
    "LoadUnCLIPCheckpoint",
    category="load",
    aliases=["unCLIPCheckpointLoader"],
    effects=["reads"],
    lane="io",
)
def load_unclip_checkpoint(
    run: Run, *, ckpt_name: Annotated[str, ModelFile("checkpoints")]
) -> UnCLIPCheckpoint:
    """Load an unCLIP checkpoint: a model that takes image prompts, with its image encoder.

    Args:
        ckpt_name: A safetensors file in the original layout, or a diffusers folder.

    Returns:
        The model, its text encoder, its VAE and its image encoder.

    Raises:
        ModelError: The file is damaged, is no checkpoint, or holds no image encoder.
    """
    from weft.diffusion import load_unclip

    return UnCLIPCheckpoint(*load_unclip(model_path(run, "checkpoints", ckpt_name)))


@node("CLIPVisionEncode", category="conditioning/pictures", lane="gpu")
def clip_vision_encode(
    clip_vision: ClipVision, image: Image, *, crop: Literal["center", "none"] = "center"
) -> ImageEmbeds:
    """Encode images with a CLIP vision or SigLIP model, for use as an image prompt.

    Args:
        clip_vision: The image encoder: CLIP vision, or SigLIP for ApplyStyleModel (Flux Redux).
        image: The images; several in a batch act together. (B, H, W, 3) float32 in [0, 1].
        crop: How an image that is not square is made square for the encoder: `center` crops to the
            middle, `none` squeezes the whole image.

    Returns:
        The image embedding. CLIP: one projected vector per image. SigLIP: one vector per patch of
        each image.

    Source: CLIP (Radford 2021), SigLIP (Zhai 2023).
    """
    from weft.diffusion.image_prompts.image_encoder import see_image

    return see_image(clip_vision, image, crop=crop == "center")


@node(
    "UnCLIPConditioning",
    category="conditioning/pictures",
    aliases=["unCLIPConditioning"],
    lane="inline",
)
def unclip_conditioning(
    conditioning: Conditioning,
    clip_vision_output: ImageEmbeds,
    *,
    strength: Annotated[float, Range(-10, 10, step=0.01)] = 1.0,
    noise_augmentation: Annotated[float, Range(0, 1, step=0.01)] = 0.0,
) -> Conditioning:
    """Add image prompts to a prompt, for models that take CLIP image embeddings.

    Use it with unCLIP models (SD2.1) and with SDXL. In SDXL the image embedding replaces the pooled
    text embedding ("Revision"); its image encoder is CLIP-G's. Put ConditioningZeroOut before this
    node to use the image alone.

    Args:
        conditioning: The prompt.
        clip_vision_output: The image embedding from the model's image encoder.
        strength: Factor on the image embedding. 1 is as encoded, 0 leaves the images out.
        noise_augmentation: Noise on the image embedding: 0 follows the image closely, 1 hardly at
            all.

    Returns:
        The prompt with the image prompts.

    Source: unCLIP (Ramesh 2022), Stable unCLIP 2.1; several images as in ComfyUI.
    """
    from weft.diffusion.image_prompts.unclip import add_pictures

    return add_pictures(conditioning, clip_vision_output, strength, noise_augmentation)
