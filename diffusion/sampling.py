"""From noise to latents: one function."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .brownian import BrownianNoise
from .control import check_factor
from .errors import ParameterError, SamplingError
from .guidance import Guided, Masked, latent_mask
from .latent_format import for_model
from .noise import StepNoise, initial_noise
from .samplers import SAMPLERS
from .samplers.protocol import AfterStep, Predict, Sampler
from .schedules import schedule_sigmas
from .sigmas import Sigmas
from .types import Conditioning, Latent, Model

if TYPE_CHECKING:
    from torch import Tensor

    from .denoiser import Denoiser


@dataclass(frozen=True, slots=True, eq=False)
class StepInfo:
    """What `on_step` is told after each step.

    Attributes:
        step: Steps done, 1 to total.
        total: Steps of this run.
        sigma: Noise level the step started from.
        denoised: (B, C, h, w) float32, the clean picture as seen at this step, in the space of
            `Latent.samples`, on the compute device: decode it for a preview.
    """

    step: int
    total: int
    sigma: float
    denoised: Tensor


def sample(
    model: Model,
    positive: Conditioning,
    negative: Conditioning,
    latent: Latent,
    *,
    seed: int,
    steps: int,
    cfg: float,
    sampler_name: str,
    scheduler: str,
    denoise: float = 1.0,
    start_step: int | None = None,
    last_step: int | None = None,
    add_noise: bool = True,
    force_full_denoise: bool = True,
    on_step: Callable[[StepInfo], None] | None = None,
) -> Latent:
    """Sample latents from noise, or from other latents.

    Args:
        model: What to sample from, with its patches.
        positive: What the picture shall show.
        negative: What guidance leads away from; not looked at when cfg is 1.
        latent: Where to start: `empty_latent` for text-to-image, an encoded picture for
            image-to-image. With a noise mask only the masked part changes.
        seed: 0 to 2**64 - 1; noise is drawn on the CPU, so every device starts alike.
        steps: Steps of the whole schedule, 1 or more.
        cfg: Guidance strength; 1 = none (and half the work).
        sampler_name: A key of `SAMPLERS`.
        scheduler: A key of `SCHEDULERS`.
        denoise: Part of the schedule to run, in (0, 1]: with 0.5, `steps` steps are taken over the
            later half of the noise levels. 0 = return the latent as it is.
        start_step: First step to take, counted from 0; None = 0. Past the end: nothing is done.
        last_step: Stop before this step; None = run to the end.
        add_noise: Whether noise is added first; False for a latent that still holds some.
        force_full_denoise: When stopping early, whether the last step goes to a clean picture.
        on_step: Called after each step; may raise to cancel.

    Returns:
        A new latent of the same shape, with the mask and batch numbers of the given one.

    Raises:
        ParameterError: A name or number out of range.
        ShapeError: Latent or prompt do not fit the model.
        ModelError: A ControlNet or adapter does not fit the model.
        SamplingError: The network gave something that is no number; says at which step.

    Source: schedule, noise and start rules as ComfyUI has them (its KSampler), measured.
    """
    import torch

    from .families import open_denoiser, sampling_of

    rule = _sampler(sampler_name)
    _check_numbers(cfg, denoise, start_step, last_step)
    latent = for_model(latent, model)
    table = sampling_of(model).table()
    sigmas = run_sigmas(
        table, rule, scheduler, steps, denoise, start_step, last_step, force_full_denoise
    )
    shape = tuple(latent.samples.shape)
    noise = initial_noise(shape, seed, latent.batch_index)
    if len(sigmas) < 2:
        return latent
    if not add_noise:
        noise = torch.zeros_like(noise)

    with torch.no_grad():
        denoiser = open_denoiser(model)
        noise = noise.to(denoiser.device)
        start = denoiser.latent.to_network(latent.samples.to(denoiser.device))
        predict: Predict = Guided(denoiser, positive, negative, cfg)
        if latent.noise_mask is not None:
            predict = Masked(predict, latent_mask(latent.noise_mask, start), start, noise)
        step_noise = BrownianNoise.between(sigmas) if rule.brownian else StepNoise
        x = denoiser.parametrization.noised(start, noise, sigmas[0])
        x = rule.run(
            predict,
            x,
            sigmas,
            noise=step_noise(shape, seed, latent.batch_index),
            after_step=_reporter(denoiser, len(sigmas) - 1, on_step),
        )
        samples = denoiser.latent.to_stored(x).to(device="cpu", dtype=torch.float32)
    return replace(latent, samples=samples)


def run_sigmas(
    table: Sigmas,
    sampler: Sampler,
    scheduler: str,
    steps: int,
    denoise: float = 1.0,
    start_step: int | None = None,
    last_step: int | None = None,
    force_full_denoise: bool = True,
) -> list[float]:
    """The sigmas a run visits; fewer than two when there is nothing to do. See `sample`."""
    if steps < 1 or denoise > 0.9999:
        sigmas = _whole_schedule(table, sampler, scheduler, steps)
    elif denoise <= 0.0:
        return []
    else:
        sigmas = _whole_schedule(table, sampler, scheduler, int(steps / denoise))[-(steps + 1) :]
    if last_step is not None and last_step < len(sigmas) - 1:
        sigmas = sigmas[: last_step + 1]
        if force_full_denoise:
            sigmas[-1] = 0.0
    if start_step is not None:
        sigmas = sigmas[start_step:]
    return sigmas if len(sigmas) > 1 else []


def _whole_schedule(table: Sigmas, sampler: Sampler, scheduler: str, steps: int) -> list[float]:
    if not sampler.drops_penultimate:
        return schedule_sigmas(scheduler, table, steps)
    longer = schedule_sigmas(scheduler, table, steps + 1 if steps >= 1 else steps)
    return [*longer[:-2], longer[-1]]


def _reporter(
    denoiser: Denoiser, total: int, on_step: Callable[[StepInfo], None] | None
) -> AfterStep:
    import torch

    def after_step(index: int, sigma: float, denoised: Tensor, x: Tensor) -> None:
        # A sum is not finite when any part is not; cheaper than looking at every number.
        if not math.isfinite(float(x.sum())) and not bool(torch.isfinite(x).all()):
            raise SamplingError(
                "sample.not_finite",
                f"Step {index + 1} of {total} (sigma {sigma:.4g}) gave values that are no numbers.",
                expected="finite latents",
                got="nan or inf",
                hint="Set WEFT_DTYPE=float32; if it stays, the model file is damaged.",
            )
        if on_step is not None:
            on_step(StepInfo(index + 1, total, sigma, denoiser.latent.to_stored(denoised)))

    return after_step


def _sampler(name: str) -> Sampler:
    if name not in SAMPLERS:
        raise ParameterError(
            "sampler.unknown",
            f'There is no sampler "{name}".',
            expected=", ".join(SAMPLERS),
            got=name,
        )
    return SAMPLERS[name]


def _check_numbers(
    cfg: float, denoise: float, start_step: int | None, last_step: int | None
) -> None:
    check_factor("cfg", cfg)
    if not 0.0 <= denoise <= 1.0:
        raise ParameterError(
            "sample.bad_denoise", "denoise is out of range.", expected="0 to 1", got=str(denoise)
        )
    for name, value in (("start_step", start_step), ("last_step", last_step)):
        if value is not None and value < 0:
            raise ParameterError(
                "sample.bad_steps", f"{name} is negative.", expected="0 or more", got=str(value)
            )
