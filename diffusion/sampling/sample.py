"""From noise to latents: `sample` for the usual case, `sample_custom` for graph values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks import check_factor
from ..denoising.handlers import begin_run
from ..denoising.mirroring import mirrored
from ..errors import ParameterError, SamplingError
from ..families.fitting import for_model
from ..latents.noise import StepNoise, initial_noise, next_seed
from ..prediction.sigmas import Sigmas
from ..types import Conditioning, Guider, Latent, Model, NoiseSource, SamplerChoice, Schedule
from .brownian import BrownianNoise
from .guided import guided
from .masked import Masked, latent_mask
from .samplers import ALIASES, SAMPLERS
from .samplers.added_noise import level_of
from .samplers.protocol import AfterStep, Predict
from .samplers.sampler import Sampler
from .schedules import schedule_sigmas

if TYPE_CHECKING:
    from torch import Tensor

    from ..denoising.denoiser import Denoiser
    from ..vae.format import LatentFormat

WINDOW = (0.2, 0.8)
"""Part of the schedule in which windowed samplers add noise unless told otherwise."""
FIRST_SHARE = 1e-4
"""Part of a flow's schedule at which samplers made for added noise begin: 1 has no level."""


@dataclass(frozen=True, slots=True, eq=False)
class StepInfo:
    """The argument of `on_step` after each step.

    Attributes:
        step: Steps done, 1 to total (more for samplers that choose their steps themselves).
        total: Steps of this run.
        sigma: Noise level the step started from.
        denoised: (B, C, h, w) float32, the clean picture as seen at this step, in the space of
            `Latent.samples`, on the compute device: decode it for a preview.
    """

    step: int
    total: int
    sigma: float
    denoised: Tensor


class Sampled(NamedTuple):
    """The result of a run.

    Attributes:
        output: The latent at the last noise level.
        denoised_output: The clean picture as last seen; the same where the run ended at 0.
    """

    output: Latent
    denoised_output: Latent


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
        sampler_name: A key of `SAMPLERS`, or an alias.
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
    from ..families import sampling_of

    sampler = sampler_named(sampler_name)
    _check_numbers(cfg, denoise, start_step, last_step)
    sigmas = run_sigmas(
        sampling_of(model).table(),
        sampler,
        scheduler,
        steps,
        denoise,
        start_step,
        last_step,
        force_full_denoise,
    )
    guider = Guider(model, positive, negative, cfg)
    choice, schedule = SamplerChoice(sampler_name), Schedule(tuple(sigmas))
    noise = NoiseSource(seed, initial=add_noise)
    return sample_custom(guider, choice, schedule, latent, noise, on_step=on_step).output


def sample_custom(
    guider: Guider,
    sampler: SamplerChoice,
    schedule: Schedule,
    latent: Latent,
    noise: NoiseSource,
    *,
    on_step: Callable[[StepInfo], None] | None = None,
) -> Sampled:
    """Sample with every part given.

    Args:
        guider: Model and prompts.
        sampler: Update rule with its options.
        schedule: Noise levels to visit. With fewer than two the latent comes back as it is.
        latent: Where to start; with a noise mask only the masked part changes.
        noise: Seed, and whether the run begins with noise.
        on_step: Called after each step; may raise to cancel.

    Returns:
        Two new latents of the same shape, with the mask and batch numbers of the given one.

    Raises:
        ParameterError: A name, an option or a noise level out of range.
        ShapeError, ModelError, SamplingError: As `sample`.
    """
    import torch

    from ..denoising.batched import open_denoiser

    rule = sampler_named(sampler.name)
    options = checked_options(rule, sampler.options)
    sigmas = list(schedule.sigmas)
    _check_sigmas(rule, sigmas)
    check_factor("cfg", guider.cfg)
    check_factor("cfg_middle", guider.cfg_middle)
    guider = begin_run(mirrored(guider), noise.seed)
    model = guider.model
    latent = for_model(latent, model)
    if rule.resizes and latent.noise_mask is not None:
        raise ParameterError(
            "sample.mask_and_size",
            f'The sampler "{rule.name}" changes the size, so it does not support a noise mask.',
            expected="a latent without a noise mask",
            got="one with a mask",
            hint="Choose another sampler, or remove the noise mask.",
        )
    shape = tuple(latent.samples.shape)
    drawn = initial_noise(shape, noise.seed, latent.batch_index)
    if len(sigmas) < 2:
        return Sampled(latent, latent)
    if not noise.initial:
        drawn = torch.zeros_like(drawn)
    with torch.no_grad():
        denoiser = open_denoiser(model)
        frame = denoiser.parametrization
        drawn = drawn.to(denoiser.device)
        start = denoiser.latent.start(latent.samples.to(denoiser.device))
        predict = guided(denoiser, guider)
        if latent.noise_mask is not None:
            kept = initial_noise(shape, next_seed(noise.seed), latent.batch_index)
            kept = kept.to(start) if rule.fresh_mask_noise and noise.initial else drawn
            predict = _masked(predict, denoiser, model, latent.noise_mask, start, kept, sigmas)
        x = frame.noised(start, drawn, sigmas[0])
        # The path spans the schedule as it is given: other ends would halve it into other noise.
        step_noise = BrownianNoise.between(sigmas) if rule.brownian else StepNoise
        if frame.sampling.is_flow and rule.added_noise and sigmas[0] >= 1.0:
            sigmas[0] = frame.table.at_fraction(FIRST_SHARE)
        if rule.windowed:
            options = {**_window(frame.table, flow=frame.sampling.is_flow), **options}
        stream = next_seed(noise.seed) if rule.own_stream else noise.seed
        reporter = _Reporter(denoiser.latent, len(sigmas) - 1, on_step)
        x = rule.run(
            predict,
            x,
            sigmas,
            noise=step_noise(shape, stream, latent.batch_index),
            after_step=reporter,
            flow=frame.sampling.is_flow,
            **options,
        )
        x = frame.finished(x, sigmas[-1])
        seen = x if reporter.denoised is None else reporter.denoised
        output, denoised = (
            denoiser.latent.to_stored(y).to(device="cpu", dtype=torch.float32) for y in (x, seen)
        )
    return Sampled(replace(latent, samples=output), replace(latent, samples=denoised))


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
    """The sigmas of a run; fewer than two if there is nothing to do. See `sample`."""
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


