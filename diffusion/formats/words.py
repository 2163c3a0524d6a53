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
    "controlnet_xs": "a ControlNet-XS",
    "sparse_ctrl": "a SparseCtrl network",
    "controlnext": "a ControlNeXt network",
    "lllite": "a ControlNet-LLLite",
    "anytext": "AnyText's network",
    "ctrlora": "a CtrLoRA base ControlNet",
    "t2i_style": "a T2I style adapter",
    "coadapter_fuser": "a CoAdapter fuser",
    "motion_module": "an AnimateDiff motion module",
    "motion_lora": "a LoRA for AnimateDiff motion modules",
    "motion_unet": "a denoising network with motion modules (AnimateDiff)",
    "ip_adapter_plus": "an IP-Adapter Plus",
    "ip_adapter_full_face": "an IP-Adapter Full-Face",
    "ip_adapter_portrait": "an IP-Adapter Portrait",
    "ip_adapter_faceid": "an IP-Adapter FaceID",
    "ip_adapter_faceid_plus": "an IP-Adapter FaceID Plus",
    "ip_adapter_instantx": "an IP-Adapter of InstantX",
    "ip_adapter_xlabs": "an IP-Adapter of XLabs",
    "ip_adapter_other": "an IP-Adapter of an unknown layout",
    "instantid": "an IP-Adapter on raw face embeddings (InstantID, or Portrait unnorm)",
    "pulid": "a PuLID network",
    "photomaker": "a PhotoMaker network",
    "iclight": "IC-Light offset weights",
    "unet_offset": "offset weights of a UNet (differences to another one)",
    "numbered_lora": "a LoRA whose layers are only numbered (cloneofsimo's first layout)",
    "ambiguous": "a file that has the marks of several kinds",
    "unknown": "a network that weft does not know",
}

NOT_YET = frozenset(
    {
        "controlnet_xs",
        "sparse_ctrl",
        "controlnext",
        "lllite",
        "anytext",
        "ctrlora",
        "t2i_style",
        "coadapter_fuser",
        "motion_module",
        "motion_lora",
        "motion_unet",
        "ip_adapter_plus",
        "ip_adapter_full_face",
        "ip_adapter_portrait",
        "ip_adapter_faceid",
        "ip_adapter_faceid_plus",
        "ip_adapter_instantx",
        "ip_adapter_xlabs",
        "ip_adapter_other",
        "instantid",
        "pulid",
        "photomaker",
        "iclight",
        "unet_offset",
        "numbered_lora",
    }
)
"""Kinds that are recognized, and that no loader takes."""


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
    "kolors": "Kolors",
    "siglip": "SigLIP",
    "kl4": "SD1.x, SD2.x or SDXL",
    "kl16": "SD3 or Flux",
    "unknown": "an unknown family",
}


VARIANT_WORDS: Mapping[str, str] = {
    "inpaint": "inpainting",
    "edit": "InstructPix2Pix",
    "unclip": "unCLIP",
    "union": "union of 6 kinds",
    "promax": "union ProMax, 8 kinds",
    "rgb": "RGB",
    "fc": "foreground (fc)",
    "fbc": "foreground and background (fbc)",
    "scribble": "scribble",
}


def family_words(family: str) -> str:
    """A family's name for people."""
    return FAMILY_WORDS.get(family, family)
