"""Reuse of evaluations whose result would hardly differ from the last one's.

While a run goes on, how much an outcome changes stays in proportion to how much its input does. So
the change of outcomes is foretold from that of inputs and summed up; below a threshold the last
difference between outcome and input is used again.

Source: Zhou et al. 2025, "EasyCache"; measure (means of absolute values, every 8th cell), window
and threshold as in ComfyUI.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..errors import ParameterError
from ..types.guidance import GuidanceRule

if TYPE_CHECKING:
    from torch import Tensor

    from ..types import Model

log = logging.getLogger(__name__)
EVERY = 8
"""Of so many cells a side one is looked at."""


@dataclass(frozen=True, slots=True)
class Reuse(GuidanceRule):
    """Lets evaluations be left out.

    Attributes:
        threshold: How much outcomes may change in sum, as a share of their size, before the
            network is asked again; 0 = it is always asked.
        start, end: Part of the schedule in which that happens, fractions in [0, 1].
        whole: Whether the guided picture is used again (LazyCache), or what the network gives for
            each prompt (EasyCache).
        verbose: Whether the log tells what was left out.
    """

    takes_negative: ClassVar[bool] = False
    threshold: float = 0.2
    start: float = 0.15
    end: float = 0.95
    whole: bool = False
    verbose: bool = False

    def left_out(self, sigma: float) -> None:
        """Tell that an evaluation was left out."""
        log.log(
            logging.INFO if self.verbose else logging.DEBUG,
            "%s: left out at sigma %.4g",
            "LazyCache" if self.whole else "EasyCache",
            sigma,
        )


class OutputChange:
    """How inputs and outcomes of a run change.

    Args:
        threshold: As `Reuse.threshold`.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._input: Tensor | None = None
        self._output: Tensor | None = None
        self._size = self._sum = 0.0
        self._moved: float | None = None
        self._rate: float | None = None

    def is_small(self, x: Tensor) -> bool:
        """Whether the outcome for an input would hardly differ; to be asked once for each.

        Args:
            x: (B, C, h, w).
        """
        seen = x[..., ::EVERY, ::EVERY]
        self._moved = None
        if self._input is None or self._input.shape != seen.shape:
            return False
        self._moved = float((seen - self._input).abs().mean())
        if self._rate is None or self._size == 0.0:
            return False
        self._sum += self._rate * self._moved / self._size
        return self._sum < self._threshold

    def found(self, x: Tensor, output: Tensor) -> None:
        """Remember an outcome that was computed; its input may have been asked about before."""
        seen, given = x[..., ::EVERY, ::EVERY], output[..., ::EVERY, ::EVERY]
        if self._output is not None and self._output.shape == given.shape and self._moved:
            self._rate = float((given - self._output).abs().mean()) / self._moved
        self._input, self._output = seen.clone(), given.clone()
        self._size, self._sum, self._moved = float(output.abs().mean()), 0.0, None


def with_reuse(model: Model, rule: Reuse) -> Model:
    """A model whose evaluations may be left out; a rule of this kind replaces an earlier one.

    Raises:
        ParameterError: The threshold is below 0, or start and end are not in order.
    """
    from dataclasses import replace

    from ..checks import check_window

    check_window(rule.start, rule.end)
    if not rule.threshold >= 0.0:
        raise ParameterError(
            "reuse.bad_threshold",
            "reuse_threshold is out of range.",
            expected="0 or more",
            got=str(rule.threshold),
        )
    others = tuple(known for known in model.guidance if not isinstance(known, Reuse))
    return replace(model, guidance=(*others, rule))


def reuse_of(model: Model, *, whole: bool) -> Reuse | None:
    """The rule of a model that acts on guided pictures (whole), or on the network's outcomes."""
    rules = [r for r in model.guidance if isinstance(r, Reuse) and r.whole == whole]
    return rules[-1] if rules else None
