"""Between pictures and latents."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.files.saving import save_tensors

from ... import models


def test_empty_latent_is_an_eighth_of_the_picture() -> None:
    latent = wd.empty_latent(64, 48, 3)
    assert latent.samples.shape == (3, 4, 6, 8)
    assert not latent.samples.any()


@pytest.mark.parametrize(("width", "height"), [(63, 64), (64, 4), (0, 64), (-8, 64)])
def test_empty_latent_of_bad_size_is_refused(width: int, height: int) -> None:
    with pytest.raises(wd.ShapeError, match="multiples of 8"):
        wd.empty_latent(width, height)


def test_empty_latent_without_pictures_is_refused() -> None:
    with pytest.raises(wd.ParameterError):
        wd.empty_latent(64, 64, 0)


def test_encode_crops_centrally_to_multiples_of_8(vae: wd.Vae) -> None:
    image = torch.rand(1, 21, 30, 3, generator=torch.Generator().manual_seed(0))
    cut = image[:, 2:18, 3:27]  # 5 rows too many: 2 above; 6 columns too many: 3 left
    got = wd.encode_image(vae, image).samples
    assert got.shape == (1, 4, 2, 3)
    assert torch.equal(got, wd.encode_image(vae, cut).samples)


def test_encode_gives_the_same_latent_every_time(vae: wd.Vae) -> None:
    image = torch.rand(1, 16, 16, 3)
    assert torch.equal(wd.encode_image(vae, image).samples, wd.encode_image(vae, image).samples)


def test_decode_gives_float_pictures_within_0_and_1(vae: wd.Vae) -> None:
    image = wd.decode_latent(vae, wd.Latent(torch.randn(2, 4, 3, 5) * 30))
    assert image.shape == (2, 24, 40, 3)
    assert image.dtype == torch.float32
    assert float(image.min()) >= 0
    assert float(image.max()) <= 1


@pytest.mark.parametrize(
    "latent",
    [wd.Latent(torch.zeros(1, 3, 8, 8)), wd.Latent(torch.zeros(1, 4, 8, 8), family="flux")],
)
def test_decode_of_a_foreign_latent_is_refused(vae: wd.Vae, latent: wd.Latent) -> None:
    with pytest.raises(wd.ShapeError):
        wd.decode_latent(vae, latent)


@pytest.mark.parametrize("shape", [(16, 16, 3), (1, 16, 16, 5), (1, 4, 16, 3), (0, 16, 16, 3)])
def test_encode_of_no_picture_is_refused(vae: wd.Vae, shape: tuple[int, ...]) -> None:
    with pytest.raises(wd.ShapeError):
        wd.encode_image(vae, torch.zeros(shape))


def test_encode_leaves_alpha_out(vae: wd.Vae) -> None:
    image = torch.rand(1, 16, 16, 4)
    colours = wd.encode_image(vae, image[..., :3].contiguous()).samples
    assert torch.equal(wd.encode_image(vae, image).samples, colours)


def test_noise_mask_is_set_on_a_new_latent() -> None:
    latent = wd.empty_latent(64, 64)
    masked = wd.set_noise_mask(latent, torch.ones(1, 9, 9))
    assert latent.noise_mask is None
    assert masked.noise_mask is not None


def test_noise_mask_of_another_batch_is_refused() -> None:
    with pytest.raises(wd.ShapeError):
        wd.set_noise_mask(wd.empty_latent(64, 64, 3), torch.ones(2, 64, 64))


def test_vae_that_overflows_in_half_is_run_in_float32(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As SDXL's does: an activation beyond 65504."""
    network = models.tiny_vae(seed=5)
    with torch.no_grad():
        network.decoder.conv_in.weight.mul_(3e5)
        network.decoder.conv_in.bias.mul_(3e5)
    path = folder / "overflows.safetensors"
    save_tensors(path, network.state_dict())
    samples = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = wd.decode_latent(wd.load_vae(path), wd.Latent(samples))
    monkeypatch.setenv("WEFT_DTYPE", "float16")
    vae = wd.load_vae(path)
    assert vae.weights.dtype == torch.float16
    with torch.no_grad():
        direct = vae.weights.module.decode(samples.half()).sample
    assert not direct.isfinite().all()
    for _ in range(2):
        got = wd.decode_latent(vae, wd.Latent(samples))
        assert float((got - expected).abs().max()) < 0.02
