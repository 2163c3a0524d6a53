"""What besides a workflow decides the numbers is part of the keys of steps on the device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.numerics import standard_numerics

from ..flows import txt2img


@pytest.fixture(autouse=True)
def _kernels() -> Iterator[None]:
    """Networks loaded here choose kernels for the whole process; give them back."""
    yield
    for name in ("flash", "mem_efficient", "cudnn", "math"):
        getattr(torch.backends.cuda, f"enable_{name}_sdp")(True)


def test_chosen_attention_is_named_and_none_changes_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEFT_ATTENTION", raising=False)
    plain = standard_numerics()
    monkeypatch.setenv("WEFT_ATTENTION", "auto")
    assert standard_numerics() == plain
    monkeypatch.setenv("WEFT_ATTENTION", "math")
    assert standard_numerics() == f"{plain} attention=math"
    monkeypatch.setenv("WEFT_ATTENTION", "sharp")
    with pytest.raises(wd.ParameterError):
        standard_numerics()


def test_another_attention_samples_anew_from_a_stored_cache(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WEFT_ATTENTION", raising=False)
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "cache"))

    def ran() -> set[str]:
        options = {"models": [tiny_models], "output": tmp_path / "out", "packs": False}
        with StandardEngine(**options) as engine:  # type: ignore[arg-type]
            workflow = Workflow.from_json(txt2img(), engine.registry)
            return set(engine.run(workflow, outputs=["decode.image"]).ran)

    assert "sample" in ran()
    assert "sample" not in ran()
    monkeypatch.setenv("WEFT_ATTENTION", "math")
    assert "sample" in ran()
    monkeypatch.delenv("WEFT_ATTENTION")
    assert "sample" not in ran()
