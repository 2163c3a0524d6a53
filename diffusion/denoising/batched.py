"""The denoiser of every family: entries of a prompt as rows of as few network calls as can be.

A denoiser lives for one run. What does not change between steps (text on the device, control
pictures, image tokens, which rows go into one call) is made once and kept in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import torch

from ..control.apply import same_use
from ..errors import ModelError, SamplingError
from ..families import family_named, sampling_of
from ..families.family import Control, Inputs, Row
from ..guidance.reuse import reuse_of
from ..image_prompts.ip_attention import ActiveAdapter, IPAdapterNetwork, active_adapters
from ..patches.hooked import HookedNetworks
from ..patches.hooks import State
from ..prediction.model_sampling import Parametrization
from ..types import Conditioning, ConditioningEntry, ControlUse, Gligen, IPAdapterUse, Model
from ..vae.format import LatentFormat
from ..weights.casting import module_in
from .regions import Blend, Region, match_areas, regions_of, seen_in
from .reusing import Reusing

if TYPE_CHECKING:
    from torch import Tensor

MOST_REPEATS = 4
"""Prompts of other length share a call by repeating tokens at most so often (ComfyUI's bound)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Row(Row):
    """A row with the ControlNets and hooks that act on it now, and where it counts."""

    side: int
    hooks: State
    control: tuple[ControlUse, ...]
    region: Region


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """One network call: rows that run together, and all that is ready for them."""

    rows: tuple[_Row, ...]
    inputs: Inputs
    control_inputs: Inputs  # the same, unless ControlNets read another text
    controls: tuple[Control, ...]
    adapters: tuple[ActiveAdapter, ...]


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
        self._plans: dict[tuple[object, ...], list[_Call]] = {}
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
        blends = [Blend(x) for _ in sides]
        timestep = self._table.timestep(sigma)
        scaled = self._parametrization.network_input(x, sigma)
        calls = self._plan(x, sigma, self._match(x, sides))
        for call, output in zip(calls, self._outputs(calls, scaled, sigma, timestep), strict=True):
            for row, part in zip(call.rows, output.chunk(len(call.rows)), strict=True):
                x0 = self._parametrization.denoised(row.region.cut(x), part, sigma)
                blends[row.side].add(x0, row.region)
        return [blend.average() for blend in blends]

    def _outputs(
        self, calls: Sequence[_Call], scaled: Tensor, sigma: float, timestep: float
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

    def _run(self, call: _Call, scaled: Tensor, timestep: float) -> Tensor:
        scaled = scaled.to(self._like.dtype)
        x = torch.cat([row.region.cut(scaled) for row in call.rows])
        network = self._networks.network(call.rows[0].hooks)
        residuals: Mapping[str, Any] = {}
        for control in call.controls:
            more = self._family.control(control, x, timestep, call.control_inputs, network)
            residuals = _added(residuals, more)
        with active_adapters(call.adapters):
            output = self._family.forward(network, x, timestep, call.inputs, residuals)
        return output.float()

    # --- plans: made when the set of what acts changes, at most a few times in a run -------------

    def _plan(
        self, x: Tensor, sigma: float, sides: Sequence[tuple[Conditioning, bool]]
    ) -> list[_Call]:
        patches = tuple(use for use in self._model.patches if self._acts(use, sigma))
        acting = [
            [
                (
                    entry,
                    tuple(use for use in entry.control if self._acts(use, sigma)),
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
                    (id(entry), tuple(id(use) for use in control), hooks)
                    for entry, control, hooks in entries
                )
                for entries in acting
            ),
            tuple(negative for _, negative in sides),
            tuple(id(use) for use in patches),
        )
        if key not in self._plans:
            self._keep.append((acting, patches))
            pixels = self._family.latent.downscale
            rows = [
                _Row(
                    seen_in(region, entry, x, pixels), sides[side][1], side, hooks, control, region
                )
                for side, entries in enumerate(acting)
                for (entry, control, hooks), region in zip(
                    entries, self._regions(x, sigma, *sides[side]), strict=True
                )
                if region.counts
            ]
            groups = _groups(rows, self._family.repeats_tokens)
            self._plans[key] = [self._prepare(group, patches, x.shape) for group in groups]
        return self._plans[key]

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
                expected="entries whose start and end cover the whole run, of strength above 0",
                got=f"{len(conditioning.entries)} entries, none acting",
                hint="Widen start and end of an entry, or add one for the gap.",
            )
        return regions

    def _acts(self, part: ConditioningEntry | ControlUse | IPAdapterUse, sigma: float) -> bool:
        start, end = part.start, part.end
        if isinstance(part, ConditioningEntry):
            start, end = max(start, part.encoded_start), min(end, part.encoded_end)
        if start <= 0.0 and end >= 1.0:
            return True
        return self._table.at_fraction(end) <= sigma <= self._table.at_fraction(start)

    def _prepare(
        self, rows: Sequence[_Row], patches: tuple[IPAdapterUse, ...], shape: torch.Size
    ) -> _Call:
        shape = rows[0].region.cut(torch.empty(shape, device="meta")).shape
        batch, _, height, width = shape
        self._check_shown(rows)
        controls = []
        for use in rows[0].control:
            self._family.check_control(self._model, use)
            picture = self._family.control_picture(use, (height, width), batch, self._like)
            picture = torch.cat([picture] * len(rows))
            module = self._family.control_module(self._model, use.net)
            controls.append(Control(use.net, module, picture, use.strength))
        inputs = control_inputs = self._family.prepare(self._model, rows, shape, self._like)
        if controls and any(row.entry.control_text is not None for row in rows):
            read = [replace(row, entry=_read_by_control(row.entry)) for row in rows]
            control_inputs = self._family.prepare(self._model, read, shape, self._like)
        return _Call(
            rows=tuple(rows),
            inputs=inputs,
            control_inputs=control_inputs,
            controls=tuple(controls),
            adapters=tuple(self._adapter(use, rows, batch) for use in patches),
        )

    def _check_shown(self, rows: Sequence[_Row]) -> None:
        if not self._family.takes_styles and any(row.entry.styles for row in rows):
            raise ModelError(
                "model.no_styles",
                f'"{self._model.weights.path.name}" ({self._family.words}) takes no tokens of '
                "style models.",
                expected="Flux",
                got=self._family.words,
                hint="Remove ApplyStyleModel, or sample Flux.",
            )
        if rows[0].entry.references and not self._family.takes_references:
            raise ModelError(
                "model.no_references",
                f'"{self._model.weights.path.name}" ({self._family.words}) cannot be shown '
                "pictures to draw from.",
                expected="a model such as Flux Kontext",
                got=self._family.words,
                hint="Remove ReferenceLatent, or sample another model.",
            )

    def _adapter(self, use: IPAdapterUse, rows: Sequence[_Row], batch: int) -> ActiveAdapter:
        network = module_in(use.adapter.weights, self._like.dtype)
        assert isinstance(network, IPAdapterNetwork)
        tokens = [
            network.tokens((use.negative if row.negative else use.positive).to(self._like))
            for row in rows
        ]
        stacked = torch.cat([token.expand(batch, -1, -1) for token in tokens])
        return ActiveAdapter(network, stacked, use.weight)


def _added(left: Mapping[str, Any], right: Mapping[str, Any]) -> Mapping[str, Any]:
    """Residuals of two ControlNets, summed by name; lists element by element, from their start."""
    summed = {**left, **right}
    for name in left.keys() & right.keys():
        one, other = left[name], right[name]
        if isinstance(one, (list, tuple)):
            pairs = zip_longest(one, other)
            summed[name] = [a if b is None else b if a is None else a + b for a, b in pairs]
        else:
            summed[name] = one + other
    return summed


def _groups(rows: Sequence[_Row], repeats: bool) -> list[list[_Row]]:
    """Rows that can share one call: same size and control, token lengths that repeat evenly."""
    groups: list[list[_Row]] = []
    for row in rows:
        for group in groups:
            if _share(group, row, repeats):
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _share(group: Sequence[_Row], row: _Row, repeats: bool) -> bool:
    left, right = group[0].control, row.control
    if len(left) != len(right) or _extent(group[0]) != _extent(row):
        return False
    if group[0].hooks != row.hooks or _grounded_by(group[0]) != _grounded_by(row):
        return False
    if _shown(group[0]) != _shown(row):
        return False
    members = [member.entry for member in (*group, row)]
    for read in (members, [_read_by_control(entry) for entry in members]):
        lengths = [entry.tokens.shape[1] for entry in read]
        if math.lcm(*lengths) // min(lengths) > (MOST_REPEATS if repeats else 1):
            return False
    return all(same_use(a, b) for a, b in zip(left, right, strict=True))


def _read_by_control(entry: ConditioningEntry) -> ConditioningEntry:
    """An entry as ControlNets read it."""
    text = entry.control_text
    if text is None:
        return entry
    return replace(entry, tokens=text.tokens, token_mask=text.token_mask, styles=())


def _grounded_by(row: _Row) -> Gligen | None:
    """The GLIGEN network that acts on a row."""
    grounding = row.entry.grounding
    return None if grounding is None else grounding.net


def _shown(row: _Row) -> tuple[str, list[torch.Size]]:
    """Places and sizes of the pictures that a row draws from."""
    sizes = [picture.shape[1:] for picture in row.entry.references]
    return row.entry.reference_places if sizes else "", sizes


def _extent(row: _Row) -> tuple[int, int] | None:
    """Height and width of the cells that a row sees; None = all."""
    return None if row.region.box is None else (row.region.box.height, row.region.box.width)


def open_denoiser(model: Model) -> BatchedDenoiser:
    """The denoiser for a model; made once per run.

    Raises:
        ModelError: A family that weft does not run.
    """
    return BatchedDenoiser(model)
