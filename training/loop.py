"""The loop that stages share: a rate that follows the clock, clipped gradients, EMA, checkpoints.

A stage says what is trained and how a loss is made; the rest is the same everywhere.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training import common, parallel

Groups = list[dict[str, Any]]
"""Parameter groups of AdamW, each with its highest rate under "rate"."""


class Loop:
    """One run of so many minutes over one model.

    Args:
        name: What the log calls it.
        model: Everything that is trained; its weights are averaged.
        groups: What the optimiser gets.
        minutes: Length of the run, former runs that it goes on from included.
        decay: Of the average.
        state: File to resume from; None: this stage cannot be resumed.
        resume: Go on from `state` if it is there.
        warm_up: Share of the run during which the rate rises.
    """

    def __init__(
        self,
        name: str,
        model: nn.Module,
        groups: Groups,
        minutes: float,
        *,
        decay: float = 0.999,
        state: Path | None = None,
        resume: bool = False,
        warm_up: float = 0.02,
    ) -> None:
        self.log = logging.getLogger(name)
        self.model = model
        self.optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.99), weight_decay=0.01)
        self.average = common.Average(model, decay)
        self.step = 0
        self._state = state
        used = self._resume(state) if resume and state and state.exists() else 0.0
        self.clock = common.Clock(minutes, used, warm_up)

    def _resume(self, path: Path) -> float:
        state = common.load(path)
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average.values, self.average.steps = state["average"], state["step"]
        self.step = state["step"]
        return float(state["used"])

    def run(
        self,
        loss: Callable[[], Tensor],
        keep: Callable[[], None],
        look: Callable[[], None],
        *,
        every: float = 300.0,
        tell: int = 50,
    ) -> None:
        """Train until the minutes are used.

        Args:
            loss: Draws a batch and gives its loss.
            keep: Writes what the stage makes, from `average`.
            look: Draws a contact sheet of what was kept.
            every: Seconds between two saves.
            tell: Steps between two lines of the log.
        """
        done, saved, recent = self.clock.progress, self.clock.used, 0.0
        while done < 1:
            value = loss()
            done = self._descend(value, done)
            if parallel.rank() > 0:
                continue
            self.average.update(self.model)
            recent = recent * 0.98 + float(value.detach()) * 0.02
            if self.step % tell == 0:
                # As the average's own warm-up: the first values count for their number.
                shown = recent / (1 - 0.98**self.step)
                self.log.info("step %d  %.0f s  loss %.4f", self.step, self.clock.used, shown)
            if self.clock.used - saved > every and done < 1:
                self._save(keep, look)
                saved = self.clock.used
        if parallel.rank() == 0:
            self._save(keep, look)

    def _descend(self, loss: Tensor, done: float) -> float:
        """One step of the optimiser; the progress that all processes agree on."""
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * self.clock.factor(done)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        done = parallel.average_gradients(self.model, self.clock.progress)
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        return done

    def _save(self, keep: Callable[[], None], look: Callable[[], None]) -> None:
        if self._state:
            state = {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "average": self.average.values,
                "step": self.step,
                "used": self.clock.used,
            }
            common.save(self._state, state)
        keep()
        look()

    def averages(self) -> dict[str, dict[str, Tensor]]:
        """The averaged weights, by the name of the model's part."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, value in self.average.values.items():
            part, rest = name.split(".", 1)
            parts.setdefault(part, {})[rest] = value
        return parts
