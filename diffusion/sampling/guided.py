"""Classifier-free guidance with a model's rules, and guidance between three prompts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..denoising.denoiser import Denoiser
from ..guidance.composed import composed, parts_of
from ..guidance.reuse import OutputChange, Reuse, reuse_of
from ..types import Conditioning, Guider
from ..types.guidance import GuidanceRule, Moment, View, plain
from .samplers.protocol import Predict

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..prediction.model_sampling import Parametrization
    from ..prediction.sigmas import Sigmas
    from ..vae.format import LatentFormat


def guided(denoiser: Denoiser, guider: Guider) -> Predict:
    """The model as a sampler sees it, for a description of guidance."""
    reuse = reuse_of(guider.model, whole=True)
    if reuse is not None:
        return LazyGuidance(
            _guided(denoiser, guider), reuse, denoiser.parametrization.table.at_fraction
        )
    return _guided(denoiser, guider)


def _guided(denoiser: Denoiser, guider: Guider) -> Guided | Dual:
    if guider.middle is not None:
        return Dual(denoiser, guider)
    negative = guider.negative if guider.negative is not None else guider.positive
    cfg = guider.cfg if guider.negative is not None else 1.0
    return Guided(denoiser, guider.positive, negative, cfg, guider.model.guidance)


class Guided:
    """negative + cfg * (positive - negative), on x0. At cfg 1 the negative pass is left out.

    Args:
        denoiser: The model.
        positive: What to show.
        negative: What to lead away from.
        cfg: Strength; 1 = none.
        rules: What changes guidance, in this order.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        positive: Conditioning,
        negative: Conditioning,
        cfg: float,
        rules: Sequence[GuidanceRule] = (),
    ) -> None:
        self._denoiser: Denoiser = denoiser
        self._positive = positive
        self._negative = negative
        self._cfg = cfg
        if any(rule.acts_inside for rule in rules):
            self._denoiser = Inside(denoiser, rules)
        self._rules = [(rule, dict[str, Any]()) for rule in rules]
        parts = parts_of(positive)
        self._parts = [(part, False) for part, _ in parts]
        self._weights = [weight for _, weight in parts]
        needed = self._weights != [1.0] or any(rule.needs_negative for rule in rules)
        self._alone = math.isclose(cfg, 1.0) and not needed

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        if self._rules:
            return self._ruled(x, sigma, self._sides(x, sigma, alone=self._alone))[0]
        if self._alone:
            return self._denoiser.predict(x, sigma, self._positive)
        wanted, unwanted = self._sides(x, sigma, alone=False)
        return unwanted + self._cfg * (wanted - unwanted)

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        return self._ruled(x, sigma, self._sides(x, sigma, alone=False))

    def _sides(self, x: Tensor, sigma: float, *, alone: bool) -> list[Tensor]:
        """The clean pictures of the positive side; then, unless alone, of all others."""
        if alone:
            return [self._denoiser.predict(x, sigma, self._positive)]
        moment = Moment(sigma, self._denoiser.parametrization.table.at_fraction)
        further = [(side, True) for rule, _ in self._rules for side in rule.sides]
        watches = [watch for rule, memory in self._rules if (watch := rule.watch(memory, moment))]
        count = len(self._parts)
        if watches:
            found = self._denoiser.predict_sides(x, sigma, [*self._parts, *further])
            with ExitStack() as stack:
                for watch in watches:
                    stack.enter_context(watch)
                unwanted = self._denoiser.predict(x, sigma, self._negative, negative=True)
            found.insert(count, unwanted)
        else:
            sides = [*self._parts, (self._negative, True), *further]
            found = self._denoiser.predict_sides(x, sigma, sides)
        wanted = composed(found[:count], self._weights, found[count])
        return [wanted, *found[count:]]

    def _again(
        self,
        x: Tensor,
        sigma: float,
        conditioning: Conditioning,
        negative: bool,
        free: Tensor | None,
    ) -> Tensor:
        """One more evaluation for a rule; of the positive side with all of its parts."""
        if conditioning is not self._positive or free is None or self._weights == [1.0]:
            return self._denoiser.predict(x, sigma, conditioning, negative=negative)
        parts = self._denoiser.predict_sides(x, sigma, self._parts)
        return composed(parts, self._weights, free)

    def _ruled(self, x: Tensor, sigma: float, sides: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The combined picture, and that of the negative side."""
        wanted, unwanted = sides[0], sides[1] if len(sides) > 1 else None
        more = iter(sides[2:])
        rules = [
            (rule, memory, tuple(itertools.islice(more, len(rule.sides))))
            for rule, memory in self._rules
        ]
        view = View(
            x=x,
            sigma=sigma,
            cfg=self._cfg,
            wanted=wanted,
            unwanted=unwanted,
            denoised=wanted,
            positive=self._positive,
            negative=self._negative,
            predict=lambda y, c, negative: self._again(y, sigma, c, negative, unwanted),
            at=self._denoiser.parametrization.table.at_fraction,
            is_flow=self._denoiser.parametrization.sampling.is_flow,
            memory={},
            done=_done(self._denoiser.parametrization.table, sigma),
        )
        acting = [
            (rule, replace(view, memory=memory, further=its))
            for rule, memory, its in rules
            if unwanted is not None or not rule.takes_negative
        ]
        for rule, seen in acting:
            if rule.stage == "before":
                found = rule.before(replace(seen, wanted=view.wanted, unwanted=view.unwanted))
                view = replace(view, wanted=found[0], unwanted=found[1], denoised=found[0])
        if view.unwanted is not None:
            combining = [pair for pair in acting if pair[0].stage == "combine"]
            denoised = plain(view)
            for rule, seen in combining[-1:]:
                denoised = rule.combine(replace(seen, wanted=view.wanted, unwanted=view.unwanted))
            view = replace(view, denoised=denoised)
        for rule, seen in acting:
            if rule.stage == "after":
                now = replace(view, memory=seen.memory, further=seen.further)
                view = replace(view, denoised=rule.after(now))
        return view.denoised, view.wanted if view.unwanted is None else view.unwanted


def _done(table: Sigmas, sigma: float) -> float:
    first, last = table.timestep(table.sigma_max), table.timestep(table.sigma_min)
    return min(1.0, max(0.0, (first - table.timestep(sigma)) / ((first - last) or 1.0)))


class Inside:
    """A denoiser whose every evaluation runs inside of what rules change in the network."""

    def __init__(self, denoiser: Denoiser, rules: Sequence[GuidanceRule]) -> None:
        self._denoiser = denoiser
        self._rules = rules

    @property
    def parametrization(self) -> Parametrization:
        return self._denoiser.parametrization

    @property
    def latent(self) -> LatentFormat:
        return self._denoiser.latent

    @property
    def device(self) -> torch.device:
        return self._denoiser.device

    def predict(
        self, x: Tensor, sigma: float, conditioning: Conditioning, *, negative: bool = False
    ) -> Tensor:
        with self._entered(sigma):
            return self._denoiser.predict(x, sigma, conditioning, negative=negative)

    def predict_sides(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[Tensor]:
        with self._entered(sigma):
            return self._denoiser.predict_sides(x, sigma, sides)

    def _entered(self, sigma: float) -> ExitStack:
        moment = Moment(sigma, self.parametrization.table.at_fraction)
        stack = ExitStack()
        for rule in self._rules:
            context = rule.around(moment)
            if context is not None:
                stack.enter_context(context)
        return stack


class LazyGuidance:
    """Guidance whose outcome is used again where it would hardly differ (LazyCache).

    Args:
        predict: Guidance.
        rule: What may be left out.
        at: Fraction of the model's schedule -> sigma.
    """

    def __init__(self, predict: Predict, rule: Reuse, at: Callable[[float], float]) -> None:
        self._predict = predict
        self._rule = rule
        self._first, self._last = at(rule.start), at(rule.end)
        self._change = OutputChange(rule.threshold)
        self._kept: tuple[Tensor, ...] = ()

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self._found(x, sigma, lambda: (self._predict(x, sigma),))[0]

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        found = self._found(x, sigma, lambda: self._predict.both(x, sigma))
        return found[0], found[-1]

    def _found(
        self, x: Tensor, sigma: float, compute: Callable[[], tuple[Tensor, ...]]
    ) -> tuple[Tensor, ...]:
        if sigma <= self._last:
            return compute()
        if sigma <= self._first and self._change.is_small(x) and self._kept:
            self._rule.left_out(sigma)
            return tuple(x + difference for difference in self._kept)
        found = compute()
        self._kept = tuple(output - x for output in found)
        self._change.found(x, found[0])
        return found


class Dual:
    """Guidance between three prompts: from the negative to the middle one, from there on.

    Source: Brooks et al. 2023, "InstructPix2Pix", eq. 3; nested: the outcome of the inner guidance
    is the positive side of the outer one.
    """

    def __init__(self, denoiser: Denoiser, guider: Guider) -> None:
        assert guider.middle is not None
        assert guider.negative is not None
        self._denoiser: Denoiser = Inside(denoiser, guider.model.guidance)
        self._guider = guider
        self._middle, self._negative = guider.middle, guider.negative

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.both(x, sigma)[0]

    def both(self, x: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
        guider = self._guider
        sides = [(guider.positive, False), (self._middle, False), (self._negative, True)]
        positive, middle, negative = self._denoiser.predict_sides(x, sigma, sides)
        inner = middle + guider.cfg * (positive - middle)
        outer = inner if guider.nested else middle
        denoised = negative + guider.cfg_middle * (outer - negative)
        return (denoised if guider.nested else denoised + inner - middle), negative
