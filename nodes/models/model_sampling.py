"""Sampling settings of a model: prediction type, sigmas, shift."""

from __future__ import annotations

from typing import Annotated

from weft.diffusion.types import Model
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Choice, Range

from ..rules import noise_levels

CATEGORY = "model/sampling"


@node("ModelSamplingDiscrete", category=CATEGORY, lane="inline")
def model_sampling_discrete(
    model: Model,
    *,
    sampling: Annotated[str, Choice(("eps", "v_prediction", "lcm", "x0"))] = "eps",
    zsnr: bool = False,
) -> Model:
    """Set the prediction type of a model with discrete timesteps.

    Args:
        model: The model. It keeps the beta schedule of its family.
        sampling: The prediction type: noise (eps), velocity (v_prediction), the clean image (x0),
            or noise for a latent consistency model with 50 timesteps (lcm). Use it when the file
            does not state its type.
        zsnr: Whether the model was trained to start from pure noise (zero terminal SNR).

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is a flow model, which has no discrete timesteps.

    Source: Lin et al. 2023 (zero terminal SNR), Luo et al. 2023 (LCM).
    """
    from weft.diffusion.denoising.resampling import discrete

    return discrete(model, sampling, zero_snr=zsnr)


@node("ModelSamplingContinuousEDM", category=CATEGORY, lane="inline", refuses=noise_levels)
def model_sampling_continuous_edm(
    model: Model,
    *,
    sampling: Annotated[str, Choice(("v_prediction", "edm", "eps"))] = "v_prediction",
    sigma_max: Annotated[float, Range(0, 1000, step=0.001, above=True)] = 120.0,
    sigma_min: Annotated[float, Range(0, 1000, step=0.001, above=True)] = 0.002,
) -> Model:
    """Sample a model trained on continuous sigmas (EDM), with log(sigma) / 4 as its timestep.

    Args:
        model: The model.
        sampling: The prediction type: velocity (v_prediction), noise (eps), or Karras'
            preconditioning (edm).
        sigma_max: The highest sigma.
        sigma_min: The lowest sigma, above 0.

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is a flow model.
        ParameterError: The sigmas are not 0 < sigma_min < sigma_max.

    Source: Karras et al. 2022.
    """
    from weft.diffusion.denoising.resampling import continuous

    return continuous(model, sampling, sigma_min, sigma_max)


@node("ModelSamplingContinuousV", category=CATEGORY, lane="inline", refuses=noise_levels)
def model_sampling_continuous_v(
    model: Model,
    *,
    sampling: Annotated[str, Choice(("v_prediction",))] = "v_prediction",
    sigma_max: Annotated[float, Range(0, 1000, step=0.001, above=True)] = 500.0,
    sigma_min: Annotated[float, Range(0, 1000, step=0.001, above=True)] = 0.03,
) -> Model:
    """Sample a model trained on continuous sigmas, with an angle as its timestep.

    Args:
        model: The model.
        sampling: The prediction type. Such models predict velocity only.
        sigma_max: The highest sigma.
        sigma_min: The lowest sigma, above 0.

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is a flow model.
        ParameterError: The sigmas are not 0 < sigma_min < sigma_max.

    Source: Salimans & Ho 2022.
    """
    from weft.diffusion.denoising.resampling import continuous

    return continuous(model, sampling, sigma_min, sigma_max, angle=True)


@node("ModelSamplingSD3", category=CATEGORY, lane="inline")
def model_sampling_sd3(
    model: Model, *, shift: Annotated[float, Range(0, 100, step=0.01, above=True)] = 3.0
) -> Model:
    """Shift the sigmas of a flow model towards more noise, as larger images need it.

    Args:
        model: A flow model.
        shift: The shift: a factor on sigma / (1 - sigma), above 0. 1 is none; SD3 was trained for
            3.

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is no flow model.
        ParameterError: The shift is not above 0.

    Source: Esser et al. 2024, eq. 23.
    """
    from weft.diffusion.denoising.resampling import shifted_flow

    return shifted_flow(model, shift)


@node("ModelSamplingAuraFlow", category=CATEGORY, lane="inline")
def model_sampling_aura_flow(
    model: Model, *, shift: Annotated[float, Range(0, 100, step=0.01, above=True)] = 1.73
) -> Model:
    """Shift the sigmas of a flow model whose timestep is sigma itself, such as AuraFlow.

    Args:
        model: A flow model.
        shift: The shift: a factor on sigma / (1 - sigma), above 0. 1 is none.

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is no flow model.
        ParameterError: The shift is not above 0.

    Source: Esser et al. 2024, eq. 23.
    """
    from weft.diffusion.denoising.resampling import shifted_flow

    return shifted_flow(model, shift, multiplier=1.0)


@node("ModelSamplingFlux", category=CATEGORY, lane="inline")
def model_sampling_flux(
    model: Model,
    *,
    max_shift: Annotated[float, Range(0, 100, step=0.01)] = 1.15,
    base_shift: Annotated[float, Range(0, 100, step=0.01)] = 0.5,
    width: Annotated[int, Range(16, 16_384, step=8)] = 1024,
    height: Annotated[int, Range(16, 16_384, step=8)] = 1024,
) -> Model:
    """Shift the sigmas of a flow model towards more noise by the image size, as Flux does.

    Args:
        model: A flow model.
        max_shift: The logarithm of the shift at 1024 x 1024 pixels.
        base_shift: The logarithm of the shift at 256 x 256 pixels.
        width: Width of the image in pixels.
        height: Height of the image in pixels.

    Returns:
        The model with these sampling settings.

    Raises:
        ModelError: The model is no flow model.

    Source: Black Forest Labs 2024 (Flux): linear in the number of 16 x 16 pixel cells.
    """
    from weft.diffusion.denoising.resampling import flux_flow

    return flux_flow(model, max_shift, base_shift, width, height)
