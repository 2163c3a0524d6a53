"""Fixtures that several parts of the tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import models

# No test is timed: a loaded machine would fail it.
settings.register_profile("weft", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("weft")

HERE = Path(__file__).parent
SLOW = set((HERE / "slow.txt").read_text().split())
"""Files that take more than a second and a half each, and most of the time of all."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave whole files out of the fast tier."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.relative_to(HERE).as_posix() in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with a tiny random model of every kind, named `tiny.safetensors`."""
    root = tmp_path_factory.mktemp("models")
    makers = {
        "checkpoints": models.tiny_sd1,
        "controlnet": models.tiny_controlnet,
        "clip_vision": models.tiny_clip_vision,
        "ipadapter": models.tiny_ip_adapter,
    }
    for kind, make in makers.items():
        (root / kind).mkdir()
        make(root / kind / "tiny.safetensors")
    return root


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the models or the state of whoever runs it."""
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "weft-home"))
    monkeypatch.delenv("WEFT_MODELS", raising=False)