def _masked(
    predict: Predict,
    denoiser: Denoiser,
    model: Model,
    mask: Tensor,
    start: Tensor,
    kept: Tensor,
    sigmas: list[float],
) -> Masked:
    """The model under a noise mask, which rules of the model may change from step to step."""
    frame = denoiser.parametrization
    table = frame.table
    begin = table.timestep(sigmas[0])
    end = table.timestep(max(sigmas[-1], table.sigma_min))

    def mask_at(whole: Tensor, sigma: float) -> Tensor:
        progress = (table.timestep(sigma) - end) / ((begin - end) or 1.0)
        for rule in model.guidance:
            whole = rule.mask_at(whole, progress)
        return whole

    changes = any(rule.changes_mask for rule in model.guidance)
    small = latent_mask(mask, start)
    return Masked(predict, small, start, kept, frame.mixed, mask_at if changes else None)


def _window(table: Sigmas, *, flow: bool) -> dict[str, float]:
    high, low = (table.at_fraction(part) for part in WINDOW)
    if flow:
        high, low = level_of(high), level_of(low)
    return {"sde_start_sigma": high, "sde_end_sigma": low}


class _Reporter(AfterStep):
    """Looks at every step, tells of it, and keeps the last clean picture."""

    def __init__(
        self, space: LatentFormat, total: int, on_step: Callable[[StepInfo], None] | None
    ) -> None:
        self._space = space
        self._total = total
        self._on_step = on_step
        self.denoised: Tensor | None = None

    def __call__(self, index: int, sigma: float, denoised: Tensor, x: Tensor) -> None:
        import torch

        # A sum is not finite when any part is not; cheaper than looking at every number.
        if not math.isfinite(float(x.sum())) and not bool(torch.isfinite(x).all()):
            raise SamplingError(
                "sample.not_finite",
                f"Step {index + 1} of {self._total} (sigma {sigma:.4g}) gave values that are not "
                "finite.",
                expected="finite latents",
                got="nan or inf",
                hint="Set WEFT_DTYPE=float32. If that does not help, the model file is damaged.",
            )
        self.denoised = denoised
        if self._on_step is not None:
            seen = self._space.to_stored(denoised)
            self._on_step(StepInfo(index + 1, max(self._total, index + 1), sigma, seen))


def sampler_named(name: str) -> Sampler:
    """The sampler of a name or alias.

    Raises:
        ParameterError: There is none.
    """
    found = SAMPLERS.get(ALIASES.get(name, name))
    if found is None:
        raise ParameterError(
            "sampler.unknown",
            f'There is no sampler "{name}".',
            expected=", ".join((*SAMPLERS, *ALIASES)),
            got=name,
        )
    return found


def checked_options(
    sampler: Sampler, options: tuple[tuple[str, float | int | str | bool], ...]
) -> Mapping[str, Any]:
    """Options of a sampler as keyword arguments.

    Raises:
        ParameterError: The sampler has no such option, or a number is not finite.
    """
    for name, value in options:
        if name not in sampler.options:
            raise ParameterError(
                "sampler.unknown_option",
                f'The sampler "{sampler.name}" has no option "{name}".',
                expected=", ".join(sampler.options) or "none",
                got=name,
            )
        if isinstance(value, float):
            check_factor(name, value)
    return dict(options)


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


def _check_sigmas(sampler: Sampler, sigmas: list[float]) -> None:
    bad = [s for s in sigmas if not (math.isfinite(s) and s >= 0)]
    if bad or any(s == 0 for s in sigmas[:-1]):
        raise ParameterError(
            "sample.bad_sigmas",
            "The sigmas cannot be sampled.",
            expected="numbers above 0; 0 only at the end",
            got=", ".join(f"{s:.4g}" for s in sigmas[:8]) + (", ..." if len(sigmas) > 8 else ""),
        )
    if sampler.ancestral and any(a < b for a, b in pairwise(sigmas)):
        raise ParameterError(
            "sample.rising_sigmas",
            f'The sampler "{sampler.name}" adds noise, so it cannot run on rising sigmas.',
            expected="falling sigmas",
            got="rising sigmas",
            hint="Choose a sampler without noise, such as euler.",
        )
