"""diffusers' side: the plain pipeline, timed, or what weft's latents are compared with."""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.full_size import child
from benchmarks.full_size.cases import SCHEDULED, Case, noise_window, reference_levels
from benchmarks.full_size.weights import BETAS, CONFIGS, FILE
from training.nets import untyped

Array = NDArray[np.float64]


def pipeline(job: dict[str, Any]) -> Any:
    """StableDiffusionPipeline from the single file, without a look at the network."""
    import torch
    from diffusers import StableDiffusionPipeline

    pipe = StableDiffusionPipeline.from_single_file(
        str(Path(job["folder"]) / FILE),
        config=str(Path(job["folder"]) / CONFIGS),
        local_files_only=True,
        torch_dtype=getattr(torch, job.get("dtype", "float32")),
        safety_checker=None,
    )
    pipe.set_progress_bar_config(disable=True)
    pipe.to(job.get("device", "cpu"))
    if job.get("compile"):
        pipe.unet.compile()
    return pipe


def timed(job: dict[str, Any]) -> dict[str, Any]:
    """Two pictures by the pipeline, the second with another prompt."""
    import torch

    ready = child.imported()
    watch = child.Watch()

    def listen(_pipe: Any, _step: int, _timestep: Any, given: dict[str, Any]) -> dict[str, Any]:
        watch.tick()
        return given

    pipe = None
    with tempfile.TemporaryDirectory() as output:
        for prompt in job["prompts"]:
            with watch.prompt():
                if pipe is None:
                    pipe = pipeline(job)
                    pipe.scheduler = SCHEDULED["euler"].build()
                made = pipe(
                    prompt,
                    negative_prompt="",
                    height=job["side"],
                    width=job["side"],
                    num_inference_steps=job["steps"],
                    guidance_scale=job["cfg"],
                    generator=torch.Generator().manual_seed(job["seed"]),
                    callback_on_step_end=listen,
                ).images[0]
                made.save(Path(output) / "made.png")
    return watch.found(job["began"], ready)


def by_pipeline(pipe: Any, name: str, job: dict[str, Any], sigma: float, tokens: Any) -> Array:
    """Latents of the pipeline with the scheduler of a case."""
    import torch

    case = SCHEDULED[name]
    pipe.scheduler = case.build()
    pipe.scheduler.set_timesteps(job["steps"])
    side = job["side"] // 8
    noise = torch.randn(1, 4, side, side, generator=torch.Generator().manual_seed(job["seed"]))
    # Where weft starts: the whole variance at the largest level. The pipeline multiplies.
    start = 1.0 if case.preserving else (1 + sigma**2) ** 0.5
    found = pipe(
        prompt_embeds=tokens["positive"],
        negative_prompt_embeds=tokens["negative"],
        height=job["side"],
        width=job["side"],
        num_inference_steps=job["steps"],
        guidance_scale=job["cfg"],
        latents=noise * (start / float(pipe.scheduler.init_noise_sigma)),
        generator=torch.Generator().manual_seed(job["seed"]),
        output_type="latent",
        **dict(case.options),
    ).images
    return np.asarray(found.double().numpy())


