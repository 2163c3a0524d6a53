"""thimble on an accelerator, beside the CPU. Run by hand: `pytest tests/gpu`.

Skipped where torch has none; WEFT_TEST_DEVICE names another device, such as cuda:1.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.device import compute_device
from weft.diffusion.weights.residency import RESIDENCY
from weft.nodes.standard.folders import THIMBLE

CHECKPOINT = THIMBLE / "checkpoints" / "thimble.safetensors"
DEVICE = os.environ.get("WEFT_TEST_DEVICE") or compute_device().type
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        DEVICE == "cpu" and "WEFT_TEST_DEVICE" not in os.environ, reason="there is no accelerator"
    ),
]


@dataclass(frozen=True)
class Drawn:
    """A picture and the latent that it was decoded from."""

    latent: torch.Tensor
    image: torch.Tensor


def draw(device: str, dtype: str = "", **settings: str) -> Drawn:
    """A red circle on blue, on a device."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEFT_DEVICE", device)
        for name, value in {"WEFT_DTYPE": dtype, **settings}.items():
            patch.setenv(name, value)
        model, clip, vae = wd.load_checkpoint(CHECKPOINT)
        latent = wd.sample(
            model,
            wd.encode_text(clip, "a large red circle on a blue background"),
            wd.encode_text(clip, ""),
            wd.empty_latent(128, 128),
            seed=42,
            steps=6,
            cfg=4.0,
            sampler_name="dpmpp_2m",
            scheduler="karras",
        )
        return Drawn(latent.samples, wd.decode_latent(vae, latent))


@pytest.fixture(scope="module")
def plain() -> Drawn:
    return draw("cpu")


@pytest.fixture(autouse=True)
def _leaves_nothing_behind() -> Iterator[None]:
    yield
    gc.collect()
    RESIDENCY.release(torch.device(DEVICE))


def test_float32_gives_the_picture_of_the_cpu(plain: Drawn) -> None:
    found = draw(DEVICE, "float32")
    assert found.image.device.type == "cpu"
    # Matrix products are added up in another order, and TF32 may be on.
    assert (found.latent - plain.latent).abs().max() < 0.02 * plain.latent.std()
    assert (found.image - plain.image).abs().mean() < 1 / 255


@pytest.mark.parametrize("dtype", ["", "float16", "bfloat16"])
def test_half_types_give_nearly_the_same_picture(plain: Drawn, dtype: str) -> None:
    found = draw(DEVICE, dtype)
    assert torch.isfinite(found.latent).all()
    assert (found.image - plain.image).abs().mean() < 6 / 255


def test_streamed_layers_give_what_whole_networks_give() -> None:
    whole = draw(DEVICE, "float32", WEFT_OFFLOAD="never")
    RESIDENCY.release(torch.device(DEVICE))
    streamed = draw(DEVICE, "float32", WEFT_OFFLOAD="always")
    assert torch.allclose(streamed.latent, whole.latent, atol=1e-4)


@pytest.mark.parametrize("share", [0.25, 0.75])
def test_picture_is_the_same_bit_for_bit_with_a_part_resident(share: float) -> None:
    device = torch.device(DEVICE)
    whole = draw(DEVICE, "float32", WEFT_OFFLOAD="never")
    RESIDENCY.release(device)
    try:
        size = wd.load_checkpoint(CHECKPOINT)[0].weights.footprint
        RESIDENCY.set_budget(device, int(share * size))
        part = draw(DEVICE, "float32", WEFT_WORKSPACE="0")
        assert RESIDENCY.held(device) <= share * size
    finally:
        RESIDENCY.set_budget(device, None)
    assert torch.equal(part.latent, whole.latent)


def test_memory_comes_back_after_twenty_changes_of_type() -> None:
    draw(DEVICE, "float32")
    RESIDENCY.release(torch.device(DEVICE))
    before = RESIDENCY.held(torch.device(DEVICE))
    for number in range(20):
        draw(DEVICE, ("float32", "bfloat16")[number % 2])
    gc.collect()
    RESIDENCY.release(torch.device(DEVICE))
    assert RESIDENCY.held(torch.device(DEVICE)) <= before


# Inductor's own imports warn of what torch will drop.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_compiled_network_gives_the_same_picture(plain: Drawn) -> None:
    from torch._dynamo.utils import counters

    before = counters["stats"]["unique_graphs"]
    found = draw(DEVICE, "float32", WEFT_COMPILE="1")
    assert counters["stats"]["unique_graphs"] > before
    assert (found.image - plain.image).abs().mean() < 1 / 255
