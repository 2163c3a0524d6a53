"""diffusers' side: the plain pipeline, timed, or what weft's latents are compared with."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks.full_size import child
from benchmarks.full_size.cases import SCHEDULED
from benchmarks.full_size.weights import BETAS, CONFIGS, FILE

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


class Network:
    """diffusers' UNet as the references ask it: float64, at the nearest training step."""

    def __init__(self, unet: Any, tokens: Any, cfg: float) -> None:
        import torch

        self._unet, self._cfg = unet, cfg
        self._both = torch.cat([tokens["negative"], tokens["positive"]])
        betas = np.linspace(BETAS["beta_start"] ** 0.5, BETAS["beta_end"] ** 0.5, 1000) ** 2
        power = np.cumprod(1 - betas)
        self._logs = np.log((1 - power) / power) / 2
        self._last: tuple[bytes, float] | None = None
        self._answers: tuple[Array, Array]

    def _ask(self, x: Array, sigma: float) -> tuple[Array, Array]:
        """The guided and the negative clean picture; the last answer is remembered."""
        import torch

        if self._last != (x.tobytes(), sigma):
            step = int(np.abs(self._logs - np.log(sigma)).argmin())
            given = torch.from_numpy(x / np.sqrt(sigma**2 + 1)).float()
            with torch.no_grad():
                output = self._unet(torch.cat([given, given]), step, self._both).sample
            clean = x - sigma * output.double().numpy()
            negative, positive = clean[:1], clean[1:]
            self._last = (x.tobytes(), sigma)
            self._answers = (negative + self._cfg * (positive - negative), negative)
        return self._answers

    def guided(self, x: Array, sigma: float) -> Array:
        """What guidance makes of both sides."""
        return self._ask(x, sigma)[0]

    def negative(self, x: Array, sigma: float) -> Array:
        """The negative side alone."""
        return self._ask(x, sigma)[1]


def by_reference(
    network: Network, name: str, sigmas: list[float], draws: Iterator[Array], job: dict[str, Any]
) -> Array:
    """Latents of the tests' float64 reference, with the noise that weft has drawn."""
    import torch

    from tests.diffusion.sampling.samplers import test_references as references

    side = job["side"] // 8
    noise = torch.randn(1, 4, side, side, generator=torch.Generator().manual_seed(job["seed"]))
    x: Array = noise.double().numpy() * np.sqrt(1 + sigmas[0] ** 2)
    memory: dict[str, Any] = {}
    # The references ask a denoiser of two Gaussians, by these names.
    with mock.patch.multiple(references, mixture_x0=network.guided, unguided_x0=network.negative):
        for step, _ in enumerate(itertools.pairwise(sigmas)):
            x = references.REFERENCES[name](x, sigmas, step, memory, lambda: next(draws))
    return x


def compared(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """How far weft's latents lie from these: name -> peer, largest difference over deviation."""
    from safetensors.torch import load_file

    stored = load_file(job["file"])
    pipe = pipeline(job)
    network = Network(pipe.unet, stored, job["cfg"])
    found: dict[str, dict[str, Any]] = {}
    for name, sigmas in job["levels"].items():
        if name in SCHEDULED:
            peer, wanted = "pipeline", by_pipeline(pipe, name, job, sigmas[0], stored)
        else:
            drawn = (stored[f"{name}.draw.{number}"] for number in itertools.count())
            draws = (np.asarray(one.double().numpy()) for one in drawn)
            peer, wanted = "reference", by_reference(network, name, sigmas, draws, job)
        mine = stored[f"{name}.latent"].double().numpy()
        apart = float(np.abs(mine - wanted).max() / wanted.std())
        found[name] = {"peer": peer, "difference": apart, "finite": bool(np.isfinite(mine).all())}
    return found


if __name__ == "__main__":
    told = child.job()
    child.answer((compared if told["what"] == "latents" else timed)(told))
