"""Tiny models, opened once for all tests of the picture machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import weft.diffusion as wd

from .. import models


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Tiny networks gain nothing from threads, and lose much on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def checkpoint(folder: Path) -> Path:
    return models.tiny_sd1(folder / "tiny.safetensors")


@pytest.fixture(scope="session")
def opened(checkpoint: Path) -> tuple[wd.Model, wd.Clip, wd.Vae]:
    return wd.load_checkpoint(checkpoint)


@pytest.fixture(scope="session")
def model(opened: tuple[wd.Model, wd.Clip, wd.Vae]) -> wd.Model:
    return opened[0]


@pytest.fixture(scope="session")
def clip(opened: tuple[wd.Model, wd.Clip, wd.Vae]) -> wd.Clip:
    return opened[1]


@pytest.fixture(scope="session")
def vae(opened: tuple[wd.Model, wd.Clip, wd.Vae]) -> wd.Vae:
    return opened[2]


@pytest.fixture(scope="session")
def prompts(clip: wd.Clip) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(clip, "a red circle"), wd.encode_text(clip, "")


@pytest.fixture(scope="session")
def controlnet(folder: Path) -> wd.ControlNet:
    return wd.load_controlnet(models.tiny_controlnet(folder / "control.safetensors"))


@pytest.fixture(scope="session")
def vision(folder: Path) -> wd.ClipVision:
    return wd.load_clip_vision(models.tiny_clip_vision(folder / "vision.safetensors"))


@pytest.fixture(scope="session")
def adapter(folder: Path, vision: wd.ClipVision) -> wd.IPAdapter:
    return wd.load_ip_adapter(models.tiny_ip_adapter(folder / "adapter.safetensors"), vision)
