"""Sweeps: one workflow with some of its values varied, every combination of them.

    axes = [Axis("sample.cfg", (3, 5, 7)), Axis("sample.seed", parse_values("1..4"))]
    for cell in make_sweep(workflow, axes, registry):
        engine.run(cell.workflow)      # one engine: it runs only what differs

Knows nothing of what comes out; the last axis varies fastest.
"""

from __future__ import annotations

import itertools
import math
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..declaration.registry import Registry
from ..declaration.widgets import MAX_SEED
from ..errors import Problem, ValidationError, refused
from ..files.workspace import Workspace
from ..graph.document import split_target
from ..graph.expand import expand
from ..graph.parameters import parameter_of
from ..graph.sweep_values import MAX_COMBINATIONS, parse_values, too_many
from ..validate import RANDOM, validate
from .workflow import Workflow

__all__ = ["MAX_COMBINATIONS", "Axis", "Cell", "Sweep", "make_sweep", "parse_values"]


@dataclass(frozen=True, slots=True)
class Axis:
    """One input that is varied.

    Attributes:
        target: `node.parameter`.
        values: What it takes, in order.
        name: What labels call it; empty for the parameter's name.
    """

    target: str
    values: tuple[Any, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination.

    Attributes:
        index: Position on each axis.
        values: `node.parameter` -> value, for each axis.
        workflow: With these values.
    """

    index: tuple[int, ...]
    values: Mapping[str, Any]
    workflow: Workflow


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every combination of the values of some axes. Made by `make_sweep`.

    Attributes:
        workflow: What does not vary: inputs with one value are set, random seeds are drawn.
        axes: What varies: each has two values or more.
    """

    workflow: Workflow
    axes: tuple[Axis, ...]

    def __len__(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    def __iter__(self) -> Iterator[Cell]:
        for index in itertools.product(*(range(len(axis.values)) for axis in self.axes)):
            yield self.cell(index)

    def cell(self, index: tuple[int, ...]) -> Cell:
        """The combination at a position."""
        values = {a.target: a.values[i] for a, i in zip(self.axes, index, strict=True)}
        workflow = self.workflow
        for target, value in values.items():
            workflow = workflow.set(target, value)
        return Cell(index, values, workflow)

    def labels(self) -> tuple[tuple[str, ...], ...]:
        """A label for each value of each axis, such as `cfg 3`.

        Axes that would be called the same are called by their whole target.
        """
        short = [axis.name or split_target(axis.target)[1] for axis in self.axes]
        names = [
            axis.target if short.count(name) > 1 else name
            for axis, name in zip(self.axes, short, strict=True)
        ]
        return tuple(
            tuple(f"{name} {_shown(value)}".rstrip() for value in axis.values)
            for axis, name in zip(self.axes, names, strict=True)
        )

    def problems(
        self, registry: Registry, workspace: Workspace | None, outputs: Iterable[str] | None
    ) -> list[Problem]:
        """Everything that keeps a combination from running, each finding once.

        Whether a value fits does not depend on the other axes, so each value is looked at once:
        the work grows with the sum of the axes' lengths, not with their product.

        Args:
            registry: The node types there are.
            workspace: Folders to look for files in; None leaves files unchecked.
            outputs: Wanted `node.output`s; None for what the workflow's root nodes give.
        """
        wanted = None if outputs is None else tuple(outputs)
        origin = (0,) * len(self.axes)
        places = [origin]
        for number, axis in enumerate(self.axes):
            before, after = origin[:number], origin[number + 1 :]
            places += [(*before, i, *after) for i in range(1, len(axis.values))]
        found: dict[Problem, None] = {}
        for place in places:
            document = self.cell(place).workflow.document
            problems = validate(document, registry, workspace=workspace, outputs=wanted)
            found.update(dict.fromkeys(problems))
        return list(found)


def make_sweep(
    workflow: Workflow,
    axes: Iterable[Axis],
    registry: Registry,
    draw: Callable[[], int] = lambda: secrets.randbelow(MAX_SEED + 1),
) -> Sweep:
    """Put a sweep together.

    Random seeds are drawn here, once: the pictures of a sweep are only comparable when what is
    not varied stays the same. A "random" among an axis's values is drawn once as well.

    Args:
        workflow: What to vary.
        axes: Inputs and their values; one with a single value is set and is no axis.
        registry: The node types there are.
        draw: Gives a random seed.

    Raises:
        ValidationError: `sweep.duplicate_axis`, `sweep.no_values`, `sweep.too_many`, or there is
            no such node; every axis concerned is named.
    """
    varied: list[Axis] = []
    places: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    expanded = expand(workflow.document)
    for axis in axes:
        parameter = parameter_of(workflow.document, registry, axis.target)
        node_id, port = split_target(expanded.input(axis.target))
        place = (node_id, parameter.name if parameter is not None else port)
        if place in places:
            problems.append(_twice(places[place], axis.target))
            continue
        places[place] = axis.target
        values = axis.values
        if parameter is not None and parameter.is_seed:
            values = tuple(draw() if value == RANDOM else value for value in values)
        if not values:
            problems.append(_none(axis.target))
            continue
        try:
            workflow = workflow.set(axis.target, values[0])
        except ValidationError as error:
            problems.extend(error.problems)
        if len(values) > 1:
            varied.append(Axis(axis.target, values, axis.name))
    resolved = workflow.resolve(registry, draw)
    if resolved.document.nodes.keys() != workflow.document.nodes.keys():
        # Random seeds inside subgraphs: the workflow came back expanded.
        varied = [Axis(expanded.input(a.target), a.values, a.name) for a in varied]
    sweep = Sweep(resolved, tuple(varied))
    if len(sweep) > MAX_COMBINATIONS:
        product = " x ".join(str(len(axis.values)) for axis in varied)
        problems.append(too_many(f"{product} = {len(sweep)}"))
    if problems:
        raise refused("sweep", problems)
    return sweep


def _shown(value: Any) -> str:
    """A value as people type it, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return " ".join(str(value).split())


def _twice(first: str, second: str) -> Problem:
    return Problem(
        "sweep.duplicate_axis",
        f'"{first}" and "{second}" are the same input, so one would overwrite the other.',
        expected="each input once",
        got=second,
        hint=f"Put all values into one list: {first}=1,2,3.",
    )


def _none(target: str) -> Problem:
    return Problem(
        "sweep.no_values",
        f'"{target}" has no values.',
        expected="at least one value",
        got="none",
        hint="Add values, or leave the axis out.",
    )
