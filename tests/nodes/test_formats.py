"""Values of the picture machine written to disk and read again are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import weft
from weft.diffusion.types import Conditioning, ConditioningEntry, ControlNet, ControlUse, Latent
from weft.diffusion.weights.layout import is_laid_out
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values
from weft.nodes.formats import FORMATS
from weft.nodes.standard.registry import standard_registry
from weft.nodes.values import CODECS

from . import flows

STORE = Formats(FORMATS)
VALUES = Values(CODECS)


def eight_bit(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape).float() / 255


@pytest.mark.parametrize(
    "value",
    [
        torch.randn(2, 4, 3, 5),
        torch.rand(1, 8, 9, 3),
        eight_bit(1, 8, 9, 3),
        eight_bit(3, 5, 7, 3),
        torch.rand(2, 6, 4),
        torch.tensor(1.5),
        torch.zeros(0, 3),
        torch.randn(4, 3).to(torch.bfloat16),
        torch.arange(5),
        torch.randn(4, 6).t(),
        Latent(torch.randn(1, 4, 2, 2)),
        Latent(torch.randn(2, 4, 2, 2), "sd1", torch.rand(1, 16, 16), (3, 1)),
        Conditioning((ConditioningEntry(torch.randn(1, 77, 8), torch.randn(1, 8)),)),
        Conditioning(
            (
                ConditioningEntry(torch.randn(1, 77, 8), None, 0.1, 0.9, 0.5),
                ConditioningEntry(torch.randn(1, 154, 8)),
            )
        ),
    ],
    ids=lambda v: type(v).__name__,
)
def test_value_stored_and_loaded_is_the_same(value: Any) -> None:
    data = STORE.dump(value)
    assert data is not None
    assert VALUES.digest(STORE.load(data)) == VALUES.digest(value)


def test_eight_bit_pictures_take_less_room_than_their_numbers() -> None:
    flat = torch.zeros(1, 64, 64, 3)
    data = STORE.dump(flat)
    assert data is not None
    assert len(data) < 64 * 64
    assert b"\x89PNG" in data[:40]


def test_conditioning_with_control_is_not_stored() -> None:
    net = ControlNet("sd1", weights=None)  # type: ignore[arg-type]
    entry = ConditioningEntry(torch.zeros(1, 77, 8), attached=(ControlUse(net, torch.zeros(1)),))
    assert STORE.dump(Conditioning((entry,))) is None


def test_digest_of_tensors_depends_on_values_shape_and_type() -> None:
    base = torch.arange(6.0)
    others = [base.reshape(2, 3), base.double(), base + 1, base.to(torch.bfloat16)]
    assert len({VALUES.digest(t) for t in [base, *others]}) == 5
    assert VALUES.digest(torch.randn(4, 4).t()) is not None
    assert VALUES.digest(base.reshape(2, 3).t().t()) == VALUES.digest(base.reshape(2, 3))


def test_second_process_loads_no_model_and_gives_the_same_picture(
    tiny_models: Path, tmp_path: Path
) -> None:
    """A fresh engine answers all but the writing from disk."""
    pictures = []
    for _ in range(2):
        with weft.Engine(models=[tiny_models], output=tmp_path / "out", packs=False) as engine:
            workflow = weft.Workflow.from_json(flows.txt2img(), standard_registry(packs=False))
            result = engine.run(workflow)
            pictures.append(result["picture"])
    assert torch.equal(*pictures)
    assert "sample" not in result.ran
    assert "decode" not in result.ran
    stored = [p for p in (tmp_path / "weft-home" / "cache").rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in stored) < 2**20


def test_weft_cache_off_keeps_nothing(
    tiny_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_CACHE", "off")
    with weft.Engine(models=[tiny_models], output=tmp_path / "out", packs=False) as engine:
        assert engine.disk is None
    monkeypatch.setenv("WEFT_CACHE", str(tmp_path / "else"))
    monkeypatch.setenv("WEFT_CACHE_GB", "much")
    with pytest.raises(weft.FileError, match="WEFT_CACHE_GB"):
        weft.Engine(packs=False)


def test_tensors_of_the_disk_cache_lie_as_computed_ones_do() -> None:
    value = Conditioning((ConditioningEntry(torch.randn(1, 7, 5), pooled=torch.randn(1, 3)),))
    encoded = FORMATS["weft.Conditioning"].encode(value)
    assert encoded is not None
    (entry,) = FORMATS["weft.Conditioning"].decode(encoded).entries
    assert entry.pooled is not None
    assert is_laid_out(entry.tokens) and is_laid_out(entry.pooled)
