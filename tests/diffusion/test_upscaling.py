"""Upscaling networks: their spellings, and tiles that leave no seam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as nnf
from safetensors.torch import save_file

import weft.diffusion as wd
from weft.diffusion.files.convert.model import convert_model
from weft.diffusion.pictures.upscalers import RRDB, SRVGG
from weft.diffusion.upscaling import load_upscaler, upscale_image


def rrdb(seed: int, *, ups: int = 2, fold: int = 1, blocks: int = 2) -> RRDB:
    torch.manual_seed(seed)
    return RRDB(
        channels=3, features=8, growth=4, blocks=blocks, ups=ups, fold=fold, scale=2**ups // fold
    ).eval()


def compact(seed: int, scale: int = 4) -> SRVGG:
    torch.manual_seed(seed)
    network = SRVGG(channels=3, features=8, layers=3, scale=scale).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.ndim == 1 and name.endswith("weight"):
                parameter.uniform_(0.05, 0.5)
    return network


def counted_names(network: RRDB) -> dict[str, torch.Tensor]:
    """ESRGAN's first spelling; its layers between are upsamplers and slopes without tensors."""
    heads = {"conv_first": 0, **{f"conv_up{n}": 3 * n for n in range(1, network.ups + 1)}}
    after = 3 * network.ups + 2
    heads |= {"conv_hr": after, "conv_last": after + 2}
    found = {}
    for name, tensor in network.state_dict().items():
        stem, _, end = name.rpartition(".")
        if stem in heads:
            found[f"model.{heads[stem]}.{end}"] = tensor
        elif stem == "conv_body":
            found[f"model.1.sub.{len(network.body)}.{end}"] = tensor
        else:
            _, number, dense, conv = stem.split(".")
            found[f"model.1.sub.{number}.{dense.upper()}.{conv}.0.{end}"] = tensor
    return found


def named_names(network: RRDB) -> dict[str, torch.Tensor]:
    """ESRGAN's second spelling."""
    found = {}
    for name, tensor in network.state_dict().items():
        new = name.replace("conv_body.", "trunk_conv.").replace("conv_hr.", "HRconv.")
        new = new.replace("conv_up", "upconv").replace("rdb", "RDB")
        found[new.replace("body.", "RRDB_trunk.") if new.startswith("body.") else new] = tensor
    return found


def plain_names(network: Any) -> dict[str, torch.Tensor]:
    return dict(network.state_dict())


def saved(path: Path, tensors: dict[str, torch.Tensor], prefix: str = "") -> Path:
    save_file({prefix + name: t.contiguous() for name, t in tensors.items()}, path)
    return path


def picture(seed: int, height: int, width: int, count: int = 1) -> torch.Tensor:
    return torch.rand(count, height, width, 3, generator=torch.Generator().manual_seed(seed))


def whole(network: Any, image: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return network(image.movedim(-1, 1)).movedim(1, -1).clamp(0, 1)


@pytest.mark.parametrize("spell", [plain_names, named_names, counted_names])
@pytest.mark.parametrize("ups", [0, 1, 2, 3])
def test_every_spelling_of_esrgan_gives_its_network(tmp_path: Path, spell: Any, ups: int) -> None:
    network = rrdb(810 + ups, ups=ups)
    model = load_upscaler(saved(tmp_path / "x.safetensors", spell(network)))
    assert model.scale == 2**ups
    image = picture(1, 12, 10)
    got = upscale_image(model, image)
    assert got.shape == (1, 12 * 2**ups, 10 * 2**ups, 3)
    torch.testing.assert_close(got, whole(network, image), rtol=0, atol=1e-6)


@pytest.mark.parametrize("prefix", ["", "params.", "params_ema.", "module."])
@pytest.mark.parametrize("scale", [1, 2, 4])
def test_compact_network_is_read_with_its_factor(tmp_path: Path, prefix: str, scale: int) -> None:
    network = compact(820 + scale, scale)
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(network), prefix))
    image = picture(2, 9, 14)
    assert model.scale == scale
    torch.testing.assert_close(
        upscale_image(model, image), whole(network, image), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize(("fold", "scale"), [(2, 2), (4, 1)])
def test_folded_pixels_give_smaller_factors_at_any_size(
    tmp_path: Path, fold: int, scale: int
) -> None:
    network = rrdb(830 + fold, fold=fold)
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(network)))
    assert model.scale == scale
    got = upscale_image(model, picture(3, 11, 13))
    assert got.shape == (1, 11 * scale, 13 * scale, 3)


