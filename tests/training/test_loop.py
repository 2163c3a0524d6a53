"""The loop that training stages share, on a line that is to be found."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from training import common
from training.loop import Loop


@pytest.fixture(autouse=True)
def _ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a tenth of a second whenever somebody looks."""
    ticks = itertools.count()
    monkeypatch.setattr(common.time, "monotonic", lambda: next(ticks) / 10)


class Line:
    """A stage in small: y = 3 x, and a list of what was asked of it."""

    def __init__(self, state: Path | None, minutes: float, resume: bool) -> None:
        torch.manual_seed(0)
        self.model = nn.ModuleDict({"line": nn.Linear(1, 1)})
        groups = [{"params": self.model.parameters(), "rate": 0.1}]
        self.loop = Loop("line", self.model, groups, minutes, decay=0.9, state=state, resume=resume)
        self.asked: list[str] = []
        self.losses: list[float] = []

    def loss(self) -> Tensor:
        x = torch.linspace(-1, 1, 8)[:, None]
        found: Tensor = (self.model["line"](x) - 3 * x).square().mean()
        self.losses.append(float(found.detach()))
        return found

    def run(self, every: float) -> None:
        self.loop.run(
            self.loss,
            lambda: self.asked.append("keep"),
            lambda: self.asked.append("look"),
            every=every,
        )


def test_run_brings_the_loss_down_and_keeps_once_at_the_end() -> None:
    stage = Line(None, minutes=0.5, resume=False)
    stage.run(every=1e9)
    assert stage.losses[-1] < 0.05 * stage.losses[0]
    assert stage.asked == ["keep", "look"]
    assert stage.loop.step == len(stage.losses)


def test_run_keeps_every_so_many_seconds_and_then_looks() -> None:
    stage = Line(None, minutes=0.5, resume=False)
    stage.run(every=5)
    assert len(stage.asked) > 4
    assert stage.asked == ["keep", "look"] * (len(stage.asked) // 2)


def test_resumed_run_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    first = Line(path, minutes=0.1, resume=False)
    first.run(every=1e9)
    second = Line(path, minutes=0.2, resume=True)
    assert second.loop.step == first.loop.step
    assert second.loop.clock.used >= 6
    for name, value in first.loop.average.values.items():
        assert torch.equal(second.loop.average.values[name], value)
    second.run(every=1e9)
    assert second.losses[0] <= first.losses[-1]
    assert second.loop.step > first.loop.step


def test_run_whose_minutes_are_used_only_keeps(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    Line(path, minutes=0.1, resume=False).run(every=1e9)
    again = Line(path, minutes=0.1, resume=True)
    again.run(every=1e9)
    assert again.losses == []
    assert again.asked == ["keep", "look"]


def test_averages_come_by_the_parts_of_the_model() -> None:
    stage = Line(None, minutes=0.1, resume=False)
    assert set(stage.loop.averages()) == {"line"}
    assert set(stage.loop.averages()["line"]) == {"weight", "bias"}
