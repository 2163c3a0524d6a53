"""A VAE in tiles gives what it gives in one go."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.vae.tiles import can_run_in_tiles
from weft.diffusion.vae.tiling import Tile, decode_tiled, encode_tiled, tiles
from weft.nodes import fixtures


@pytest.fixture(scope="module")
def thimble() -> wd.Vae:
    found = fixtures.value("VAE")
    assert isinstance(found, wd.Vae)
    return found


def photo(height: int, width: int, batch: int = 1) -> torch.Tensor:
    return fixtures.image(batch, height, width).clamp(0, 1)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (128, 96), (40, 200), (72, 136)])
def test_picture_decoded_in_tiles_is_the_one_decoded_at_once(
    thimble: wd.Vae, height: int, width: int
) -> None:
    latent = wd.encode_image(thimble, photo(height, width))
    whole = wd.decode_latent(thimble, latent)
    tiled = decode_tiled(thimble, latent, tile_size=64)
    assert (tiled - whole).abs().max() < 1e-4  # no seam: a 40th of a level of 8 bits


@pytest.mark.parametrize(("height", "width"), [(128, 96), (40, 200), (75, 139)])
def test_latent_encoded_in_tiles_is_the_one_encoded_at_once(
    thimble: wd.Vae, height: int, width: int
) -> None:
    image = photo(height, width, batch=2)
    whole = wd.encode_image(thimble, image).samples
    tiled = encode_tiled(thimble, image, tile_size=64).samples
    assert (tiled - whole).abs().max() < 1e-4 * whole.std()


def test_tiles_of_a_random_vae_with_many_groups_agree(vae: wd.Vae) -> None:
    latent = wd.Latent(torch.randn(2, 4, 12, 20, generator=torch.Generator().manual_seed(0)))
    whole = wd.decode_latent(vae, latent)
    assert torch.allclose(decode_tiled(vae, latent, tile_size=32), whole, atol=1e-4)


def test_no_layer_sees_more_than_a_tile_and_its_rim(thimble: wd.Vae) -> None:
    network: Any = thimble.weights.module
    sides: list[int] = []
    hook = network.decoder.conv_out.register_forward_hook(
        lambda _, inputs, __: sides.extend(inputs[0].shape[-2:])
    )
    try:
        decode_tiled(thimble, wd.Latent(torch.zeros(1, 4, 20, 16)), tile_size=64)
    finally:
        hook.remove()
    assert len(sides) == 2 * 6
    assert max(sides) <= 66


def test_progress_of_tiles_rises_to_all_of_the_layers(thimble: wd.Vae) -> None:
    told: list[tuple[int, int]] = []
    latent = wd.Latent(torch.zeros(2, 4, 16, 8))
    decode_tiled(thimble, latent, tile_size=64, on_tile=lambda *each: told.append(each))
    assert told == sorted(told)
    assert told[-1] == (told[0][1] - 1, told[0][1])
    told.clear()
    encode_tiled(thimble, photo(128, 64), tile_size=64, on_tile=lambda *each: told.append(each))
    assert told[-1] == (told[0][1] - 1, told[0][1])


def test_tiles_stop_when_told_to(thimble: wd.Vae) -> None:
    class Stop(Exception):  # noqa: N818
        pass

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        decode_tiled(thimble, wd.Latent(torch.zeros(1, 4, 16, 16)), tile_size=64, on_tile=stop)


def test_other_networks_cannot_be_run_layer_by_layer() -> None:
    assert not can_run_in_tiles(torch.nn.Conv2d(3, 3, 1))


def test_blended_tiles_cover_everything_and_are_close(thimble: wd.Vae) -> None:
    latent = wd.encode_image(thimble, photo(96, 160))
    whole = wd.decode_latent(thimble, latent)
    blended = decode_tiled(thimble, latent, tile_size=64, overlap=16, way="blended")
    assert blended.shape == whole.shape
    assert (blended - whole).abs().mean() < 0.05
    one = decode_tiled(thimble, latent, tile_size=320, way="blended")
    assert torch.allclose(one, whole, atol=1e-5)


def test_blended_tiles_overlap_and_the_last_may_be_smaller() -> None:
    assert list(tiles((10, 4), (4, 4), 1)) == [Tile(0, 0, 4, 4), Tile(3, 0, 4, 4), Tile(6, 0, 4, 4)]
    assert list(tiles((3, 9), (4, 6), 2)) == [Tile(0, 0, 3, 6), Tile(0, 4, 3, 5)]


@pytest.mark.parametrize(("tile_size", "overlap"), [(8, 0), (64, -8)])
def test_tiles_of_no_size_are_refused(vae: wd.Vae, tile_size: int, overlap: int) -> None:
    with pytest.raises(wd.ParameterError):
        decode_tiled(vae, wd.empty_latent(64, 64), tile_size=tile_size, overlap=overlap)


def test_foreign_latent_is_refused_also_in_tiles(vae: wd.Vae) -> None:
    with pytest.raises(wd.ShapeError):
        decode_tiled(vae, wd.Latent(torch.zeros(1, 16, 8, 8), "flux"))
