"""Tiny models as weft opens them and as diffusers holds them: the same tensors on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import weft.diffusion as wd

from .. import models


class Pair(NamedTuple):
    """One model on both sides."""

    model: wd.Model
    clip: wd.Clip
    vae: wd.Vae
    unet: Any
    autoencoder: Any
    text_encoder: Any


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
    return tmp_path_factory.mktemp("golden")


@pytest.fixture(scope="session")
def pair(folder: Path) -> Pair:
    path = models.tiny_sd1(folder / "tiny.safetensors", seed=0)
    opened = wd.load_checkpoint(path)
    return Pair(
        *opened, models.tiny_unet(seed=0), models.tiny_vae(seed=1), models.tiny_text_encoder(seed=2)
    )


@pytest.fixture(scope="session")
def prompts(pair: Pair) -> tuple[wd.Conditioning, wd.Conditioning]:
    return wd.encode_text(pair.clip, "a red circle"), wd.encode_text(pair.clip, "blue square")
