"""Train the picture compressor: 128x128 RGB to 16x16x4 latents and back (diffusers' AutoencoderKL).

Afterwards `calibrate` folds a factor into quant_conv and post_quant_conv, so that latents times
0.18215, Stable Diffusion's factor, have unit deviation and no code needs a number of its own.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training import common
from training.dataset import load as load_data
from training.nets import Net, untyped

log = logging.getLogger("vae")
SCALING = 0.18215
CONFIG: dict[str, Any] = {
    "block_out_channels": (16, 32, 64, 64),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "latent_channels": 4,
    "layers_per_block": 1,
    # Four channels a group, as in SD; a channel alone would lose its mean, that is, the colour.
    "norm_num_groups": 4,
    "sample_size": 128,
    "scaling_factor": SCALING,
}
KL_WEIGHT = 1e-4
EDGE_WEIGHT = 1.0
CROP, WHOLE_FROM = 64, 0.92
"""Crops of 64 px give four times the steps; the last tenth sees whole pictures."""


def to_tensor(pixels: NDArray[np.uint8]) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float -1..1."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def picture_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """L1 on pixels and on their differences: the second term keeps contours crisp."""
    loss = functional.l1_loss(made, wanted) + functional.mse_loss(made, wanted)
    for axis in (2, 3):
        loss = loss + EDGE_WEIGHT * functional.l1_loss(made.diff(dim=axis), wanted.diff(dim=axis))
    return loss


@torch.no_grad()
def psnr(vae: Net, pixels: Tensor) -> float:
    """Mean peak signal-to-noise ratio of pictures in dB, through the mode of the posterior."""
    made = vae.decode(vae.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
    error = ((made - pixels) / 2).square().mean(dim=(1, 2, 3))
    return float((-10 * error.log10()).mean())


@torch.no_grad()
def calibrate(vae: Net, pixels: Tensor) -> float:
    """Scale (and centre) the latent space in place; returns the former deviation times 0.18215."""
    latents = vae.encode(pixels).latent_dist.mode()
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std()
    factor = float(1 / (SCALING * deviation))
    half = latents.shape[1]
    quant, post = vae.quant_conv, vae.post_quant_conv
    assert quant is not None and post is not None
    assert quant.bias is not None and post.bias is not None
    quant.weight[:half] *= factor
    quant.bias[:half] = (quant.bias[:half] - mean) * factor
    quant.bias[half:] += 2 * float(np.log(factor))
    post.bias += post.weight[:, :, 0, 0] @ mean
    post.weight /= factor
    return float(deviation * SCALING)


def train(runs: Path, minutes: float, device: torch.device, resume: bool, batch: int) -> None:
    """Train, calibrate and write `vae.pt` (EMA weights) into `runs`."""
    images, _ = load_data(runs / "data")
    vae: Net = untyped(AutoencoderKL, **CONFIG)
    vae.to(device)
    assert vae.quant_conv is not None and vae.quant_conv.bias is not None
    with torch.no_grad():
        vae.quant_conv.bias[4:] = -6  # little noise at first: else nothing gets through
    optimiser = torch.optim.AdamW(vae.parameters(), lr=8e-4, betas=(0.9, 0.99), weight_decay=1e-4)
    average = common.Average(vae, 0.998)
    state_path, step, used = runs / "vae-state.pt", 0, 0.0
    if resume and state_path.exists():
        state = common.load(state_path)
        vae.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.values, average.steps = state["average"], state["step"]
        step, used = state["step"], state["used"]
    clock = common.Clock(minutes, used, warm_up=0.06)
    batches = common.shuffled(len(images), batch, seed=step)
    probe = to_tensor(np.asarray(images[:64])).to(device)
    while clock.progress < 1:
        for group in optimiser.param_groups:
            group["lr"] = 8e-4 * clock.factor()
        pixels = to_tensor(images[np.sort(next(batches).numpy())]).to(device)
        if clock.progress < WHOLE_FROM:
            # The mean of two draws: shapes lie near the middle, the margins are mostly flat.
            corner = np.random.default_rng(step).integers(0, 65, (2, 2)).mean(axis=0)
            top, left = (int(value) for value in corner)
            pixels = pixels[:, :, top : top + CROP, left : left + CROP].contiguous()
        with torch.autocast(device.type, torch.bfloat16):
            posterior = vae.encode(pixels).latent_dist
            made = vae.decode(posterior.sample()).sample.float()
        loss = picture_loss(made, pixels) + KL_WEIGHT * posterior.kl().mean() / 1024
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimiser.step()
        average.update(vae)
        step += 1
        if step % 50 == 0:
            log.info("step %d  %.0f s  loss %.4f", step, clock.used, float(loss.detach()))
        if step % 250 == 0:
            log.info("psnr %.2f dB", psnr(vae, probe))
            common.save(
                state_path,
                {
                    "model": vae.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "average": average.values,
                    "step": step,
                    "used": clock.used,
                },
            )
    vae.load_state_dict(average.values)
    vae.eval()
    log.info("final psnr %.2f dB over the first 64 pictures", psnr(vae, probe))
    sample = to_tensor(np.asarray(images[:: len(images) // 512])).to(device)
    log.info("deviation before calibration %.3f", calibrate(vae, sample))
    log.info("after calibration %.2f dB", psnr(vae, probe))
    common.save(runs / "vae.pt", {"model": vae.state_dict(), "step": step})


@torch.no_grad()
def latents_of(vae: Net, pictures: NDArray[np.uint8], batch: int = 32) -> Tensor:
    """Scaled posterior means of (N, 128, 128, 3) pictures: (N, 4, 16, 16) float32."""
    device = vae.device
    parts = [
        vae.encode(to_tensor(np.asarray(pictures[at : at + batch])).to(device)).latent_dist.mode()
        for at in range(0, len(pictures), batch)
    ]
    return torch.cat([part.float() * SCALING for part in parts])


def load_vae(runs: Path) -> Net:
    """The trained and calibrated model, in eval mode."""
    vae: Net = untyped(AutoencoderKL, **CONFIG)
    vae.load_state_dict(common.load(runs / "vae.pt")["model"])
    return vae.eval()


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=13)
    parser.add_argument("--batch", type=int, default=16)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.resume, given.batch)
