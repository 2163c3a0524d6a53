"""Text and conditions that only some families know: SDXL, SD3, Flux, PixArt, inpainting models."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, NamedTuple

from ...diffusion.types import Clip, Conditioning, Image, Latent, Mask, SizeHint, Vae
from ...engine.declaration.context import Run
from ...engine.declaration.node import node
from ...engine.declaration.widgets import Range
from .prompts import Prompt, embeddings_of

MAX_SIDE = 16_384
PIXART = ("pixart_alpha", "pixart_sigma")
Side = Annotated[int, Range(0, MAX_SIDE)]
Guidance = Annotated[float, Range(0, 100, step=0.1, soft=(1, 10))]


@node("CLIPSetLastLayer", category="conditioning", lane="inline")
def clip_set_last_layer(
    clip: Clip, *, stop_at_clip_layer: Annotated[int, Range(-24, -1)] = -1
) -> Clip:
    """Take the text from an earlier layer of the CLIP text encoders ("clip skip").

    Args:
        clip: The text encoder.
        stop_at_clip_layer: -1 the last layer, -2 the one before it ("clip skip 2"), and so on.
            Without this node SD1.x takes the last layer, SD2.x and SDXL the one before it.

    Returns:
        The same encoder, read at that layer.

    Raises:
        DiffusionError: The encoder has not that many layers.
    """
    from ...diffusion import set_clip_last_layer

    return set_clip_last_layer(clip, stop_at_clip_layer)


@node("T5TokenizerOptions", category="conditioning", lane="inline")
def t5_tokenizer_options(
    clip: Clip,
    *,
    min_padding: Annotated[int, Range(0, 10_000)] = 0,
    min_length: Annotated[int, Range(0, 10_000)] = 0,
) -> Clip:
    """Say how much padding the text of a T5 encoder gets (SD3, Flux, PixArt).

    Without this node it is what the family was trained with: SD3 at least 77 tokens, Flux 256.

    Args:
        clip: The text encoders; those that are no T5 stay as they are.
        min_padding: Padding behind every prompt, in tokens.
        min_length: Tokens a prompt has at least, padding and all; 0 = no more than it needs.

    Returns:
        The same encoders with this padding.
    """
    from dataclasses import replace

    from ...diffusion.types import SentencePadding

    return replace(clip, padding=SentencePadding(min_padding, min_length))


@node("CLIPTextEncodeSDXL", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sdxl(
    run: Run,
    clip: Clip,
    *,
    width: Side = 1024,
    height: Side = 1024,
    crop_w: Side = 0,
    crop_h: Side = 0,
    target_width: Side = 1024,
    target_height: Side = 1024,
    text_g: Prompt,
    text_l: Prompt,
) -> Conditioning:
    """Encode a prompt for SDXL, with a text for each encoder and the sizes it was trained with.

    Args:
        clip: Text encoders of an SDXL model.
        width: Width of the original picture in pixels; small ones were blurry in training.
        height: Its height.
        crop_w: Pixels cut off on the left in training; 0 = the motif in the middle.
        crop_h: Pixels cut off above.
        target_width: Width of the picture that is wanted.
        target_height: Its height.
        text_g: Prompt for the large encoder (CLIP-G).
        text_l: Prompt for the small encoder (CLIP-L).

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, 2048) float32.

    Raises:
        DiffusionError: The encoders are not SDXL's.

    Source: Podell et al. 2023.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(
            clip, text_l, text_g, families=("sdxl", "playground"), square_brackets=False
        )
    size = SizeHint(width, height, crop_w, crop_h, target_width, target_height)
    return Conditioning(tuple(replace(entry, size=size) for entry in encoded.entries))


