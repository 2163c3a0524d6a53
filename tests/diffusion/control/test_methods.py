"""The table of control methods: every row has a test against its source, and steers a family."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from weft.diffusion.control import METHODS, is_steered, method_of, steers
from weft.diffusion.errors import ModelError
from weft.diffusion.families import NAMES

TESTS = Path(__file__).parents[2]
PROVEN = {
    "ControlNet (UNet)": "golden/test_unet_control.py",
    "T2I-Adapter": "golden/test_t2i_adapter.py",
    "Control-LoRA": "golden/test_unet_control.py",
    "ControlNet (SD3)": "golden/test_transformer_control.py",
    "ControlNet (Flux)": "golden/test_transformer_control.py",
    "ControlNet (PixArt)": "golden/test_transformer_control.py",
}
"""Method -> where it is compared with its source."""
NETS = [
    ("controlnet", "sd1", "ControlNet (UNet)"),
    ("controlnet", "sdxl", "ControlNet (UNet)"),
    ("t2i_adapter", "sd1", "T2I-Adapter"),
    ("control_lora", "sdxl", "Control-LoRA"),
    ("controlnet", "sd3", "ControlNet (SD3)"),
    ("controlnet", "flux", "ControlNet (Flux)"),
    ("controlnet", "pixart", "ControlNet (PixArt)"),
]


def net(kind: str, family: str) -> Any:
    weights = SimpleNamespace(kind=kind, path=Path("x.safetensors"), config={})
    return SimpleNamespace(weights=weights, family=family)


def test_every_method_is_compared_with_its_source() -> None:
    assert {method.name for method in METHODS} == set(PROVEN)
    assert all((TESTS / place).is_file() for place in PROVEN.values())


def test_every_method_steers_families_that_there_are() -> None:
    for method in METHODS:
        assert method.steers
        assert {model for models in method.steers.values() for model in models} <= set(NAMES)


@pytest.mark.parametrize(("kind", "family", "name"), NETS)
def test_network_belongs_to_one_method(kind: str, family: str, name: str) -> None:
    given = net(kind, family)
    assert [method.name for method in METHODS if method.owns(given)] == [name]
    assert method_of(given).name == name


def test_network_of_no_method_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match="knows no control method") as caught:
        method_of(net("controlnet_xs", "sd1"))
    assert caught.value.code == "model.no_control"


def test_families_are_steered_as_their_methods_say() -> None:
    assert steers("sdxl", "playground")
    assert not steers("sd1", "sdxl")
    assert not is_steered("sdxl_refiner")
