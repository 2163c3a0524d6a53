"""Turn shipped model files back into checkpoints of a run, so that training goes on from them.

The optimiser's state and the clock are not in the files: a restored run warms up anew.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor
from torch.nn import Module

from training import common
from training.export import PATHS
from training.tokenizer import save_tokenizer
from weft.diffusion import load_checkpoint, load_clip_vision, load_controlnet


def state(module: Module) -> dict[str, Tensor]:
    """Weights of a network in fp32, without what weft adds for image prompts."""
    return {name: value.float().clone() for name, value in module.state_dict().items()}


def restore(models: Path, runs: Path) -> None:
    """Write base.pt, vae.pt, control.pt, vision.pt, ip.pt and the tokenizer into `runs`."""
    model, clip, vae = load_checkpoint(models / PATHS["base"])
    save_tokenizer(runs / "tokenizer")
    text, step = state(clip.weights.module), 0
    common.save(runs / "base.pt", {"unet": state(model.weights.module), "text": text, "step": step})
    common.save(runs / "vae.pt", {"model": state(vae.weights.module), "step": step})
    control = load_controlnet(models / PATHS["control"])
    common.save(runs / "control.pt", {"model": state(control.weights.module), "step": step})
    vision = load_clip_vision(models / PATHS["vision"])
    common.save(runs / "vision.pt", {"model": state(vision.weights.module), "step": step})
    adapter: dict[str, dict[str, Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, value in load_file(models / PATHS["ip"]).items():
        part, rest = name.split(".", 1)
        adapter[part][rest] = value.float()
    common.save(runs / "ip.pt", {"weights": adapter, "step": step})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    given = parser.parse_args()
    restore(given.models, given.runs)
