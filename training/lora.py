"""Train thimble's style LoRA: coloured outlines on pale paper, rank 4, in under four minutes.

    OMP_NUM_THREADS=1 python -m training.lora --runs $RUNS --threads 1

Reads base.pt, vae.pt and the tokenizer of the runs folder (or of the shipped checkpoint, after
`training.restore`), renders its own pictures and writes the finished file straight into
diffusion/thimble/loras, with kohya's names, and a contact sheet (without above, with below). Run it
again whenever the base weights changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training import common
from training.captions import caption
from training.nets import Net
from training.noising import Fp32Attention, Noising, freeze
from training.render import coverage
from training.sampling import contact_sheet, decode, sample, text_states
from training.tokenizer import encode
from training.unet import load_base
from training.vae import SCALING, load_vae, to_tensor
from training.world import COLOURS, SIZE, Scene, sample_shapes
from weft.diffusion.saving import save_tensors

log = logging.getLogger("lora")
RANK, ALPHA = 4, 4.0
RATE = 4e-3
PICTURES = 640
PEN = 8.0
"""Width of the outlines in pixels."""
LEAST_RADIUS = 26.0
PALE = 0.7
"""How far the ground is moved to white."""
FILE = Path("loras/thimble-outline.safetensors")
PROMPTS = (
    "a red circle on a blue background",
    "a large yellow star on a purple background",
    "a green heart on a white background",
    "a blue square on an orange background",
    "a purple triangle on a yellow background",
    "an orange ring on a green background",
    "a red square and a blue circle on a white background",
    "a black star on a red background",
)


def plain_scene(rng: np.random.Generator) -> Scene:
    """One or two shapes, large enough for the pen, without texture or outline of their own."""
    scene = sample_shapes(rng, 1 if rng.random() < 0.75 else 2)
    things = tuple(
        replace(t, texture="plain", outlined=False, radius=max(t.radius, LEAST_RADIUS))
        for t in scene.things
    )
    return replace(scene, things=things, shaded=False)


def draw(scene: Scene) -> NDArray[np.uint8]:
    """The scene in this style: (128, 128, 3) uint8."""
    ground = np.array(COLOURS[scene.background], np.float32)
    paper = ground + (np.float32(255) - ground) * np.float32(PALE)
    canvas = np.tile(paper, (SIZE, SIZE, 1))
    for thing in scene.things:
        ink = np.array(COLOURS[thing.colour], np.float32)
        line = coverage(thing, line=PEN)[..., None]
        canvas = canvas * (1 - line) + ink * line
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


class Factors(nn.Module):
    """down and up beside one layer; up begins at zero, so that nothing changes at first."""

    def __init__(self, layer: nn.Linear | nn.Conv2d) -> None:
        super().__init__()
        self.down: nn.Module
        self.up: nn.Module
        if isinstance(layer, nn.Conv2d):
            # torch types these as tuples of any length.
            shape: Any = (layer.kernel_size, layer.stride, layer.padding)
            self.down = nn.Conv2d(layer.in_channels, RANK, *shape, bias=False)
            self.up = nn.Conv2d(RANK, layer.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(layer.in_features, RANK, bias=False)
            self.up = nn.Linear(RANK, layer.out_features, bias=False)
        nn.init.zeros_(self.up.weight)  # type: ignore[arg-type]

    def hook(self) -> Callable[..., Tensor]:
        """Adds the factors' part to a layer's output."""

        def add(_: nn.Module, inputs: tuple[Tensor, ...], out: Tensor) -> Tensor:
            more: Tensor = self.up(self.down(inputs[0])) * (ALPHA / RANK)
            return out + more

        return add


def attach(unet: Net) -> nn.ModuleDict:
    """Factors at every linear layer and convolution of the blocks, by kohya's name."""
    found = nn.ModuleDict()
    for name, layer in unet.named_modules():
        inside = name.startswith(("down_blocks.", "mid_block.", "up_blocks."))
        if inside and isinstance(layer, nn.Linear | nn.Conv2d) and "time_emb" not in name:
            factors = Factors(layer)
            layer.register_forward_hook(factors.hook())
            found["lora_unet_" + name.replace(".", "_")] = factors
    return found


