"""Kinds and families of model files as people name them."""

from __future__ import annotations

from collections.abc import Mapping

KIND_WORDS: Mapping[str, str] = {
    "checkpoint": "a full checkpoint (UNet, VAE and text encoder)",
    "unet": "a denoising network alone",
    "vae": "a VAE",
    "text_encoder": "a text encoder",
    "controlnet": "a ControlNet",
    "ip_adapter": "an IP-Adapter",
    "clip_vision": "an image encoder",
    "style_model": "a style model",
    "gligen": "a GLIGEN network",
    "lora": "a LoRA",
    "t2i_adapter": "a T2I-Adapter",
    "embedding": "a textual inversion embedding",
    "upscaler": "an upscaler",
    "hypernetwork": "a hypernetwork",
    "unknown": "a network that weft does not know",
}


FAMILY_WORDS: Mapping[str, str] = {
    "sd1": "SD1.x",
    "sd2": "SD2.x",
    "sdxl": "SDXL",
    "sdxl_refiner": "the SDXL refiner",
    "playground": "Playground v2.5",
    "sd3": "SD3",
    "flux": "Flux",
    "pixart": "PixArt",
    "pixart_alpha": "PixArt-alpha",
    "pixart_sigma": "PixArt-sigma",
    "siglip": "SigLIP",
    "kl4": "SD1.x, SD2.x or SDXL",
    "kl16": "SD3 or Flux",
    "unknown": "an unknown family",
}


VARIANT_WORDS: Mapping[str, str] = {
    "inpaint": "inpainting",
    "edit": "InstructPix2Pix",
    "unclip": "unCLIP",
}


def family_words(family: str) -> str:
    """A family's name for people."""
    return FAMILY_WORDS.get(family, family)
