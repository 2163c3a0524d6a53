"""Reuse of a network's output for each prompt where it would hardly differ (EasyCache)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..guidance.reuse import OutputChange, Reuse

if TYPE_CHECKING:
    from torch import Tensor

Call = TypeVar("Call", bound=Hashable)


class Reusing:
    """One run's memory.

    A step may ask the network several times for one noise level (guidance that looks a second
    time). The first time decides; the others follow it, each with a memory of its own.

    Args:
        rule: What may be left out.
        at: Fraction of the model's schedule -> sigma.
    """

    def __init__(self, rule: Reuse, at: Callable[[float], float]) -> None:
        self._rule = rule
        self._first, self._last = at(rule.start), at(rule.end)
        self._change = OutputChange(rule.threshold)
        self._sigma: float | None = None
        self._turn = 0
        self._still = False
        self._kept: dict[int, Mapping[Hashable, Tensor]] = {}

    def outputs(
        self,
        calls: Sequence[Call],
        sigma: float,
        inputs: Callable[[Call], Tensor],
        first: Callable[[Tensor, Call], Tensor],
        run: Callable[[Call], Tensor],
    ) -> list[Tensor]:
        """The network's output for each call, computed or reused.

        Args:
            calls: At least one; the same objects from step to step, as long as the same acts.
            sigma: Noise level.
            inputs: What the network is given for a call, of the shape of what it gives.
            first: Of a tensor for a call, the rows of its first prompt.
            run: Asks the network.
        """
        if not self._last < sigma <= self._first:
            return [run(call) for call in calls]
        begins = sigma != self._sigma
        self._turn = 0 if begins else self._turn + 1
        self._sigma = sigma
        x = first(inputs(calls[0]), calls[0])
        if begins:
            self._still = self._change.is_small(x)
        kept = self._kept.get(self._turn, {})
        if self._still and all(call in kept for call in calls):
            if begins:
                self._rule.left_out(sigma)
            return [inputs(call) + kept[call] for call in calls]
        found = [run(call) for call in calls]
        self._kept[self._turn] = {
            call: output - inputs(call) for call, output in zip(calls, found, strict=True)
        }
        if begins:
            self._still = False
            self._change.found(x, first(found[0], calls[0]))
        return found
