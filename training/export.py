"""Write the trained networks as fp16 safetensors files, laid out like a ComfyUI models folder.

Files hold no dates and no paths: the same weights give the same bytes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from torch import Tensor

from training import common
from training.vae import CONFIG as VAE_CONFIG
from weft.diffusion.files.saving import (
    save_checkpoint,
    save_clip_vision,
    save_controlnet,
    save_ip_adapter,
)

PATHS = {
    "base": "checkpoints/thimble.safetensors",
    "control": "controlnet/thimble-canny.safetensors",
    "ip": "ipadapter/thimble-ip.safetensors",
    "vision": "clip_vision/thimble-vision.safetensors",
}
TITLES = {
    "base": "thimble: coloured shapes and two-tone drawings, 128 px",
    "control": "thimble ControlNet: Canny edges",
    "ip": "thimble IP-Adapter: four tokens from one reference picture",
    "vision": "thimble image encoder, 64 px, for thimble's IP-Adapter",
}
ARCHITECTURES = {
    "base": "stable-diffusion-v1",
    "control": "stable-diffusion-v1/controlnet",
    "ip": "stable-diffusion-v1/ip-adapter",
    "vision": "clip-vision",
}


def half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as fp16."""
    return {name: value.detach().half() for name, value in state.items()}


def metadata(part: str) -> dict[str, str]:
    """The header's text: keys of the Stability model metadata convention."""
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": TITLES[part],
        "modelspec.architecture": ARCHITECTURES[part],
        "modelspec.license": "Apache-2.0",
        "modelspec.resolution": "128x128" if part != "vision" else "64x64",
    }


def export_base(runs: Path, models: Path) -> None:
    """UNet, text encoder, VAE and tokenizer as one Stable Diffusion checkpoint."""
    base = common.load(runs / "base.pt")
    header = metadata("base") | {
        "tokenizer": (runs / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"),
        # What tensor shapes cannot tell: the VAE's narrow levels have four norm groups, not 32.
        "config": json.dumps({"vae": {"norm_num_groups": VAE_CONFIG["norm_num_groups"]}}),
    }
    save_checkpoint(
        models / PATHS["base"],
        unet=half(base["unet"]),
        vae=half(common.load(runs / "vae.pt")["model"]),
        text_encoder=half(base["text"]),
        metadata=header,
    )


def export_control(runs: Path, models: Path) -> None:
    """The Canny ControlNet."""
    state = half(common.load(runs / "control.pt")["model"])
    save_controlnet(models / PATHS["control"], state, metadata("control"))


def export_ip(runs: Path, models: Path) -> None:
    """The IP-Adapter."""
    weights = common.load(runs / "ip.pt")["weights"]
    image, layers = half(weights["image_proj"]), half(weights["ip_adapter"])
    save_ip_adapter(models / PATHS["ip"], image, layers, metadata("ip"))


def export_vision(runs: Path, models: Path) -> None:
    """The image encoder."""
    state = half(common.load(runs / "vision.pt")["model"])
    save_clip_vision(models / PATHS["vision"], state, metadata("vision"))


EXPORTS = {
    "base": export_base,
    "control": export_control,
    "ip": export_ip,
    "vision": export_vision,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    parser.add_argument("--parts", nargs="+", default=list(EXPORTS), choices=list(EXPORTS))
    given = parser.parse_args()
    for part in given.parts:
        (given.models / PATHS[part]).parent.mkdir(parents=True, exist_ok=True)
        EXPORTS[part](given.runs, given.models)
        size = (given.models / PATHS[part]).stat().st_size
        print(f"{PATHS[part]}: {size / 1e6:.1f} MB")
