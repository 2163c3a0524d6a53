"""Nodes that change a value handed to them: found, named, and nothing of it kept.

Values are shared between all nodes that read them and with the cache, so a node that changes one
in place makes other nodes, and later runs, wrong. weft's own nodes are believed; the calls of nodes
from packs and user files are watched with a cheap sign of each value, taken before and after
(`Values.mark`). `WEFT_DEBUG=purity` hashes the inputs of every call in full instead.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..declaration.node import NodeSpec
from ..errors import NodeError, WeftError
from ..plan import Source, Step
from ..store.cache import MISSING, MemoryCache
from ..store.values import PLAIN, Values
from .known import Known

MODES = ("purity",)
_REMEMBERED = 16  # values that a node type gave before


@dataclass(slots=True)
class Watched:
    """An input that could be changed.

    Attributes:
        name: Of the input.
        producer: What gave the value, for people.
        value: The value.
        digest: That it ought to have.
        mark: Its sign before the call; None where it is not watched by its sign.
    """

    name: str
    producer: str
    value: Any
    digest: bytes
    mark: Hashable


def purity_wanted(asked: bool | None = None) -> bool:
    """Whether the inputs of every call are to be hashed.

    Args:
        asked: What the caller says; None leaves it to the environment's `WEFT_DEBUG`, a comma list.

    Raises:
        WeftError: `run.bad_debug`: `WEFT_DEBUG` names a mode that there is not.
    """
    if asked is not None:
        return asked
    modes = [word.strip() for word in os.environ.get("WEFT_DEBUG", "").split(",") if word.strip()]
    unknown = [word for word in modes if word not in MODES]
    if unknown:
        raise WeftError(
            f'WEFT_DEBUG names "{unknown[0][:80]}", which is no debug mode.',
            code="run.bad_debug",
            expected=f"one of: {', '.join(MODES)}",
            got=unknown[0][:80],
            hint="Correct WEFT_DEBUG, or unset it.",
        )
    return "purity" in modes


class Purity:
    """Watches the calls of one engine, in any number of runs.

    Args:
        values: Digests and signs.
        cache: Told when a value was changed.
        everywhere: Whether all calls are watched, by full digests.
    """

    def __init__(self, values: Values, cache: MemoryCache, *, everywhere: bool) -> None:
        self.everywhere = everywhere
        self._values = values
        self._cache = cache
        self._given: dict[str, deque[tuple[bytes, Hashable]]] = {}

    def watches(self, step: Step, arguments: Mapping[str, Any]) -> bool:
        """Whether a call is watched: it gets something that it could change, and is not believed.

        Args:
            step: What is called.
            arguments: The inputs.
        """
        if step.spec.code is None and not self.everywhere:
            return False
        return (
            bool(step.lazy)
            or any(type(arguments[name]) not in PLAIN for name, _, _ in step.links)
            or any(type(value) not in PLAIN for value in step.literals.values())
        )

    @contextmanager
    def unchanged(
        self, step: Step, arguments: Mapping[str, Any], steps: Sequence[Step], known: Known
    ) -> Iterator[None]:
        """Compare the inputs of a call with what they were before it.

        Args:
            step: What is called.
            arguments: The inputs.
            steps: Those of the run, for the names of what made the inputs.
            known: The results of the run.

        Raises:
            NodeError: `node.mutated_input`: the call changed one. `node.changed_input`: one had
                been changed before, which only full digests tell. Of two nodes that work on one
                value at the same time, both are reported when one of them changes it.
        """
        began = time.perf_counter()
        watched = list(self._watched(step, arguments, steps, known))
        if self.everywhere:
            for each in watched:
                if self._values.digest(each.value) != each.digest:
                    raise NodeError(
                        f'its input "{each.name}" differs from the output of {each.producer}: '
                        "another node changed it in place.",
                        code="node.changed_input",
                        port=each.name,
                        hint="Correct the node that the error node.mutated_input names.",
                    )
        try:
            yield
        finally:  # a call that failed may have changed something before
            for each in [*watched, *self._awaited(step, steps, known)]:
                if self._is_changed(each.value, each.digest, each.mark):
                    # It lies in the cache under a digest that it no longer has.
                    self._cache.spoil(began)
                    raise NodeError(
                        f'it changed its input "{each.name}" in place, which belongs to '
                        f"{each.producer}.",
                        code="node.mutated_input",
                        port=each.name,
                        expected="unchanged inputs after the call",
                        got=f"a changed {each.name}",
                        hint=f"Let {step.spec.type_id} change a copy and return that.",
                    )

    def take(
        self, spec: NodeSpec, outputs: Sequence[Any], digests: Sequence[bytes], began: float
    ) -> None:
        """Note what a call gave, and see that it did not change what earlier calls gave.

        Args:
            spec: The type of what was called.
            outputs: What it gave.
            digests: Their digests.
            began: When the call began, by `time.perf_counter`.

        Raises:
            NodeError: `node.changed_output`: an earlier value is changed, as by a node that fills
                one buffer again and again.
        """
        given = self._given.get(spec.type_id)
        if given is None:
            if all(type(output) in PLAIN for output in outputs):
                return
            given = self._given.setdefault(spec.type_id, deque(maxlen=_REMEMBERED))
        for digest, mark in list(given):
            value = self._cache.peek(digest)
            if value is not MISSING and self._is_changed(value, digest, mark):
                given.clear()
                self._cache.spoil(began)
                raise NodeError(
                    "it changed a value that one of its earlier calls returned.",
                    code="node.changed_output",
                    expected="a new value from each call",
                    got="a value that is overwritten",
                    hint=f"Let {spec.type_id} return a copy of values that it keeps using.",
                )
        for output, digest in zip(outputs, digests, strict=True):
            if type(output) not in PLAIN and (mark := self._values.mark(output)) is not None:
                given.append((digest, mark))

    def _is_changed(self, value: Any, digest: bytes, mark: Hashable) -> bool:
        """Whether a value has another content; where signs differ, the whole of it decides."""
        if mark is not None and self._values.mark(value) == mark:
            return False
        return self._values.digest(value) != digest

    def _watched(
        self, step: Step, arguments: Mapping[str, Any], steps: Sequence[Step], known: Known
    ) -> Iterator[Watched]:
        for name, sources, collects in step.links:
            values = list(arguments[name]) if collects else [arguments[name]]
            for (index, output), value in zip(sources, values, strict=True):
                yield from self._compared(name, (index, output), value, steps, known)
        for name, value in step.literals.items():
            digest = self._values.digest(value) if isinstance(value, list | dict) else None
            if digest is not None:
                yield Watched(name, "the workflow itself", value, digest, None)

    def _awaited(self, step: Step, steps: Sequence[Step], known: Known) -> Iterator[Watched]:
        """The same for lazy inputs, once a call has or has not awaited them."""
        for name, sources, _ in step.lazy:
            for source in sources:
                value = known.value(source)
                if value is not MISSING:
                    for each in self._compared(name, source, value, steps, known):
                        each.mark = None  # it is taken too late to say anything
                        yield each

    def _compared(
        self, name: str, source: Source, value: Any, steps: Sequence[Step], known: Known
    ) -> Iterator[Watched]:
        given = known.digests[source[0]]
        # Plain values cannot be changed; those without content cannot be compared.
        if given is None or type(value) in PLAIN:
            return
        mark = self._values.mark(value)
        if mark is None:
            return
        made_by = steps[source[0]]
        output = made_by.spec.outputs[source[1]].name
        producer = f"{made_by.node}.{output} ({made_by.spec.type_id})"
        yield Watched(name, producer, value, given[source[1]], None if self.everywhere else mark)
