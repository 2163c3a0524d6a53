"""Playground v2.5: SDXL's networks, trained with EDM on normalised latents.

Version 2 is plain SDXL. Source: Li et al. 2024, "Playground v2.5"; mean and spread of the latents
are those of its published VAE configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..prediction import model_sampling
from ..vae import format as latent_format
from .family import FileSays
from .sdxl import SDXL

if TYPE_CHECKING:
    from ..formats.network_facts import NetworkFacts


class Playground(SDXL):
    """See the module."""

    name = "playground"
    words = "Playground v2.5"
    latent = latent_format.PLAYGROUND
    sampling = model_sampling.PLAYGROUND_V2_5

    def owns(self, facts: NetworkFacts) -> bool:
        return facts.body == "unet" and facts.added > 0 and "edm_mean" in facts.markers

    def read_sampling(self, file: FileSays) -> model_sampling.ModelSampling:
        return self.sampling


FAMILY = Playground()