@node("CLIPTextEncodeSDXLRefiner", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sdxl_refiner(
    run: Run,
    clip: Clip,
    *,
    ascore: Annotated[float, Range(0, 1000, step=0.01)] = 6.0,
    width: Side = 1024,
    height: Side = 1024,
    text: Prompt,
) -> Conditioning:
    """Encode a prompt for the SDXL refiner, with the beauty it shall aim at.

    Args:
        clip: Text encoder of an SDXL refiner.
        ascore: Aesthetic score as in its training data, about 1 to 10; 6 for the positive prompt,
            2.5 for the negative one are usual.
        width: Width of the original picture in pixels.
        height: Its height.
        text: The prompt.

    Returns:
        Conditioning of one entry, tokens (1, 77 * chunks, 1280) float32.

    Raises:
        DiffusionError: The encoder is not the refiner's.

    Source: Podell et al. 2023.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, text, families=("sdxl_refiner",), square_brackets=False)
    size = SizeHint(width, height)
    return Conditioning(
        tuple(replace(entry, size=size, aesthetic=ascore) for entry in encoded.entries)
    )


@node("CLIPTextEncodeSD3", category="conditioning/families", lane="gpu", version=3)
def clip_text_encode_sd3(
    run: Run,
    clip: Clip,
    *,
    clip_l: Prompt,
    clip_g: Prompt,
    t5xxl: Prompt,
    empty_padding: Literal["none", "empty_prompt"] = "none",
) -> Conditioning:
    """Encode a prompt for SD3, with a text for each encoder.

    Args:
        clip: Text encoders of an SD3 model, with or without T5.
        clip_l: Prompt for the small CLIP encoder.
        clip_g: Prompt for the large CLIP encoder.
        t5xxl: Prompt for T5, which follows long sentences.
        empty_padding: What an empty text becomes: nothing (zeros; T5 is left out), or the encoded
            empty prompt.

    Returns:
        Conditioning of one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The encoders are not SD3's.

    Source: Esser et al. 2024; rules of ComfyUI.
    """
    from ...diffusion.families.sd3 import encode_sd3

    texts = [text if text or empty_padding != "none" else None for text in (clip_l, clip_g, t5xxl)]
    with embeddings_of(run):
        return encode_sd3(clip, texts, square_brackets=False)


@node("CLIPTextEncodeFlux", category="conditioning/families", lane="gpu", version=2)
def clip_text_encode_flux(
    run: Run, clip: Clip, *, clip_l: Prompt, t5xxl: Prompt, guidance: Guidance = 3.5
) -> Conditioning:
    """Encode a prompt for Flux, with a text for each encoder and the guidance it is told.

    Args:
        clip: Text encoders of a Flux model.
        clip_l: Prompt for CLIP, of which only the whole counts.
        t5xxl: Prompt for T5, word by word.
        guidance: What the model is told of guidance; dev was distilled for 3.5, schnell is told
            nothing.

    Returns:
        Conditioning of one entry, tokens (1, T, 4096) float32.

    Raises:
        DiffusionError: The encoders are not Flux's.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, clip_l, t5xxl, families=("flux",), square_brackets=False)
    return _guided(encoded, guidance)


@node("FluxGuidance", category="conditioning/families", lane="inline")
def flux_guidance(conditioning: Conditioning, *, guidance: Guidance = 3.5) -> Conditioning:
    """Tell a guidance-distilled model (Flux dev, LCM) how strong its guidance shall be.

    Args:
        conditioning: Encoded prompt.
        guidance: What the model is told. This is not `cfg`: keep that at 1.

    Returns:
        The same prompt with this guidance.
    """
    return _guided(conditioning, guidance)


@node("FluxDisableGuidance", category="conditioning/families", lane="inline")
def flux_disable_guidance(conditioning: Conditioning) -> Conditioning:
    """Tell a guidance-distilled model (Flux dev, LCM) nothing of guidance.

    For finetunes that were trained without it, sampled with a `cfg` above 1. Without this node the
    model is told 3.5 (Flux) or 7.5 (LCM) where FluxGuidance says nothing.

    Args:
        conditioning: Encoded prompt.

    Returns:
        The same prompt; the network adds no embedding of guidance for it.

    Source: as ComfyUI.
    """
    return Conditioning(tuple(replace(entry, guidance="off") for entry in conditioning.entries))


@node("CLIPTextEncodePixArtAlpha", category="conditioning/families", lane="gpu", version=2)
def clip_text_encode_pixart_alpha(
    run: Run, clip: Clip, *, width: Side = 1024, height: Side = 1024, text: Prompt
) -> Conditioning:
    """Encode a prompt for PixArt-alpha, with the size it is told.

    Args:
        clip: Text encoder (T5) of a PixArt model.
        width: Width in pixels that the model is told.
        height: Its height.
        text: The prompt.

    Returns:
        Conditioning of one entry, tokens (1, T, 4096) float32. PixArt-sigma is told no size.

    Raises:
        DiffusionError: The encoder is not PixArt's.
    """
    from ...diffusion import encode_texts

    with embeddings_of(run):
        encoded = encode_texts(clip, text, families=PIXART, square_brackets=False)
    size = SizeHint(width, height)
    return Conditioning(tuple(replace(entry, size=size) for entry in encoded.entries))


@node("CLIPTextEncodeControlnet", category="conditioning", lane="gpu", version=2)
def clip_text_encode_controlnet(
    run: Run, clip: Clip, conditioning: Conditioning, *, text: Prompt
) -> Conditioning:
    """Let ControlNets read another text than the model does.

    Args:
        clip: The text encoders of the model.
        conditioning: The prompt that the model reads.
        text: The prompt that ControlNets read with it.

    Returns:
        The conditioning with this text; ControlNets may be applied before or after. What SDXL and
        others are told of the whole text (pooled) stays the model's.

    Source: as ComfyUI.
    """
    from ...diffusion import encode_text
    from ...diffusion.text.conditioning import set_control_text

    with embeddings_of(run):
        return set_control_text(conditioning, encode_text(clip, text, square_brackets=False))


@node("EmptySD3LatentImage", category="latent", lane="inline")
def empty_sd3_latent_image(
    *,
    width: Annotated[int, Range(16, MAX_SIDE, step=16, multiple=8, soft=(256, 2048))] = 1024,
    height: Annotated[int, Range(16, MAX_SIDE, step=16, multiple=8, soft=(256, 2048))] = 1024,
    batch_size: Annotated[int, Range(1, 4096)] = 1,
) -> Latent:
    """Make an empty latent of 16 channels: the canvas of SD3 and Flux.

    EmptyLatentImage does as well: an empty latent takes the channels of the model that samples it.

    Args:
        width: Width of the picture in pixels, a multiple of 8.
        height: Height of the picture in pixels, a multiple of 8.
        batch_size: Number of pictures.

    Returns:
        Zeros, (batch_size, 16, height / 8, width / 8) float32.
    """
    from ...diffusion import empty_latent

    return empty_latent(width, height, batch_size, channels=16)


class BesideNoise(NamedTuple):
    """Both prompts with a picture, and the latent to sample."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node("InpaintModelConditioning", category="conditioning/families", lane="gpu")
def inpaint_model_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
    mask: Mask,
    *,
    noise_mask: bool = True,
) -> BesideNoise:
    """Show an inpainting model what surrounds the part that it paints.

    Args:
        positive: What to show.
        negative: What to avoid.
        vae: The model's VAE.
        pixels: (B, H, W, 3) float32 in [0, 1]; sides are cut evenly to multiples of 8.
        mask: (B or 1, H, W) float32, 1 = paint; resized to the picture.
        noise_mask: Whether everything outside of the mask is also kept while sampling.

    Returns:
        Both prompts with picture and mask, and the picture's latent.

    Raises:
        DiffusionError: The picture is smaller than 8 pixels.

    Source: as ComfyUI.
    """
    from ...diffusion.control.concat import condition_on_rest

    return BesideNoise(
        *condition_on_rest(positive, negative, vae, pixels, mask, noise_mask=noise_mask)
    )


@node(
    "InstructPix2PixConditioning",
    category="conditioning/families",
    aliases=["InstructPixToPixConditioning"],
    lane="gpu",
)
def instruct_pix2pix_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    pixels: Image,
) -> BesideNoise:
    """Show an editing model the picture that the prompt changes.

    Args:
        positive: What to change, as an instruction.
        negative: What to avoid.
        vae: The model's VAE.
        pixels: (B, H, W, 3) float32 in [0, 1]; sides are cut evenly to multiples of 8.

    Returns:
        Both prompts with the picture, and an empty latent of its size.

    Raises:
        DiffusionError: The picture is smaller than 8 pixels.

    Source: Brooks et al. 2023.
    """
    from ...diffusion.control.concat import condition_on_picture

    return BesideNoise(*condition_on_picture(positive, negative, vae, pixels))


def _guided(conditioning: Conditioning, guidance: float) -> Conditioning:
    return Conditioning(tuple(replace(entry, guidance=guidance) for entry in conditioning.entries))
