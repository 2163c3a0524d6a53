"""Train the Canny ControlNet on the frozen UNet.

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
from training.nets import Net
from training.noising import Fp32Attention, Noising, freeze
from training.sampling import contact_sheet, decode, sample, text_states
from training.unet import load_base, pick_tokens
from training.vae import load_vae

log = logging.getLogger("control")
RATE = 1e-3
HINT_CHANNELS = (16, 32, 48, 64)
DROPPED = 0.25
DRAWING_SHARE = 0.4


def hint_of(picture: NDArray[np.uint8], low: float, high: float) -> NDArray[np.uint8]:
    """Canny edges of (H, W, 3) sRGB: (H, W) uint8, 0 or 255."""
    grey = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.Canny(grey, low, high))


def hints(pictures: NDArray[np.uint8], rng: np.random.Generator) -> Tensor:
    """Hints of (B, 128, 128, 3) pictures at random thresholds: (B, 3, 128, 128) 0..1."""
    maps = []
    for picture in pictures:
        low = rng.uniform(40, 130)
        maps.append(hint_of(picture, low, low * rng.uniform(1.5, 2.5)))
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


def look(runs: Path, unet: Net, step: int) -> None:
    """Hints above, pictures made with them below."""
    images, records = load_data(runs / "data")
    rows = [i for i, r in enumerate(records[:200]) if r["kind"] != "photo"][:8]
    rows += [i for i, r in enumerate(records[:400]) if r["kind"] == "drawing"][:8]
    control = load_control(runs, unet)
    _, encoder, tokenizer = load_base(runs)
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


def train(runs: Path, minutes: float, device: torch.device, resume: bool, batch: int) -> None:
    """Train for so many minutes; writes control.pt (EMA) and control-state.pt."""
    images, records = load_data(runs / "data")
    data = load_latents(runs)
    moments, tokens = data["moments"], data["tokens"]
    base, encoder, _ = load_base(runs)
    unet = freeze(base.to(device))
    freeze(encoder.to(device))
    control = new_control(base).to(device).requires_grad_(True)
    optimiser = torch.optim.AdamW(control.parameters(), lr=RATE, betas=(0.9, 0.99))
    average = common.Average(control, 0.998)
    state_path, step, used = runs / "control-state.pt", 0, 0.0
    if resume and state_path.exists():
        state = common.load(state_path)
        control.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        average.values, average.steps = state["average"], state["step"]
        step, used = state["step"], state["used"]
    clock = common.Clock(minutes, used, warm_up=0.04)
    parallel.start(device)
    own = step * 64 + parallel.rank()
    torch.manual_seed(own)
    noising = Noising(device, seed=own)
    rng = np.random.default_rng(own)
    batch //= parallel.count()
    drawings = np.array([i for i, r in enumerate(records) if r["kind"] != "shapes"])
    shapes = np.array([i for i, r in enumerate(records) if r["kind"] == "shapes"])
    some = int(batch * DRAWING_SHARE)
    recent, saved, done = 0.0, clock.used, clock.progress

    def keep() -> None:
        state: dict[str, Any] = {"model": control.state_dict(), "optimiser": optimiser.state_dict()}
        state |= {"average": average.values, "step": step, "used": clock.used}
        common.save(state_path, state)
        common.save(runs / "control.pt", {"model": average.values, "step": step})

    while done < 1:
        for group in optimiser.param_groups:
            group["lr"] = RATE * clock.factor(done)
        rows = np.concatenate([rng.choice(drawings, some), rng.choice(shapes, batch - some)])
        rng.shuffle(rows)
        hint = hints(images[rows], rng).to(device)
        noisy, noise, steps = noising.draw(moments[rows].to(device).float())
        ids = pick_tokens(tokens[rows], DROPPED).to(device)
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                context = encoder(ids).last_hidden_state
            down, mid = control(noisy, steps, context, hint, return_dict=False)
            predicted = unet(
                noisy,
                steps,
                context,
                down_block_additional_residuals=down,
                mid_block_additional_residual=mid,
            ).sample
        loss = noising.loss(predicted, noise, steps)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        done = parallel.average_gradients(control, clock.progress)
        nn.utils.clip_grad_norm_(control.parameters(), 1.0)
        optimiser.step()
        step += 1
        if parallel.rank() > 0:
            continue
        average.update(control)
        recent = recent * 0.98 + float(loss.detach()) * 0.02
        if step % 25 == 0:
            log.info("step %d  %.0f s  loss %.4f", step, clock.used, recent / (1 - 0.98**step))
        if clock.used - saved > 270:
            keep()
            look(runs, base, step)
            saved = clock.used
    if parallel.rank() == 0:
        keep()
        look(runs, base, step)


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=18)
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.resume, given.batch)
