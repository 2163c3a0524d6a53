"""Noise into latents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ..diffusion.samplers import SAMPLERS
from ..diffusion.schedules import SCHEDULERS
from ..diffusion.types import Conditioning, Latent, Model
from ..engine.context import Run
from ..engine.node import node
from ..engine.widgets import Choice, Range, Seed

if TYPE_CHECKING:
    from ..diffusion.sampling import StepInfo


@node("KSampler", category="sampling", lane="gpu")
def ksampler(
    run: Run,
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    latent_image: Latent,
    *,
    seed: Annotated[int, Seed()] = 0,
    steps: Annotated[int, Range(1, 10_000)] = 20,
    cfg: Annotated[float, Range(0, 100, step=0.1)] = 8.0,
    sampler_name: Annotated[str, Choice(tuple(SAMPLERS))] = "euler",
    scheduler: Annotated[str, Choice(tuple(SCHEDULERS))] = "normal",
    denoise: Annotated[float, Range(0, 1, step=0.01)] = 1.0,
) -> Latent:
    """Sample: turn noise step by step into the picture that the conditioning describes.

    Args:
        model: The denoising model.
        positive: What to show.
        negative: What to avoid.
        latent_image: Where to start from; its size is the picture's. Its content matters when
            `denoise` is below 1.
        seed: Seed of the noise; the same seed and workflow give the same picture.
        steps: Number of steps.
        cfg: Guidance: how far to go from the negative to the positive; 1 leaves the negative out
            and takes half the time.
        sampler_name: Update rule.
        scheduler: How the noise levels are spaced.
        denoise: Share of the noise schedule that is run: 1 from pure noise, 0.5 keeps the
            composition of `latent_image`, 0 returns it as it is.

    Returns:
        The finished latent, same size.

    Raises:
        DiffusionError: Conditioning, control or adapter do not fit the model; numbers overflowed.

    Source: k-diffusion (Crowson 2022) update rules in sigma space; noise from the CPU generator.
    """
    from ..diffusion import sample

    def on_step(info: StepInfo) -> None:
        run.progress(info.step, info.total)

    return sample(
        model,
        positive,
        negative,
        latent_image,
        seed=seed,
        steps=steps,
        cfg=cfg,
        sampler_name=sampler_name,
        scheduler=scheduler,
        denoise=denoise,
        on_step=on_step,
    )
