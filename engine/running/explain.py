"""Why a node would run, or would not: the walk of a run, calling nothing that takes time."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..declaration.named_files import NamedFiles
from ..errors import FileError
from ..files.workspace import Workspace
from ..leaving import leaving_refused
from ..plan import Plan, Step, key_of
from ..store.cache import MemoryCache
from ..store.disk_cache import DiskCache
from ..store.history import Recipe, differences
from ..store.values import Values
from .diary import parts_of

State = Literal["hit", "trivial", "runs", "depends", "always"]


@dataclass(frozen=True, slots=True)
class StepExplanation:
    """What the next run will do with a node, and why.

    Attributes:
        node: Its id.
        type: Its type.
        state: `hit`: answered from the cache. `trivial`: called if its value is needed, with a
            result that is known already. `runs`: called. `depends`: called unless the nodes
            before it give what they gave before. `always`: called every time.
        why: Reasons, each a sentence without a full stop.
    """

    node: str
    type: str
    state: State
    why: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"node": self.node, "type": self.type, "state": self.state, "why": list(self.why)}


class Explainer:
    """Walks a plan and says of each step what a run would do.

    Args:
        plan: The plan.
        cache: Results in memory.
        disk: Results on disk, or None.
        values: Digests.
        workspace: Folders.
        numerics: Device and precision, for the keys of steps in the `gpu` lane.
        last: Recipes of the last run.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        cache: MemoryCache,
        disk: DiskCache | None,
        values: Values,
        workspace: Workspace,
        numerics: bytes,
        last: Mapping[str, Recipe],
    ) -> None:
        self._plan = plan
        self._cache = cache
        self._disk = disk
        self._values = values
        self._workspace = workspace
        self._numerics = numerics
        self._last = last
        self._digests: dict[int, tuple[bytes, ...]] = {}
        self._results: dict[int, tuple[Any, ...]] = {}  # of inline steps, which are simply called

    def explain(self) -> list[StepExplanation]:
        """One explanation for each step, in planned order."""
        return [self._step(i, step) for i, step in enumerate(self._plan.steps)]

    def _step(self, index: int, step: Step) -> StepExplanation:
        def say(state: State, *why: str) -> StepExplanation:
            return StepExplanation(step.node, step.spec.type_id, state, why)

        unknown = [i for i in step.needs if i not in self._digests]
        if "writes" in step.spec.effects:
            return say("always", "it writes files")
        if not step.spec.pure:
            return say("always", "it is declared not pure: equal inputs may give different results")
        if unknown:
            before = ", ".join(self._plan.steps[i].node for i in unknown)
            return say(
                "depends", f"{before} will run; if its result is the same, this is a cache hit"
            )
        names = self._names(step)
        if names is None:
            return say("depends", "its file name comes from a node that will run")
        try:
            files = NamedFiles(self._workspace, step.spec.files, names).digests
        except FileError as error:
            return say("runs", f"and will fail: {error}")
        linked = [self._digests[i][o] for i, o in step.sources]
        key, outside = key_of(step, linked, files, self._values, self._numerics)
        action = self._cache.find(key) or (self._disk.find(key) if self._disk else None)
        if action is not None:
            self._digests[index] = action.digests
            return say("hit")
        if step.spec.lane == "inline" and self._call(index, step):
            return say("trivial", "it takes no time to compute")
        last = self._last.get(step.node)
        parts = parts_of(step, self._plan, self._digests, outside, names, self._numerics)
        why = differences(last, parts)
        if last is not None and not why:
            # Nothing changed, so the result is known even though nobody kept it.
            self._digests[index] = tuple(bytes.fromhex(d) for d in last.outputs)
            return say("trivial", "nothing changed, but its result is not in the cache")
        return say("runs", *why)

    def _names(self, step: Step) -> dict[str, Any] | None:
        """Values of the inputs that name files; None if one of them is not known yet."""
        names: dict[str, Any] = {}
        for parameter in step.spec.files:
            names[parameter.name] = step.literals.get(parameter.name)
        for name, sources, _ in step.links:
            if name in names:
                index, output = sources[0]
                if index not in self._results:
                    return None
                names[name] = self._results[index][output]
        return names

    def _call(self, index: int, step: Step) -> bool:
        """Call an inline step, if the values it needs are those of inline steps too."""
        if any(i not in self._results for i in step.needs) or step.spec.run_parameter:
            return False
        # Copies, so that a node that changes what it is given does not change the workflow.
        arguments = {
            name: copy.deepcopy(value) if isinstance(value, list | dict) else value
            for name, value in step.literals.items()
        }
        for name, sources, collects in step.links:
            found = [self._results[i][o] for i, o in sources]
            arguments[name] = found if collects else found[0]
        try:
            with leaving_refused():
                result = step.spec.function(**arguments)
        except Exception:  # it will fail in the run as well, and say why there
            return False
        outputs = tuple(result) if step.spec.returns_tuple else (result,)
        outputs = outputs[: len(step.spec.outputs)]
        digests = [self._values.digest(output) for output in outputs]
        if None in digests:
            return False
        self._results[index] = outputs
        self._digests[index] = tuple(d for d in digests if d is not None)
        return True
