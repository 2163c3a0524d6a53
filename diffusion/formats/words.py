"""Families and variants of model files as people name them."""

from __future__ import annotations

from collections.abc import Mapping

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


def family_words(family: str) -> str:
    """A family's name for people."""
    return FAMILY_WORDS.get(family, family)
