"""The denoiser of every family: entries of a prompt as rows of as few network calls as can be.

A denoiser lives for one run. What does not change between steps (text on the device, control
images, image tokens, which rows go into one call) is made once and kept in it. It knows no method:
what is attached to prompts acts through `handlers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

import torch

from ..errors import SamplingError
from ..families import family_named, sampling_of
from ..families.call import Call, Inputs, Residuals, Row
from ..guidance.reuse import reuse_of
from ..patches.hooked import HookedNetworks
from ..patches.hooks import State
from ..prediction.model_sampling import Parametrization
from ..types import Attachment, Conditioning, ConditioningEntry, Model
from ..types.attachment import lengths_fit
from ..vae.format import LatentFormat
from .handlers import HANDLERS
from .regions import PredictionBlend, Region, match_areas, regions_of, seen_in
from .reusing import Reusing

if TYPE_CHECKING:
    from torch import Tensor

MOST_REPEATS = 4
"""Prompts of other length share a call by repeating tokens at most so often (ComfyUI's bound)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Row(Row):
    """A row with the hooks that act on it now, and where it counts."""

    side: int
    hooks: State
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class _Planned:
    """A network call, and the rows whose predictions it gives."""

    rows: tuple[_Row, ...]
    call: Call


class BatchedDenoiser:
    """See `Denoiser`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._family = family_named(model.family)
        weights = model.weights  # its parameters may be stored in a smaller type
        self._like: Tensor = torch.empty(0, device=weights.device, dtype=weights.dtype)
        self._parametrization = Parametrization(sampling_of(model))
        self._table = self._parametrization.table
        self._networks = HookedNetworks(model, self._table.at_fraction)
        reuse = reuse_of(model, whole=False)
        self._reusing = None if reuse is None else Reusing(reuse, self._table.at_fraction)
        self._plans: dict[tuple[object, ...], list[_Planned]] = {}
        self._matched: dict[tuple[object, ...], list[Conditioning]] = {}
        self._keep: list[object] = []  # plans are known by object ids: keep those objects alive

    @property
    def parametrization(self) -> Parametrization:
        return self._parametrization

    @property
    def latent(self) -> LatentFormat:
        return self._family.latent

    @property
    def device(self) -> torch.device:
        return self._like.device

    def predict(
        self, x: Tensor, sigma: float, conditioning: Conditioning, *, negative: bool = False
    ) -> Tensor:
        return self.predict_sides(x, sigma, [(conditioning, negative)])[0]

    def predict_sides(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[Tensor]:
        blends = [PredictionBlend(x) for _ in sides]
        timestep = self._table.timestep(sigma)
        scaled = self._parametrization.network_input(x, sigma)
        calls = self._plan(x, sigma, self._match(x, sides))
        for call, output in zip(calls, self._outputs(calls, scaled, sigma, timestep), strict=True):
            for row, part in zip(call.rows, output.chunk(len(call.rows)), strict=True):
                x0 = self._parametrization.denoised(row.region.cut(x), part, sigma)
                blends[row.side].add(x0, row.region)
        return [blend.average() for blend in blends]

    def _outputs(
        self, calls: Sequence[_Planned], scaled: Tensor, sigma: float, timestep: float
    ) -> list[Tensor]:
        if self._reusing is None:
            return [self._run(call, scaled, timestep) for call in calls]
        return self._reusing.outputs(
            calls,
            sigma,
            inputs=lambda call: torch.cat([row.region.cut(scaled) for row in call.rows]).float(),
            first=lambda tensor, call: tensor.chunk(len(call.rows))[0],
            run=lambda call: self._run(call, scaled, timestep),
        )

    def _run(self, planned: _Planned, scaled: Tensor, timestep: float) -> Tensor:
        scaled, call = scaled.to(self._like.dtype), planned.call
        x = torch.cat([row.region.cut(scaled) for row in planned.rows])
        network = self._networks.network(planned.rows[0].hooks)
        residuals: Residuals = {}
        for steering in call.steering:
            residuals = _added(residuals, steering.residuals(x, timestep, network))
        with ExitStack() as stack:
            for enter in call.inputs.around:
                stack.enter_context(enter())
            output = self._family.forward(network, x, timestep, call.inputs, residuals)
        return output.float()

    # --- plans: made when the set of what acts changes, at most a few times in a run -------------

    def _plan(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[_Planned]:
        always = tuple(each for each in self._model.attached if self._acts(each, sigma))
        acting = [
            [
                (
                    entry,
                    tuple(each for each in entry.attached if self._acts(each, sigma)),
                    self._networks.state(entry.hooks, sigma),
                )
                for entry in conditioning.entries
                if self._acts(entry, sigma)
            ]
            for conditioning, _ in sides
        ]
        key: tuple[object, ...] = (
            x.shape,
            tuple(
                tuple(
                    (id(entry), tuple(id(each) for each in attached), hooks)
                    for entry, attached, hooks in entries
                )
                for entries in acting
            ),
            tuple(negative for _, negative in sides),
            tuple(id(each) for each in always),
        )
        if key not in self._plans:
            self._keep.append((acting, always))
            rows = [
                self._row(x, entry, attached, region, sides[side][1], side, hooks)
                for side, entries in enumerate(acting)
                for (entry, attached, hooks), region in zip(
                    entries, self._regions(x, sigma, *sides[side]), strict=True
                )
                if region.counts
            ]
            groups = _groups(rows, MOST_REPEATS if self._family.repeats_tokens else 1)
            self._plans[key] = [self._prepare(group, always, x.shape) for group in groups]
        return self._plans[key]

    def _row(
        self,
        x: Tensor,
        entry: ConditioningEntry,
        attached: tuple[Attachment, ...],
        region: Region,
        negative: bool,
        side: int,
        hooks: State,
    ) -> _Row:
        acting = replace(entry, attached=attached)
        seen = seen_in(region, acting, x, self._family.latent.downscale)
        return _Row(seen, negative, side, hooks, region)

    def _match(
        self, x: Tensor, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[tuple[Conditioning, bool]]:
        """The sides with every area on each of them; made once, as plans go by object ids."""
        given = [conditioning for conditioning, _ in sides]
        key = (x.shape, *(id(conditioning) for conditioning in given))
        if key not in self._matched:
            self._keep.append(given)
            size = (x.shape[-2], x.shape[-1])
            self._matched[key] = match_areas(given, size, self._family.latent.downscale)
        return [
            (matched, negative)
            for matched, (_, negative) in zip(self._matched[key], sides, strict=True)
        ]

    def _regions(
        self, x: Tensor, sigma: float, conditioning: Conditioning, negative: bool
    ) -> list[Region]:
        entries = [entry for entry in conditioning.entries if self._acts(entry, sigma)]
        regions = regions_of(entries, x, self._family.latent.downscale)
        if not any(region.counts for region in regions):
            side = "negative" if negative else "positive"
            raise SamplingError(
                "sample.nothing_to_condition_on",
                f"No {side} prompt acts at sigma {sigma:.4g}.",
                expected="entries that together cover the whole run, with a strength above 0",
                got=f"{len(conditioning.entries)} entries, none acting",
                hint="Widen the timestep range of an entry, or add one for the gap.",
            )
        return regions

    def _acts(self, part: ConditioningEntry | Attachment, sigma: float) -> bool:
        start, end = part.window
        if start <= 0.0 and end >= 1.0:
            return True
        return self._table.at_fraction(end) <= sigma <= self._table.at_fraction(start)

    def _prepare(
        self, rows: Sequence[_Row], always: tuple[Attachment, ...], whole: torch.Size
    ) -> _Planned:
        shape = rows[0].region.cut(torch.empty(whole, device="meta")).shape
        arguments = self._family.prepare(self._model, rows, shape, self._like)
        call = Call(self._model, self._family, rows, always, shape, self._like, Inputs(arguments))
        for handler in HANDLERS:
            handler.prepare(call)
        return _Planned(tuple(rows), call)


def _added(left: Residuals, right: Residuals) -> Residuals:
    """Residuals of two control networks, summed by name and place, from the first place on."""
    summed = {**left, **right}
    for name in left.keys() & right.keys():
        pairs = zip_longest(left[name], right[name])
        summed[name] = [a if b is None else b if a is None else a + b for a, b in pairs]
    return summed


def _groups(rows: Sequence[_Row], most_repeats: int) -> list[list[_Row]]:
    """Rows that can share one call: same size, hooks and control, lengths that repeat evenly."""
    groups: list[list[_Row]] = []
    for row in rows:
        for group in groups:
            if _share([*group, row], most_repeats):
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _share(rows: Sequence[_Row], most_repeats: int) -> bool:
    first, last = rows[0], rows[-1]
    if _extent(first) != _extent(last) or first.hooks != last.hooks:
        return False
    entries = [row.entry for row in rows]
    if not lengths_fit([entry.tokens.shape[1] for entry in entries], most_repeats):
        return False
    kinds = {type(each) for entry in entries for each in entry.attached}
    return all(kind.share_call(entries, most_repeats) for kind in kinds)


def _extent(row: _Row) -> tuple[int, int] | None:
    """Height and width of the cells that a row sees; None = all."""
    return None if row.region.box is None else (row.region.box.height, row.region.box.width)


def open_denoiser(model: Model) -> BatchedDenoiser:
    """The denoiser for a model; made once per run.

    Raises:
        ModelError: A family that weft does not run.
    """
    return BatchedDenoiser(model)
