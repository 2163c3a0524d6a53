"""Train the Canny ControlNet together with the UNet and the text encoder.

Half of each batch has a hint, the other half trains the UNet as `training.unet` does. With a frozen
UNet the ControlNet had to make do with features that nobody had trained for it; together, a step
costs a quarter more than a step of the UNet alone and serves all three.

Hint: 128x128, 0..1, white edges on black, three equal channels, Canny at thresholds that vary from
picture to picture. Drawings come more often than elsewhere: they have the contours of photographs.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import ControlNetModel
from numpy.typing import NDArray
from torch import Tensor, nn

from training import common, parallel
from training.dataset import load as load_data
from training.latents import load_latents
from training.loop import Loop
from training.nets import Net
from training.noising import Fp32Attention, Noising
from training.sampling import contact_sheet, decode, sample, text_states
from training.unet import load_base, pick_tokens
from training.vae import load_vae

RATES = {"unet": 5e-4, "text": 5e-4, "control": 1e-3}
HINT_CHANNELS = (16, 32, 48, 64)
DROPPED = 0.15
DRAWING_SHARE = 0.6
FEWEST = 0.008
"""Share of edge pixels below which lower thresholds are tried."""


def hint_of(picture: NDArray[np.uint8], low: float, high: float) -> NDArray[np.uint8]:
    """Canny edges of (H, W, 3) sRGB: (H, W) uint8, 0 or 255."""
    grey = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Canny(grey, low, high))


def hints(pictures: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """Hints of (B, 128, 128, 3) pictures at random thresholds: (B, 3, 128, 128) 0..1."""
    maps = []
    for picture in pictures:
        low, ratio = rng.uniform(40, 130), rng.uniform(1.5, 2.5)
        edges = hint_of(picture, low, low * ratio)
        # An empty hint says nothing, and teaches that hints say little: look closer.
        while edges.mean() < FEWEST * 255 and low > 10:
            low /= 2
            edges = hint_of(picture, low, low * ratio)
        maps.append(edges)
    tensor = torch.from_numpy(np.stack(maps)).float() / 255
    return tensor[:, None].expand(-1, 3, -1, -1)


def new_control(unet: Net) -> Net:
    """A ControlNet that begins as a copy of the UNet's encoder."""
    return ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=HINT_CHANNELS)


def load_control(runs: Path, unet: Net) -> Net:
    """The last save (EMA weights), in eval mode."""
    control = new_control(unet)
    control.load_state_dict(common.load(runs / "control.pt")["model"])
    return control.eval()


def look(runs: Path, step: int) -> None:
    """Hints above, pictures made with them below."""
    images, records = load_data(runs / "data")
    rows = [i for i, r in enumerate(records[:200]) if r["kind"] != "photo"][:8]
    rows += [i for i, r in enumerate(records[:400]) if r["kind"] == "drawing"][:8]
    unet, encoder, tokenizer = load_base(runs)
    control = load_control(runs, unet)
    hint = hints(images[rows], np.random.default_rng(0))
    context = text_states(encoder, tokenizer, [records[i]["captions"][0] for i in rows])
    doubled = torch.cat([hint, hint])

    def extra(x: Tensor, t: Tensor, both: Tensor) -> dict[str, Any]:
        down, mid = control(x, t, both, doubled, return_dict=False)
        return {"down_block_additional_residuals": down, "mid_block_additional_residual": mid}

    empty = text_states(encoder, tokenizer, [""])
    latents = sample(unet, context, empty, list(range(len(rows))), extra=extra)
    made = decode(load_vae(runs), latents)
    maps = (hint.permute(0, 2, 3, 1).numpy() * 255).astype(np.uint8)
    sheet = np.concatenate([maps[:8], made[:8], maps[8:], made[8:]])
    contact_sheet(runs / "sheets" / f"control-{step:06d}.png", sheet)


def padded(residual: Tensor, batch: int) -> Tensor:
    """Residuals of the hinted pictures, zeros for the rest of the batch."""
    return torch.cat([residual, residual.new_zeros(batch - len(residual), *residual.shape[1:])])


def train(runs: Path, minutes: float, device: torch.device, resume: bool, batch: int) -> None:
    """Train for so many minutes; writes base.pt and control.pt (EMA) and control-state.pt."""
    images, records = load_data(runs / "data")
    data = load_latents(runs)
    moments, tokens = data["moments"], data["tokens"]
    unet, encoder, _ = load_base(runs)
    begun = (runs / "control.pt").exists()
    control = load_control(runs, unet) if begun else new_control(unet)
    model = nn.ModuleDict({"unet": unet, "text": encoder, "control": control}).to(device).train()
    model.requires_grad_(True)
    groups = [{"params": part.parameters(), "rate": RATES[name]} for name, part in model.items()]
    loop = Loop("control", model, groups, minutes, state=runs / "control-state.pt", resume=resume)
    parallel.start(device)
    own = loop.step * 64 + parallel.rank()
    torch.manual_seed(own)
    noising = Noising(device, seed=own)
    rng = np.random.default_rng(own)
    batch //= parallel.count()
    hinted = batch // 2
    drawings = np.array([i for i, r in enumerate(records) if r["kind"] != "shapes"])
    shapes = np.array([i for i, r in enumerate(records) if r["kind"] == "shapes"])
    some = int(hinted * DRAWING_SHARE)

    def loss() -> Tensor:
        first = [rng.choice(drawings, some), rng.choice(shapes, hinted - some)]
        rows = np.concatenate([*first, rng.choice(len(records), batch - hinted)])
        hint = hints(images[rows[:hinted]], rng).to(device)
        latents = moments[rows].to(device).float()
        # Two draws: each half gets steps spread over the whole range.
        halves = [noising.draw(part) for part in (latents[:hinted], latents[hinted:])]
        noisy, noise, steps = (torch.cat(pair) for pair in zip(*halves, strict=True))
        ids = pick_tokens(tokens[rows], DROPPED).to(device)
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            context = encoder(ids).last_hidden_state
            down, mid = control(
                noisy[:hinted], steps[:hinted], context[:hinted], hint, return_dict=False
            )
            predicted = unet(
                noisy,
                steps,
                context,
                down_block_additional_residuals=[padded(value, batch) for value in down],
                mid_block_additional_residual=padded(mid, batch),
            ).sample
        return noising.loss(predicted, noise, steps)

    def keep() -> None:
        parts = loop.averages()
        base = {"unet": parts["unet"], "text": parts["text"], "step": loop.step}
        common.save(runs / "base.pt", base)
        common.save(runs / "control.pt", {"model": parts["control"], "step": loop.step})

    loop.run(loss, keep, lambda: look(runs, loop.step), every=480)


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=90)
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.resume, given.batch)
