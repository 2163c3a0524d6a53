"""What every training script shares: arguments, a rate that follows the clock, EMA, checkpoints.

Runs are planned in minutes, not steps: the rate falls to zero when the time is used up, whatever
the machine. A resumed run goes on with the minutes that its checkpoint has left.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn


def arguments(description: str | None, minutes: float) -> argparse.ArgumentParser:
    """A parser with the options that all stages take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=Path, required=True, help="folder of data and checkpoints")
    parser.add_argument("--minutes", type=float, default=minutes, help="length of the run")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1, ...")
    parser.add_argument("--threads", type=int, default=0, help="torch threads, 0 = leave as is")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    return parser


def prepare(given: argparse.Namespace) -> torch.device:
    """Seed torch, set threads, return the device."""
    if given.threads:
        torch.set_num_threads(given.threads)
    torch.manual_seed(given.seed)
    return torch.device(given.device)


class Clock:
    """Progress 0..1 of a run of so many minutes, and the learning rate factor at that point."""

    def __init__(self, minutes: float, used: float = 0.0, warm_up: float = 0.02) -> None:
        self.total = minutes * 60
        self.warm_up = warm_up
        self._began = time.monotonic() - used

    @property
    def used(self) -> float:
        """Seconds of training so far, former runs included."""
        return time.monotonic() - self._began

    @property
    def progress(self) -> float:
        return min(self.used / self.total, 1.0)

    def factor(self, done: float | None = None) -> float:
        """Linear warm-up, then half a cosine down to 1 %; `done` replaces this clock's progress."""
        done = self.progress if done is None else done
        if done < self.warm_up:
            return max(done / self.warm_up, 0.02)
        left = (done - self.warm_up) / (1 - self.warm_up)
        return 0.01 + 0.99 * (1 + math.cos(math.pi * left)) / 2


class Average:
    """Exponential moving average of a model's weights, in fp32, with a warm-up of its own."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.values = {name: p.detach().float().clone() for name, p in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        state = model.state_dict()
        mine = list(self.values.values())
        torch._foreach_lerp_(mine, [state[name].float() for name in self.values], 1 - keep)


def shuffled(count: int, batch: int, seed: int) -> Iterator[torch.Tensor]:
    """Endless batches of indices, each epoch in a new order."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, count - batch + 1, batch):
            yield order[start : start + batch]


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a broken write never replaces a good one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint of ours; tensors and plain data only."""
    return dict(torch.load(path, map_location="cpu", weights_only=True))
