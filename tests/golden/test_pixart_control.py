"""PixArt's ControlNet against its blocks in order: diffusers has no pipeline for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.families import sampling_of
from weft.diffusion.files.saving import save_tensors

from .. import control_nets, families, models
from .pipelines import seeded_noise
from .test_transformer_control import SEED, SIDE, centred, difference, written


@pytest.fixture(scope="module")
def picture() -> torch.Tensor:
    return torch.rand(1, SIDE, SIDE, 3, generator=torch.Generator().manual_seed(8))


def pixart(folder: Path, seed: int) -> tuple[wd.Model, Any, wd.Clip, wd.Vae, Any]:
    network = families.pixart_transformer(sized=True, seed=seed)
    path = families.write(folder / "pixart.safetensors", families.pixart_tensors(network))
    text = families.write(
        folder / "t5.safetensors",
        families.t5_tensors(families.t5_encoder(), ""),
        metadata={"tokenizer": families.t5_tokenizer()},
    )
    autoencoder = models.tiny_vae(seed=seed)
    vae = wd.load_vae(families.write(folder / "vae.safetensors", families.ldm("vae", autoencoder)))
    return wd.load_model(path), network, wd.load_clip([text], "pixart_alpha"), vae, autoencoder


def reference(
    transformer: Any, control: Any, x: Any, hint: Any, time: Any, text: Any, mask: Any, scale: float
) -> torch.Tensor:
    """PixArt with a ControlNet written down block by block (Chen et al. 2024, figure 3)."""
    height, width = x.shape[-2] // 2, x.shape[-1] // 2
    sizes = {
        "resolution": torch.tensor([[x.shape[-2] * 8.0, x.shape[-1] * 8.0]]),
        "aspect_ratio": torch.tensor([[x.shape[-2] / x.shape[-1]]]),
    }
    clock, end = transformer.adaln_single(time, sizes, batch_size=1, hidden_dtype=x.dtype)
    told = {
        "timestep": clock,
        "encoder_hidden_states": transformer.caption_projection(text),
        "encoder_attention_mask": ((1 - mask) * -10000.0)[:, None],
    }
    hidden = transformer.transformer_blocks[0](transformer.pos_embed(x), **told)
    state = transformer.pos_embed(hint)
    for number, block in enumerate(transformer.transformer_blocks[1:]):
        if number < len(control.controlnet_blocks):
            copied = control.controlnet_blocks[number]
            if number == 0:
                state = hidden + copied["before_proj"](state)
            state = copied["transformer_block"](state, **told)
            hidden = hidden + scale * copied["after_proj"](state)
        hidden = block(hidden, **told)
    shift, grow = (transformer.scale_shift_table[None] + end[:, None]).chunk(2, dim=1)
    out = transformer.proj_out(transformer.norm_out(hidden) * (1 + grow) + shift)
    cells = out.reshape(1, height, width, 2, 2, -1)
    whole = torch.einsum("nhwpqc->nchpwq", cells).reshape(1, -1, height * 2, width * 2)
    return whole[:, :4]


@pytest.mark.parametrize("layout", ["file", "original"])
def test_pixart_controlnet_matches_its_blocks_in_order(
    tmp_path: Path, picture: torch.Tensor, layout: str
) -> None:
    model, transformer, clip, vae, autoencoder = pixart(tmp_path, seed=62)
    control = control_nets.pixart_control()
    if layout == "original":
        path = tmp_path / "control.safetensors"
        save_tensors(path, original_pixart(control))
    else:
        path = written(tmp_path, "control", control)
    net = wd.load_controlnet(path)
    assert net.family == "pixart"
    prompt = wd.encode_text(clip, "a red circle")
    held = wd.apply_control(prompt, net, picture, 0.7, vae=vae)

    def once(conditioning: wd.Conditioning) -> torch.Tensor:
        return wd.sample(
            model, conditioning, conditioning, wd.empty_latent(SIDE, SIDE), seed=SEED, steps=1,
            cfg=1.0, sampler_name="euler", scheduler="simple",
        ).samples * 0.18215  # fmt: skip

    table = sampling_of(model).table()
    sigma = table.sigma_max
    x = seeded_noise(SEED, 1, 4, 8, 8) * (1 + sigma**2) ** 0.5
    entry = prompt.entries[0]
    with torch.no_grad():
        hint = autoencoder.encode(centred(picture)).latent_dist.mean * 0.18215
        eps = reference(
            transformer,
            control,
            x / (1 + sigma**2) ** 0.5,
            hint,
            torch.tensor([table.timestep(sigma)]),
            entry.tokens,
            entry.token_mask,
            0.7,
        )
    expected = x - sigma * eps
    scale = float(expected.abs().max())
    assert difference(once(held), expected) < 1e-5 * scale
    assert difference(once(prompt), expected) > 1e-3 * scale


def original_pixart(control: Any) -> dict[str, Any]:
    """A PixArt ControlNet in the names of its authors."""
    count = len(control.controlnet_blocks)
    state = dict(control.state_dict())
    result = {
        name.replace("controlnet_blocks", "controlnet"): tensor
        for name, tensor in state.items()
        if ".transformer_block." not in name
    }
    for number in range(count):
        old = f"controlnet_blocks.{number}.transformer_block."
        new = f"controlnet.{number}.copied_block."
        result[f"{new}scale_shift_table"] = state[f"{old}scale_shift_table"]
        for end in ("weight", "bias"):
            for theirs, ours in (
                ("attn.proj", ("attn1.to_out.0",)),
                ("attn.qkv", ("attn1.to_q", "attn1.to_k", "attn1.to_v")),
                ("cross_attn.q_linear", ("attn2.to_q",)),
                ("cross_attn.kv_linear", ("attn2.to_k", "attn2.to_v")),
                ("cross_attn.proj", ("attn2.to_out.0",)),
                ("mlp.fc1", ("ff.net.0.proj",)),
                ("mlp.fc2", ("ff.net.2",)),
            ):
                result[f"{new}{theirs}.{end}"] = torch.cat([state[f"{old}{o}.{end}"] for o in ours])
    return result
