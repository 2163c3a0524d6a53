"""Pictures as prompts for models that are told their embeddings (unCLIP, Revision)."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Clip, ClipVision, Conditioning, Image, ImageEmbeds, Model, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import ModelFile, Range
from ..models.model_files import model_path


class UnCLIPCheckpoint(NamedTuple):
    """The four models of an unCLIP checkpoint."""

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
    """Load an unCLIP checkpoint: a model that takes pictures as prompts, and its image encoder.

    Args:
        ckpt_name: A safetensors file in the layout of its first publication, or a diffusers
            folder.

    Returns:
        The four models.

    Raises:
        ModelError: The file is damaged, is no checkpoint, or holds no image encoder.
    """
    from ...diffusion import load_unclip

    return UnCLIPCheckpoint(*load_unclip(model_path(run, "checkpoints", ckpt_name)))


@node("CLIPVisionEncode", category="conditioning/pictures", lane="gpu")
def clip_vision_encode(
    clip_vision: ClipVision, image: Image, *, crop: Literal["center", "none"] = "center"
) -> ImageEmbeds:
    """See what is in pictures.

    Args:
        clip_vision: The image encoder: CLIP, or SigLIP for ApplyStyleModel (Flux Redux).
        image: (B, H, W, 3) float32 in [0, 1]; several pictures act together.
        crop: The encoder sees squares: `center` cuts the middle out, `none` squeezes the picture.

    Returns:
        CLIP: one projected embedding a picture. SigLIP: one vector for each patch of a picture.

    Source: CLIP (Radford 2021), SigLIP (Zhai 2023).
    """
    from ...diffusion.image_prompts.image_encoder import see_image

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
    """Let pictures act together with a prompt, in models that are told pictures' embeddings.

    These are unCLIP models (SD2.1), and SDXL, which takes a picture in place of the whole of the
    prompt ("Revision"; empty the prompt with ConditioningZeroOut to see the picture alone). SDXL's
    image encoder is CLIP-G's.

    Args:
        conditioning: The prompt.
        clip_vision_output: What the model's image encoder saw.
        strength: Factor on what the model is told; 0 leaves the pictures out.
        noise_augmentation: 0 follows the picture closely, 1 hardly at all.

    Returns:
        The prompt with the pictures.

    Source: unCLIP (Ramesh 2022), Stable unCLIP 2.1; several pictures as in ComfyUI.
    """
    from ...diffusion.image_prompts.unclip import add_pictures

    return add_pictures(conditioning, clip_vision_output, strength, noise_augmentation)