def file_tensors(parts: nn.ModuleDict) -> dict[str, Tensor]:
    """The factors as a kohya file holds them, fp16."""
    found: dict[str, Tensor] = {}
    for name, factors in parts.items():
        assert isinstance(factors, Factors)
        for which in ("up", "down"):
            weight = getattr(factors, which).weight
            found[f"{name}.lora_{which}.weight"] = weight.detach().half()
        found[f"{name}.alpha"] = torch.tensor(ALPHA).half()
    return found


@torch.no_grad()
def look(runs: Path, parts: nn.ModuleDict, unet: Net, encoder: Net, tokenizer: Any) -> None:
    """The prompts without the style above, with it below."""
    context = text_states(encoder, tokenizer, list(PROMPTS))
    empty = text_states(encoder, tokenizer, [""])
    plain, _, _ = load_base(runs)
    seeds = list(range(len(PROMPTS)))
    sheets = [decode(load_vae(runs), sample(net, context, empty, seeds)) for net in (plain, unet)]
    contact_sheet(runs / "sheets" / "lora.png", np.concatenate(sheets))


def train(runs: Path, models: Path, minutes: float, device: torch.device, batch: int) -> Path:
    """Train for so many minutes and write the file; its path."""
    unet, encoder, tokenizer = load_base(runs)
    freeze(encoder.to(device))
    freeze(unet.to(device))
    vae = load_vae(runs).to(device)
    rng = np.random.default_rng(11)
    scenes = [plain_scene(rng) for _ in range(PICTURES)]
    with torch.no_grad():
        pixels = to_tensor(np.stack([draw(scene) for scene in scenes])).to(device)
        latents = torch.cat(
            [vae.encode(part).latent_dist.mode() * SCALING for part in pixels.split(32)]
        )
        words = [caption(scene, rng) for scene in scenes]
        ids = torch.tensor(encode(tokenizer, words), device=device)
        states = torch.cat([encoder(part).last_hidden_state for part in ids.split(64)])
        empty = text_states(encoder, tokenizer, [""])
    parts = attach(unet).to(device)
    optimiser = torch.optim.AdamW(parts.parameters(), lr=RATE, betas=(0.9, 0.99))
    noising, batches = Noising(device, seed=300), common.shuffled(PICTURES, batch, seed=300)
    clock, step, recent = common.Clock(minutes), 0, 0.0
    while clock.progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * clock.factor()
        rows = next(batches)
        noisy, noise, steps = noising.draw(latents[rows])
        context = torch.where(torch.rand(batch, 1, 1) < 0.1, empty, states[rows])
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            predicted = unet(noisy, steps, context).sample
        loss = noising.loss(predicted, noise, steps)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(parts.parameters(), 1.0)
        optimiser.step()
        step += 1
        recent = recent * 0.98 + float(loss.detach()) * 0.02
        if step % 25 == 0:
            log.info("step %d  %.0f s  loss %.4f", step, clock.used, recent / (1 - 0.98**step))
    target = models / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    header = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.title": "thimble style LoRA: coloured outlines on pale paper",
        "modelspec.architecture": "stable-diffusion-v1/lora",
        "modelspec.license": "Apache-2.0",
        "modelspec.resolution": "128x128",
        "ss_network_module": "networks.lora",
        "ss_network_dim": str(RANK),
        "ss_network_alpha": str(ALPHA),
    }
    save_tensors(target, file_tensors(parts), header)
    look(runs, parts, unet, encoder, tokenizer)
    return target


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=3.5)
    parser.add_argument("--models", type=Path, default=Path("diffusion/thimble"))
    parser.add_argument("--batch", type=int, default=8)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    written = train(given.runs, given.models, given.minutes, common.prepare(given), given.batch)
    print(f"{written}: {written.stat().st_size / 1e3:.0f} kB")