class GuidedUNet:
    """diffusers' UNet as the references ask it: float64, at the nearest training step."""

    KEPT = 4
    """Answers that are remembered: a step may ask twice at one place."""

    def __init__(self, unet: Any, tokens: Any, cfg: float) -> None:
        import torch

        self._unet, self._cfg = unet, cfg
        self._both = torch.cat([tokens["negative"], tokens["positive"]])
        betas = torch.linspace(
            BETAS["beta_start"] ** 0.5, BETAS["beta_end"] ** 0.5, 1000, dtype=torch.float64
        )
        signal = torch.cumprod(1 - betas**2, 0)
        self._logs = ((1 - signal) / signal).sqrt().float().log()
        self._answers: dict[tuple[bytes, float], tuple[Array, Array]] = {}

    def _ask(self, x: Array, sigma: float) -> tuple[Array, Array]:
        """The guided and the negative clean picture."""
        import torch

        key = (x.tobytes(), sigma)
        if key not in self._answers:
            step = int((torch.tensor(sigma).log() - self._logs).abs().argmin())
            given = torch.from_numpy(x / np.sqrt(sigma**2 + 1)).float()
            with torch.no_grad():
                output = self._unet(torch.cat([given, given]), step, self._both).sample
            clean = x - sigma * output.double().numpy()
            negative, positive = clean[:1], clean[1:]
            while len(self._answers) >= self.KEPT:
                del self._answers[next(iter(self._answers))]
            self._answers[key] = (negative + self._cfg * (positive - negative), negative)
        return self._answers[key]

    def forget(self) -> None:
        """Answer anew."""
        self._answers.clear()

    def guided(self, x: Array, sigma: float) -> Array:
        """What guidance makes of both sides."""
        return self._ask(x, sigma)[0]

    def negative(self, x: Array, sigma: float) -> Array:
        """The negative side alone."""
        return self._ask(x, sigma)[1]


def by_reference(
    network: GuidedUNet, name: str, sigmas: list[float], draws: Iterator[Array], job: dict[str, Any]
) -> Array:
    """Latents of the tests' float64 reference, with the noise that weft has drawn."""
    import torch

    from tests.diffusion.sampling.samplers.references import REFERENCES, Problem

    side = job["side"] // 8
    noise = torch.randn(1, 4, side, side, generator=torch.Generator().manual_seed(job["seed"]))
    x = noise.double().numpy() * _start(sigmas[0])
    problem = Problem(network.guided, network.negative, lambda: next(draws), noise_window())
    *_, end = REFERENCES[name](problem, x, sigmas)
    return end


def _start(sigma: float) -> float:
    """Noise of a run: with the whole variance at the model's largest level, else sigma."""
    largest = 14.614642
    return math.sqrt(1 + sigma**2) if math.isclose(sigma, largest, rel_tol=1e-5) else sigma


def compared(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """How far weft's latents lie from these, and its levels: name -> what there is to say."""
    from safetensors.torch import load_file

    stored = load_file(job["file"])
    pipe = pipeline(job)
    network = GuidedUNet(pipe.unet, stored, job["cfg"])
    found: dict[str, dict[str, Any]] = {}
    for case in (Case(*given) for given in job["cases"]):
        sigmas, levels = job["levels"][case.name], 0.0
        if case.schedule is not None:
            again = reference_levels(case, job["steps"])
            levels = max(abs(a / b - 1) if b else a for a, b in zip(sigmas, again, strict=True))

        def latents(case: Case = case, sigmas: list[float] = sigmas) -> Array:
            network.forget()
            if case.schedule is None:
                return by_pipeline(pipe, case.sampler, job, sigmas[0], stored)
            drawn = (stored[f"{case.name}.draw.{number}"] for number in itertools.count())
            draws = (np.asarray(one.double().numpy()) for one in drawn)
            return by_reference(network, case.sampler, sigmas, draws, job)

        wanted = latents()
        mine = stored[f"{case.name}.latent"].double().numpy()
        row = {"difference": _apart(mine, wanted), "levels": levels}
        row["finite"] = bool(np.isfinite(mine).all())
        if job["yardstick"]:
            with other_attention(pipe.unet):
                row["yardstick"] = _apart(latents(), wanted)
        found[case.name] = row
    return found


def _apart(mine: Array, wanted: Array) -> float:
    return float(np.abs(mine - wanted).max() / wanted.std())


@contextmanager
def other_attention(unet: Any) -> Iterator[None]:
    """Attention as plain products in place of torch's kernel: the same sums in another order."""
    from diffusers.models.attention_processor import AttnProcessor, AttnProcessor2_0

    usual = untyped(AttnProcessor2_0)
    unet.set_attn_processor(untyped(AttnProcessor))
    try:
        yield
    finally:
        unet.set_attn_processor(usual)


if __name__ == "__main__":
    told = child.job()
    child.answer((compared if told["what"] == "latents" else timed)(told))
