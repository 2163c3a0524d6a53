"""Rules that change sizes inside of a UNet: tiles of attention, and Deep Shrink."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.guidance.apply import with_rule
from weft.diffusion.guidance.shrink import DeepShrink, _resized, sizes_of
from weft.diffusion.guidance.tiles import HyperTile, Tiling, into_tiles, out_of_tiles, sides_of
from weft.diffusion.prediction.sigmas import DiscreteSigmas
from weft.diffusion.types.guidance import GuidanceRule, Moment

from ..sampling.test_sample import run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


def x(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(4))


def call(unet: Any, latent: torch.Tensor, rule: GuidanceRule | None, **more: Any) -> torch.Tensor:
    """One call of a UNet under a rule."""
    moment = Moment(5.0, DiscreteSigmas().at_fraction)
    context = None if rule is None else rule.around(moment)
    with torch.no_grad(), context or torch.no_grad():
        out: torch.Tensor = unet(
            latent, 500, encoder_hidden_states=x(len(latent), 77, 64), return_dict=False, **more
        )[0]
    return out


@contextmanager
def sizes_seen(unet: Any) -> Iterator[list[tuple[int, int]]]:
    """Sizes that residual blocks are given."""
    seen: list[tuple[int, int]] = []

    def look(_: Any, arguments: tuple[torch.Tensor, ...]) -> None:
        seen.append((arguments[0].shape[-2], arguments[0].shape[-1]))

    blocks = [m for n, m in unet.named_modules() if type(m).__name__ == "ResnetBlock2D"]
    hooks = [block.register_forward_pre_hook(look) for block in blocks]
    yield seen
    for hook in hooks:
        hook.remove()


# --- tiles ---------------------------------------------------------------------------------------


def test_tiles_are_cut_and_put_together_again() -> None:
    hidden = torch.arange(2 * 4 * 6).float().reshape(2, 24, 1)
    cut = into_tiles(hidden, 4, 6, 2, 3)
    assert cut.shape == (12, 4, 1)
    assert cut[0].flatten().tolist() == [0, 1, 6, 7]
    assert torch.equal(out_of_tiles(cut, 4, 6, 2, 3), hidden)


@pytest.mark.parametrize(("tall", "wide"), [(64, 64), (48, 80), (17, 13), (1, 7), (96, 31)])
def test_sides_are_found_from_the_number_of_places(tall: int, wide: int) -> None:
    assert sides_of(tall * wide, tall / wide) == (tall, wide)


@pytest.mark.parametrize("scale", [False, True])
def test_tiles_are_at_least_as_large_as_asked(scale: bool) -> None:
    now = Tiling(HyperTile(128, 3, 1, scale), 5.0, (64, 96))
    for layer in range(20):
        for depth in (1, 2):
            tall, wide, rows, columns = now.grid(64 * 96 // depth**2, 32 * depth, 32, layer)
            least = 16 * (2 ** (depth - 1) if scale else 1)
            assert (tall, wide) == (64 // depth, 96 // depth)
            assert tall // rows >= least
            assert wide // columns >= least
            assert tall % rows == wide % columns == 0
    assert now.grid(64 * 96 // 16, 128, 32, 0) == (16, 24, 1, 1)  # deeper than max_depth


def test_tiles_change_from_layer_to_layer_and_are_the_same_again() -> None:
    grids = [Tiling(HyperTile(64, 4), 5.0, (64, 96)).grid(6144, 32, 32, n) for n in range(20)]
    assert len(set(grids)) > 3
    again = [Tiling(HyperTile(64, 4), 5.0, (64, 96)).grid(6144, 32, 32, n) for n in range(20)]
    assert grids == again
    fixed = [Tiling(HyperTile(64, 1), 5.0, (64, 96)).grid(6144, 32, 32, n) for n in range(20)]
    assert set(fixed) == {(64, 96, 8, 12)}


def test_place_attends_within_its_tile_only(model: wd.Model) -> None:
    unet: Any = model.weights.module
    layer = next(m for n, m in unet.named_modules() if n.endswith(".attn1"))
    width = layer.to_q.in_features
    hidden = x(1, 64, width)
    changed = hidden.clone()
    changed[:, 0] += 5.0  # the upper left place
    context = HyperTile(32, 1, 10).around(Moment(5.0, DiscreteSigmas().at_fraction))
    with torch.no_grad(), context:
        from weft.diffusion.guidance.tiles import tiling

        now = tiling.get()
        assert now is not None
        now.size = (8, 8)
        differs = (layer(changed) - layer(hidden)).abs().amax(-1).reshape(8, 8) > 1e-6
    with torch.no_grad():
        plainly = (layer(changed) - layer(hidden)).abs().amax(-1) > 1e-6
    assert bool(differs[:4, :4].all())
    assert int(differs.sum()) == 16
    assert bool(plainly.all())


def test_one_tile_is_the_plain_network(model: wd.Model) -> None:
    unet, latent = model.weights.module, x(2, 4, 8, 12)
    plain = call(unet, latent, None)
    assert torch.equal(call(unet, latent, HyperTile(256, 1, 3)), plain)
    assert not torch.allclose(call(unet, latent, HyperTile(32, 1, 3)), plain, atol=1e-4)
    assert torch.equal(call(unet, latent, None), plain)


# --- Deep Shrink ---------------------------------------------------------------------------------


def test_features_are_smaller_behind_the_block_and_full_again(model: wd.Model) -> None:
    unet, latent = model.weights.module, x(1, 4, 16, 24)
    plain = call(unet, latent, None)
    halving = list(unet.weft_halves).index(True) + 1
    with sizes_seen(unet) as seen:
        small = call(unet, latent, DeepShrink(halving))
    assert small.shape == plain.shape
    assert not torch.allclose(small, plain, atol=1e-3)
    # Up to the first downsampling nothing is smaller, behind it all is.
    assert seen[: halving - 1] == [(16, 24)] * (halving - 1)
    assert seen[halving - 1] == (4, 6)
    assert seen[-1] == (16, 24)
    assert torch.equal(call(unet, latent, None), plain)


@pytest.mark.parametrize("after_skip", [True, False])
@pytest.mark.parametrize("block", [1, 2, 3, 4, 6, 40])
def test_every_block_can_be_shrunk(model: wd.Model, block: int, after_skip: bool) -> None:
    unet, latent = model.weights.module, x(1, 4, 17, 22)
    rule = DeepShrink(block, 1.7, after_skip=after_skip, down="bislerp", up="nearest-exact")
    out = call(unet, latent, rule)
    assert out.shape == latent.shape
    assert torch.isfinite(out).all()
    here = block <= len(unet.weft_halves)
    assert torch.equal(out, call(unet, latent, None)) is not here


@pytest.mark.parametrize("method", ["bislerp", "bicubic", "area", "nearest-exact", "bilinear"])
def test_features_keep_their_type(method: Any) -> None:
    small = _resized(x(1, 4, 8, 8).bfloat16(), (5, 3), method)
    assert small.dtype == torch.bfloat16
    assert small.shape == (1, 4, 5, 3)


@pytest.mark.parametrize("after_skip", [True, False])
def test_what_control_adds_is_fitted(model: wd.Model, after_skip: bool) -> None:
    unet: Any = model.weights.module
    latent = x(1, 4, 16, 16)
    plain = DeepShrink(99)
    rule = DeepShrink(3, 2.0, after_skip=after_skip)
    widths = [unet.config.block_out_channels[0]]
    for block in unet.down_blocks:
        width = block.resnets[0].out_channels
        widths += [width] * (len(block.resnets) + len(block.downsamplers or ()))
    *sizes, middle = sizes_of(unet.weft_halves, (16, 16), plain)
    down = [0.1 * x(1, w, *size) for w, size in zip(widths, sizes, strict=True)]
    control = {
        "down_block_additional_residuals": down,
        "mid_block_additional_residual": 0.1 * x(1, widths[-1], *middle),
    }
    assert not torch.allclose(
        call(unet, latent, rule, **control), call(unet, latent, rule), atol=1e-4
    )


def test_deep_shrink_acts_in_its_window_only(model: wd.Model, prompts: Prompts) -> None:
    def sampled(**window: float) -> torch.Tensor:
        return run(with_rule(model, DeepShrink(**window)), prompts).samples  # type: ignore[arg-type]

    plain = run(model, prompts).samples
    late = sampled(start=1.0, end=1.0)
    assert torch.equal(late, plain)
    assert not torch.allclose(sampled(), plain, atol=1e-3)
