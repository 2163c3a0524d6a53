"""The run explainer: records the inputs of each result, and compares them with the last run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..plan import Plan, Step
from ..store.history import History, Part, Recipe, differences

_SHOWN = 60
Digests = Sequence[tuple[bytes, ...] | None]


class Diary:
    """Explains a run while it goes, and writes down at its end what explains the next.

    Args:
        history: Where the last run is known and this one will be.
        scope: What makes runs belong together: a file's path, an id in a library.
        plan: The plan of this run.
    """

    def __init__(self, history: History, scope: str, plan: Plan) -> None:
        self._history = history
        self._scope = scope
        self._plan = plan
        self._last = history.last(scope)
        self._outside: dict[str, tuple[bytes, ...]] = {}
        self._names: dict[str, Mapping[str, Any]] = {}

    def note_outside(self, node: str, digests: tuple[bytes, ...]) -> None:
        """Digests of the files that a node names, and of its fingerprint."""
        self._outside[node] = digests

    def note_names(self, node: str, names: Mapping[str, Any]) -> None:
        """Values of a node's inputs that name files."""
        self._names[node] = names

    def why(self, step: Step, digests: Digests, numerics: bytes | None) -> tuple[str, ...]:
        """The changes of a step since the last run."""
        if not step.spec.kept:
            return ()
        return tuple(differences(self._last.get(step.node), self._parts(step, digests, numerics)))

    def close(self, digests: Digests, numerics: bytes | None) -> None:
        """Write down every step whose result is known now."""
        recipes = {
            step.node: Recipe(tuple(d.hex() for d in outputs), self._parts(step, digests, numerics))
            for step, outputs in zip(self._plan.steps, digests, strict=True)
            if outputs is not None and step.spec.kept
        }
        self._history.remember(self._scope, recipes)

    def _parts(self, step: Step, digests: Digests, numerics: bytes | None) -> dict[str, Part]:
        outside = self._outside.get(step.node, ())
        names = self._names.get(step.node, step.literals)
        return parts_of(step, self._plan, digests, outside, names, numerics)


def parts_of(
    step: Step,
    plan: Plan,
    digests: Digests | Mapping[int, tuple[bytes, ...]],
    outside: tuple[bytes, ...],
    names: Mapping[str, Any],
    numerics: bytes | None,
) -> dict[str, Part]:
    """Everything that a step's key is made of, each with something to show.

    Args:
        step: The step.
        plan: Its plan, for the names of what it reads.
        digests: Output digests of the steps before it.
        outside: Content digests of the files it names, then of its fingerprint if it has one.
        names: Values of the inputs that name files.
        numerics: Device and precision, for steps they matter to.
    """
    spec = step.spec
    parts = {
        "node type": Part(spec.type_id, spec.type_id),
        "node version": Part(str(spec.version), str(spec.version)),
    }
    if spec.code is not None:
        parts["source"] = Part(f"of {spec.type_id}", spec.code().hex())
    named = {p.name for p in spec.files}
    for name, value in step.literals.items():
        if name not in named:
            parts[name] = Part(_shown(value), f"{type(value).__name__} {value!r}")
    for name, sources, _ in step.links:
        if name not in named:
            origins = [(plan.steps[i], o) for i, o in sources]
            shown = [f"{s.node}.{s.spec.outputs[o].name}" for s, o in origins]
            # Without digests: it failed, and a tolerant reader did without.
            content = b"".join(found[o] if (found := digests[i]) else b"" for i, o in sources)
            parts[name] = Part(", ".join(shown), content.hex())
    for parameter, digest in zip(spec.files, outside, strict=False):
        label = parameter.name if parameter.mentions else f"file {parameter.name}"
        parts[label] = Part(_shown(names.get(parameter.name)), digest.hex())
    if spec.fingerprint is not None and outside:
        parts["fingerprint"] = Part("fingerprint", outside[-1].hex())
    if spec.lane == "gpu" and numerics is not None:
        parts["device"] = Part(numerics[2:].decode("utf-8", "replace"), numerics.hex())
    return parts


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
