"""A guidance rule: a description on a `Model`, applied at every evaluation.

Rules of the first kind change the two clean pictures before they are combined, at most one rule
combines them in place of classifier-free guidance, and rules of the last kind change the result.
They are applied in the order in which they were given. No torch at import.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from torch import Tensor

    from .conditioning import Conditioning

Stage = Literal["before", "combine", "after"]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """When an evaluation is.

    Attributes:
        sigma: Its noise level.
        at: Fraction of the model's schedule -> sigma.
    """

    sigma: float
    at: Callable[[float], float]

    def inside(self, start: float, end: float) -> bool:
        """Whether it lies in a part of the schedule, fractions from 0 to 1."""
        return self.at(end) <= self.sigma <= self.at(start)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One evaluation, as a rule sees it.

    Attributes:
        x: (B, C, h, w) what the sampler holds.
        sigma: Its noise level.
        cfg: Strength of guidance.
        wanted: (B, C, h, w) the clean picture of the positive side.
        unwanted: That of the negative side; None when it was not evaluated (cfg 1).
        denoised: The result so far; before it is combined the same as `wanted`.
        positive, negative: What the two sides are conditioned on.
        predict: More evaluations: (x, conditioning, negative) -> clean picture.
        at: Fraction of the model's schedule -> sigma.
        is_flow: Whether sigma is the share of noise in a mixture.
        memory: Kept for this rule from step to step of a run; empty at first.
        further: The clean pictures of the rule's further sides.
        done: Part of the model's time that lies behind: 0 at its noisiest step, 1 at its cleanest.
    """

    x: Tensor
    sigma: float
    cfg: float
    wanted: Tensor
    unwanted: Tensor | None
    denoised: Tensor
    positive: Conditioning
    negative: Conditioning
    predict: Callable[[Tensor, Conditioning, bool], Tensor]
    at: Callable[[float], float]
    is_flow: bool
    memory: dict[str, Any]
    further: tuple[Tensor, ...] = ()
    done: float = 0.0

    @property
    def other(self) -> Tensor:
        """`unwanted`, for rules that run only where it was evaluated."""
        assert self.unwanted is not None
        return self.unwanted

    def inside(self, start: float, end: float) -> bool:
        """Whether this evaluation lies in a part of the schedule, fractions from 0 to 1."""
        return Moment(self.sigma, self.at).inside(start, end)


class GuidanceRule:
    """A rule of guidance; subclasses are frozen dataclasses of plain values.

    Attributes:
        stage: When it acts.
        needs_negative: Whether the negative side is evaluated for it even at cfg 1.
        takes_negative: Whether it can do nothing where the negative side was not evaluated.
        changes_mask: Whether it changes the noise mask from step to step.
        acts_inside: Whether it acts inside of the network, by a context around every evaluation.
    """

    stage: ClassVar[Stage] = "after"
    needs_negative: ClassVar[bool] = False
    takes_negative: ClassVar[bool] = True
    changes_mask: ClassVar[bool] = False
    acts_inside: ClassVar[bool] = False

    @property
    def sides(self) -> tuple[Conditioning, ...]:
        """Further sides of guidance, evaluated in one call with the negative one."""
        return ()

    def before(self, view: View) -> tuple[Tensor, Tensor | None]:
        """The conditional and the unconditional prediction, changed."""
        return view.wanted, view.unwanted

    def combine(self, view: View) -> Tensor:
        """Combine both predictions into one."""
        return plain(view)

    def after(self, view: View) -> Tensor:
        """The combined prediction, changed."""
        return view.denoised

    def around(self, moment: Moment) -> AbstractContextManager[Any] | None:
        """A context around an evaluation, for what acts inside of the network; None for none."""
        return None

    def mask_at(self, mask: Tensor, progress: float) -> Tensor:
        """The noise mask at a part of the run, 1 at its start and 0 at its end."""
        return mask

    def watch(self, memory: dict[str, Any], moment: Moment) -> AbstractContextManager[Any] | None:
        """A context around the evaluation of the negative side; None to leave it as it is.

        Args:
            memory: As `View.memory`.
            moment: When it is.
        """
        return None


def plain(view: View) -> Tensor:
    """Classifier-free guidance: negative + cfg (positive - negative), on denoised predictions.

    Source: Ho & Salimans 2022; the choice of x0 as ComfyUI (equal to eps up to rounding).
    """
    return view.other + view.cfg * (view.wanted - view.other)


def per_item(x: Tensor) -> Tensor:
    """Sums over all but the batch, with sides of 1 kept."""
    return x.sum(dim=tuple(range(1, x.ndim)), keepdim=True)