def test_dense_block_is_the_published_formula() -> None:
    block = rrdb(840, blocks=1).body[0].rdb1
    x = torch.randn(1, 8, 5, 5, generator=torch.Generator().manual_seed(4)).double()
    block = block.double()
    seen = [x]
    for number in range(1, 5):
        layer = getattr(block, f"conv{number}")
        value = nnf.conv2d(torch.cat(seen, 1), layer.weight, layer.bias, padding=1)
        seen.append(torch.where(value > 0, value, 0.2 * value))
    last = nnf.conv2d(torch.cat(seen, 1), block.conv5.weight, block.conv5.bias, padding=1)
    torch.testing.assert_close(block(x), x + 0.2 * last)


@pytest.mark.parametrize("size", [(50, 90), (64, 33), (17, 200)])
def test_tiles_of_a_network_that_looks_near_leave_no_seam(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    network = compact(850)
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(network)))
    image = picture(5, *size, count=2)
    got = upscale_image(model, image, tile_size=32, overlap=16)
    torch.testing.assert_close(got, whole(network, image), rtol=0, atol=2e-6)


def test_tiles_of_a_network_that_looks_far_differ_little(tmp_path: Path) -> None:
    network = rrdb(851)  # sees more than 30 pixels to each side
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(network)))
    image = picture(6, 96, 96)
    expected = whole(network, image)
    got = upscale_image(model, image, tile_size=64, overlap=32)
    assert float((got - expected).abs().max()) < 1 / 255 * float(expected.std() + 1)


def test_progress_tells_every_tile_and_can_stop_it(tmp_path: Path) -> None:
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(compact(852))))
    told: list[tuple[int, int]] = []
    upscale_image(
        model, picture(7, 64, 64), tile_size=32, overlap=0, on_tile=lambda *x: told.append(x)
    )
    assert told == [(0, 4), (1, 4), (2, 4), (3, 4)]

    def stop(done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        upscale_image(model, picture(7, 64, 64), tile_size=32, overlap=0, on_tile=stop)


def test_no_room_on_the_device_halves_the_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(compact(853))))
    image = picture(8, 300, 40)
    expected = upscale_image(model, image)
    sizes: list[int] = []
    plain = SRVGG.forward

    def cramped(self: SRVGG, x: torch.Tensor) -> torch.Tensor:
        sizes.append(x.shape[-2])
        if x.shape[-2] > 150:
            raise torch.OutOfMemoryError("no room")
        return plain(self, x)

    monkeypatch.setattr(SRVGG, "forward", cramped)
    got = upscale_image(model, image)
    torch.testing.assert_close(got, expected, rtol=0, atol=2e-6)
    assert sizes[:3] == [300, 256, 128]


def test_other_upscalers_and_other_files_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    swin = {"conv_first.weight": torch.zeros(8, 3, 3, 3), "layers.0.norm.weight": torch.ones(8)}
    with pytest.raises(wd.ModelError) as caught:
        load_upscaler(saved(tmp_path / "swin.safetensors", swin))
    assert caught.value.code == "model.unsupported_layout"
    with pytest.raises(wd.ModelError) as caught:
        load_upscaler(checkpoint)
    assert caught.value.code == "model.wrong_kind"
    odd = plain_names(compact(854)) | {"body.4.weight": torch.zeros(47, 8, 3, 3)}
    with pytest.raises(wd.ModelError) as caught:
        load_upscaler(saved(tmp_path / "odd.safetensors", odd))
    assert caught.value.code == "model.unsupported_layout"


def test_picture_with_alpha_is_refused(tmp_path: Path) -> None:
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(compact(855))))
    with pytest.raises(wd.ShapeError) as caught:
        upscale_image(model, torch.zeros(1, 16, 16, 4))
    assert "alpha" in str(caught.value.hint)


@pytest.mark.parametrize("sizes", [(60, 8), (64, 40), (64, 4), (8, 0)])
def test_tiles_that_are_none_are_refused(tmp_path: Path, sizes: tuple[int, int]) -> None:
    model = load_upscaler(saved(tmp_path / "x.safetensors", plain_names(compact(856))))
    with pytest.raises(wd.ParameterError):
        upscale_image(model, picture(9, 16, 16), tile_size=sizes[0], overlap=sizes[1])


def test_pickled_upscaler_is_converted_and_loads(tmp_path: Path) -> None:
    network = rrdb(857)
    torch.save({"params": {}, "params_ema": network.state_dict()}, tmp_path / "x.pth")
    converted = convert_model(tmp_path / "x.pth", tmp_path / "x.safetensors")
    image = picture(10, 12, 12)
    got = upscale_image(load_upscaler(converted), image)
    torch.testing.assert_close(got, whole(network, image), rtol=0, atol=1e-6)


def test_inspection_says_that_it_is_an_upscaler(tmp_path: Path) -> None:
    assert wd.inspect_file(saved(tmp_path / "x.safetensors", counted_names(rrdb(858)))).kind == (
        "upscaler"
    )
