"""The matching diffusers pipelines, set so that their rules and ours coincide.

Where weft follows ComfyUI and diffusers differs, the tests choose the common ground:
- weft tells the network the nearest *integer* timestep, diffusers an interpolated float: the
  "simple" schedule visits exact training sigmas, where both are the same number.
- the first sigma is the model's largest, where ComfyUI starts from noise * sqrt(1 + sigma**2):
  diffusers does so with timestep_spacing="leading".
- weft encodes pictures to the mean of the posterior, diffusers draws from it: both get the latent.
"""

from __future__ import annotations

from typing import Any

import torch

import weft.diffusion as wd
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.sampling.schedules import schedule_sigmas

BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
ABSOLUTE = 2e-4
"""Of latents in the model's space, whose values are around 1 to 10."""


def euler_scheduler() -> Any:
    from diffusers import EulerDiscreteScheduler

    return EulerDiscreteScheduler(**BETAS, timestep_spacing="leading", steps_offset=1)


def dpm_scheduler() -> Any:
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        **BETAS,
        algorithm_type="dpmsolver++",
        solver_order=2,
        final_sigmas_type="zero",
        steps_offset=1,
    )


def schedule_for(sampler: str, steps: int) -> dict[str, Any]:
    """Pipeline arguments that make it visit our "simple" sigmas."""
    table = DiscreteSigmas()
    sigmas = schedule_sigmas("simple", table, steps)
    if sampler == "euler":
        return {"sigmas": sigmas}
    return {"timesteps": [table.timestep(sigma) for sigma in sigmas[:-1]]}


def build(pipeline: str, pair: Any, sampler: str, **more: Any) -> Any:
    """A diffusers pipeline over the same tensors; prompts come as embeddings."""
    import diffusers

    pipe = getattr(diffusers, pipeline)(
        vae=pair.autoencoder,
        text_encoder=pair.text_encoder,
        tokenizer=None,
        unet=more.pop("unet", pair.unet),
        scheduler=euler_scheduler() if sampler == "euler" else dpm_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
        **more,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def prompt_arguments(
    positive: wd.Conditioning, negative: wd.Conditioning, batch: int = 1
) -> dict[str, Any]:
    return {
        "prompt_embeds": positive.entries[0].tokens.repeat(batch, 1, 1),
        "negative_prompt_embeds": negative.entries[0].tokens.repeat(batch, 1, 1),
    }


def pooled_arguments(positive: wd.Conditioning, negative: wd.Conditioning) -> dict[str, Any]:
    """The prompts as SDXL's pipelines take them."""
    return prompt_arguments(positive, negative) | {
        "pooled_prompt_embeds": positive.entries[0].pooled,
        "negative_pooled_prompt_embeds": negative.entries[0].pooled,
    }


def build_sdxl(pipeline: Any, made: Any, **more: Any) -> Any:
    """An SDXL pipeline of diffusers.

    Args:
        pipeline: Its class.
        made: From `families.tiny_sdxl`.
        more: Other parts, or others than those of `made`.
    """
    parts = {"unet": made.network, "scheduler": euler_scheduler()} | more
    pipe = pipeline(
        vae=made.vae,
        text_encoder=made.encoders[0],
        text_encoder_2=made.encoders[1],
        tokenizer=None,
        tokenizer_2=None,
        **parts,
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def seeded_noise(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def difference(ours: wd.Latent, theirs: torch.Tensor) -> float:
    """Largest difference in the model's space."""
    return float((ours.samples * 0.18215 - theirs).abs().max())
