"""Train the IP-Adapter (base layout, four image tokens) on the frozen UNet.

The reference is the picture itself, seen through the image encoder; the caption is left out half of
the time, so that an empty prompt works.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training import common
from training.dataset import load as load_data
from training.latents import load_latents
from training.loop import Loop
from training.nets import TEXT_WIDTH, Net
from training.noising import Fp32Attention, Noising, freeze
from training.sampling import contact_sheet, decode, sample, text_states
from training.unet import load_base, pick_tokens
from training.vae import load_vae
from training.vision import WIDTH, load_vision, prepare_pixels

RATE = 1e-3
TOKENS = 4
TEXT_DROPPED, IMAGE_DROPPED = 0.5, 0.07


def new_weights(unet: Net) -> dict[str, dict[str, Tensor]]:
    """An untrained adapter in the layout of its files; keys and values begin as the text's."""
    projection = nn.Linear(WIDTH, TOKENS * TEXT_WIDTH)
    norm = nn.LayerNorm(TEXT_WIDTH)
    image = {
        "proj.weight": projection.weight.detach(),
        "proj.bias": projection.bias.detach(),
        "norm.weight": norm.weight.detach(),
        "norm.bias": norm.bias.detach(),
    }
    layers: dict[str, Tensor] = {}
    modules = dict(unet.named_modules())
    names = [n for n in unet.attn_processors if n.endswith("attn2.processor")]
    for number, name in enumerate(names):
        attention = modules[name.removesuffix(".processor")]
        layers[f"{2 * number + 1}.to_k_ip.weight"] = attention.to_k.weight.detach().clone()
        layers[f"{2 * number + 1}.to_v_ip.weight"] = attention.to_v.weight.detach().clone() * 0.5
    return {"image_proj": image, "ip_adapter": layers}


def attach(unet: Net, weights: dict[str, dict[str, Tensor]]) -> nn.ModuleList:
    """Put an adapter into a UNet; returns its trainable parts."""
    unet._load_ip_adapter_weights([weights])
    processors = [p for p in unet.attn_processors.values() if hasattr(p, "to_k_ip")]
    return nn.ModuleList([unet.encoder_hid_proj, *processors])


def file_weights(parts: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """Trained parts back in the layout of adapter files."""
    image: dict[str, Tensor] = {}
    layers: dict[str, Tensor] = {}
    for name, value in parts.items():
        number, rest = name.split(".", 1)
        if number == "0":
            field = rest.removeprefix("image_projection_layers.0.")
            image[field.replace("image_embeds.", "proj.")] = value
        else:
            kind = rest.split(".")[0]
            layers[f"{2 * int(number) - 1}.{kind}.weight"] = value
    return {"image_proj": image, "ip_adapter": layers}


@torch.no_grad()
def embed_pictures(runs: Path, device: torch.device, batch: int = 128) -> Tensor:
    """Image embeddings of all training pictures: (N, 128)."""
    images, _ = load_data(runs / "data")
    vision = load_vision(runs).to(device)
    parts = [
        vision(prepare_pixels(images[at : at + batch]).to(device)).image_embeds.cpu()
        for at in range(0, len(images), batch)
    ]
    return torch.cat(parts)


def look(runs: Path, step: int) -> None:
    """References above, pictures made from them with an empty prompt below."""
    images, _ = load_data(runs / "data")
    rows = list(range(16))
    unet, encoder, tokenizer = load_base(runs)
    attach(unet, common.load(runs / "ip.pt")["weights"])
    embedding = load_vision(runs)(prepare_pixels(images[rows])).image_embeds
    doubled = torch.cat([torch.zeros_like(embedding), embedding])[:, None]

    def extra(x: Tensor, t: Tensor, both: Tensor) -> dict[str, Any]:
        return {"added_cond_kwargs": {"image_embeds": [doubled]}}

    empty = text_states(encoder, tokenizer, [""])
    context = empty.expand(len(rows), -1, -1)
    latents = sample(unet, context, empty, rows, guidance=3.5, extra=extra)
    made = decode(load_vae(runs), latents)
    sheet = np.concatenate([images[:8], made[:8], images[8:16], made[8:]])
    contact_sheet(runs / "sheets" / f"ip-{step:06d}.png", sheet)


def train(runs: Path, minutes: float, device: torch.device, resume: bool, batch: int) -> None:
    """Train for so many minutes; writes ip.pt (EMA, file layout) and ip-state.pt."""
    data = load_latents(runs)
    moments, tokens = data["moments"], data["tokens"]
    embeddings = embed_pictures(runs, device)
    unet, encoder, _ = load_base(runs)
    freeze(encoder.to(device))
    begun = resume and (runs / "ip.pt").exists()
    first = common.load(runs / "ip.pt")["weights"] if begun else new_weights(unet)
    parts = attach(unet, first)
    freeze(unet.to(device))
    parts.to(device).requires_grad_(True)
    groups = [{"params": parts.parameters(), "rate": RATE}]
    state = runs / "ip-state.pt"
    loop = Loop("ip", parts, groups, minutes, decay=0.998, state=state, resume=resume, warm_up=0.04)
    noising = Noising(device, seed=200 + loop.step)
    batches = common.shuffled(len(moments), batch, seed=200 + loop.step)

    def loss() -> Tensor:
        rows = next(batches)
        noisy, noise, steps = noising.draw(moments[rows].to(device).float())
        ids = pick_tokens(tokens[rows], TEXT_DROPPED).to(device)
        image = embeddings[rows].to(device)
        kept = torch.rand(len(rows), 1, device=device) >= IMAGE_DROPPED
        with Fp32Attention(device), torch.autocast(device.type, torch.bfloat16):
            with torch.no_grad():
                context = encoder(ids).last_hidden_state
            more = {"image_embeds": [(image * kept)[:, None]]}
            predicted = unet(noisy, steps, context, added_cond_kwargs=more).sample
        return noising.loss(predicted, noise, steps)

    def keep() -> None:
        weights = file_weights(loop.average.values)
        common.save(runs / "ip.pt", {"weights": weights, "step": loop.step})

    loop.run(loss, keep, lambda: look(runs, loop.step), every=330, tell=25)


if __name__ == "__main__":
    parser = common.arguments(__doc__, minutes=18)
    parser.add_argument("--batch", type=int, default=32)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train(given.runs, given.minutes, common.prepare(given), given.resume, given.batch)
