"""Makes the benchmark's pictures through weft's own library, as a user would."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import weft.diffusion as wd
from weft.diffusion.patches.lora.apply import apply_lora
from weft.diffusion.patches.lora.file import load_lora

SIDE = 128
STEPS = 20
GUIDANCE = 4.5
Image = NDArray[np.uint8]


@dataclass
class Studio:
    """thimble, loaded: one method a way of making a picture."""

    model: Any
    clip: Any
    vae: Any
    control: Any
    adapter: Any
    lcm: Any

    @classmethod
    def open(cls, models: Path) -> Studio:
        """Load all parts from a models folder."""
        model, clip, vae = wd.load_checkpoint(models / "checkpoints/thimble.safetensors")
        control = wd.load_controlnet(models / "controlnet/thimble-canny.safetensors")
        vision = wd.load_clip_vision(models / "clip_vision/thimble-vision.safetensors")
        adapter = wd.load_ip_adapter(models / "ipadapter/thimble-ip.safetensors", vision)
        lora = load_lora(models / "loras/thimble-lcm.safetensors")
        lcm, _ = apply_lora(model, None, lora, 1.0)
        return cls(model, clip, vae, control, adapter, lcm)

    def make(
        self,
        text: str,
        seed: int,
        guidance: float = GUIDANCE,
        hint: Image | None = None,
        strength: float = 1.0,
        reference: Image | None = None,
        weight: float = 1.0,
    ) -> Image:
        """One picture (128, 128, 3) uint8, optionally after a control map or a reference."""
        positive = wd.encode_text(self.clip, text)
        negative = wd.encode_text(self.clip, "")
        model = self.model
        if hint is not None:
            positive = wd.apply_control(positive, self.control, _to_image(hint), strength)
            negative = wd.apply_control(negative, self.control, _to_image(hint), strength)
        if reference is not None:
            model = wd.apply_ip_adapter(model, self.adapter, _to_image(reference), weight=weight)
        return self._draw(model, positive, negative, seed, steps=STEPS, cfg=guidance)

    def make_fast(self, text: str, seed: int, steps: int, distilled: bool) -> Image:
        """The same in few steps of the lcm sampler without guidance, with the LoRA or without."""
        model, text_states = self.lcm if distilled else self.model, wd.encode_text(self.clip, text)
        rule = {"sampler_name": "lcm", "scheduler": "sgm_uniform"}
        return self._draw(model, text_states, text_states, seed, steps=steps, cfg=1.0, **rule)

    def _draw(
        self,
        model: Any,
        positive: Any,
        negative: Any,
        seed: int,
        steps: int,
        cfg: float,
        sampler_name: str = "dpmpp_2m",
        scheduler: str = "karras",
    ) -> Image:
        latent = wd.sample(
            model,
            positive,
            negative,
            wd.empty_latent(SIDE, SIDE),
            seed=seed,
            steps=steps,
            cfg=cfg,
            sampler_name=sampler_name,
            scheduler=scheduler,
        )
        pixels = wd.decode_latent(self.vae, latent)[0]
        return np.asarray((pixels * 255).round().to(torch.uint8).numpy())


def _to_image(picture: Image) -> torch.Tensor:
    """(H, W, 3) uint8 to weft's (1, H, W, 3) float 0..1."""
    return torch.from_numpy(np.ascontiguousarray(picture)).float()[None] / 255
