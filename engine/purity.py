"""Debug mode: a node that changes a value handed to it is found, named, and its result not kept.

Values are shared between all nodes that read them and with the cache, so a node that changes one
in place makes other nodes, and later runs, wrong. `WEFT_DEBUG=purity` hashes every input once more
after each call; without it this file takes no part in a run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .errors import NodeError, WeftError
from .plan import Source, Step
from .run import Computed, Execution
from .running.known import Held
from .store.cache import MISSING
from .store.values import encode_scalar

MODES = ("purity",)
Watched = tuple[str, str, Any, bytes]  # input, producer, value, the digest it ought to have


def purity_wanted(asked: bool | None = None) -> bool:
    """Whether inputs are to be checked.

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
            hint="Correct or unset it.",
        )
    return "purity" in modes


class PureExecution(Execution):
    """A walk that looks at the inputs of every call again after it."""

    def _compute(self, step: Step, arguments: dict[str, Any], key: bytes | None) -> Computed:
        with self._unchanged(step, arguments):
            return super()._compute(step, arguments, key)

    async def _call(self, index: int, step: Step, held: Held, key: bytes | None) -> Computed:
        if not step.spec.is_async:
            return await super()._call(
                index, step, held, key
            )  # which ends in _compute, in its thread
        with self._unchanged(step, {**step.literals, **_linked(step, held)}):
            return await super()._call(index, step, held, key)

    @contextmanager
    def _unchanged(self, step: Step, arguments: Mapping[str, Any]) -> Iterator[None]:
        """Compare the inputs with what their producers gave, before and after a call.

        Raises:
            NodeError: `node.mutated_input`: the call changed one. `node.changed_input`: one had
                been changed before; whoever did so is reported too. Of two nodes that work on one
                value at the same time, both are reported when one of them changes it.
        """
        watched = list(self._watched(step, arguments))
        for name, producer, value, digest in watched:
            if self.values.digest(value) != digest:
                raise NodeError(
                    f'its input "{name}" is not what {producer} gave: another node changed it.',
                    code="node.changed_input",
                    port=name,
                    hint="Correct the node that node.mutated_input names.",
                )
        try:
            yield
        finally:  # a call that failed may have changed something before
            for name, producer, value, digest in [*watched, *self._awaited(step)]:
                if self.values.digest(value) != digest:
                    # It lies in the cache under a digest that it no longer has.
                    self.cache.drop_values()
                    raise NodeError(
                        f'it changed its input "{name}", which belongs to {producer}.',
                        code="node.mutated_input",
                        port=name,
                        expected="inputs that are as before after the call",
                        got=f"another content of {name}",
                        hint=f"Let {step.spec.type_id} work on a copy and return that.",
                    )

    def _watched(self, step: Step, arguments: Mapping[str, Any]) -> Iterator[Watched]:
        """Inputs that could be changed: name, producer, value, and the digest it ought to have."""
        for name, sources, collects in step.links:
            values = list(arguments[name]) if collects else [arguments[name]]
            for (index, output), value in zip(sources, values, strict=True):
                yield from self._compared(name, (index, output), value)
        for name, value in step.literals.items():
            digest = self.values.digest(value) if isinstance(value, list | dict) else None
            if digest is not None:
                yield name, "the workflow itself", value, digest

    def _awaited(self, step: Step) -> Iterator[Watched]:
        """The same for lazy inputs, once a call has or has not awaited them."""
        for name, sources, _ in step.lazy:
            for source in sources:
                value = self.known.value(source)
                if value is not MISSING:
                    yield from self._compared(name, source, value)

    def _compared(self, name: str, source: Source, value: Any) -> Iterator[Watched]:
        given = self.known.digests[source[0]]
        # Plain values cannot be changed; those without content cannot be compared.
        if given is None or encode_scalar(value) is not None or self.values.digest(value) is None:
            return
        made_by = self.steps[source[0]]
        output = made_by.spec.outputs[source[1]].name
        yield name, f"{made_by.node}.{output} ({made_by.spec.type_id})", value, given[source[1]]


def _linked(step: Step, held: Held) -> dict[str, Any]:
    return {
        name: [held[source] for source in sources] if collects else held[sources[0]]
        for name, sources, collects in step.links
    }
