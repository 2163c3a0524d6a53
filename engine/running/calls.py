"""Calls of node functions: watched, timed, and described by digests and sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ..declaration.named_files import NamedFiles
from ..leaving import leaving_refused
from ..plan import Step
from ..store.cache import Action
from .known import Known
from .lazy_run import LazyInputs
from .results import describe
from .services import RunServices

Computed: TypeAlias = tuple[Action, tuple[Any, ...], tuple[int, ...], float]
"""Digests and cost of the outputs, the outputs, their sizes in bytes, and when the call began."""


class FilesChanged(Exception):  # noqa: N818  (a signal to the run)
    """A file that a step names changed while the step ran; nobody knows which content it read."""


class Calls:
    """The calls of one run.

    Args:
        services: What the engine lends.
        known: What is known of the steps.
        steps: The steps.
        lazy: Their lazy inputs.

    Attributes:
        named: The files that each node names, as they were before its call.
    """

    def __init__(
        self, services: RunServices, known: Known, steps: Sequence[Step], lazy: LazyInputs
    ) -> None:
        self.named: dict[str, NamedFiles] = {}
        self._cache, self._disk, self._values = services.cache, services.disk, services.values
        self._purity, self._watch = services.purity, services.watch
        self._spoils = services.cache.spoils
        self._known = known
        self._steps = steps
        self._lazy = lazy

    def compute(self, step: Step, arguments: dict[str, Any], key: bytes | None) -> Computed:
        """Call the function of a step and describe what it gives, see `described`."""
        used = None if step.spec.lane == "inline" else self._watch()
        with leaving_refused():
            if self._purity.watches(step, arguments):
                with self._purity.unchanged(step, arguments, self._steps, self._known):
                    began = time.perf_counter()
                    result = step.spec.function(**arguments)
                    seconds = time.perf_counter() - began
            else:
                began = time.perf_counter()
                result = step.spec.function(**arguments)
                seconds = time.perf_counter() - began
        return self.described(step, result, key, began, seconds, used)

    def described(
        self,
        step: Step,
        result: Any,
        key: bytes | None,
        began: float,
        seconds: float,
        used: Callable[[], None] | None,
    ) -> Computed:
        """The outputs of a call with their digests and sizes, worked out in the same thread.

        Raises:
            FilesChanged: What is under the key was not, or not only, made of what the key names.
        """
        if used is not None:
            used()
        spec = step.spec
        if spec.files and key is not None and not self.named[step.node].unchanged():
            raise FilesChanged
        outputs, digests, sizes = describe(spec, result, key, self._values, self._lazy.passed)
        if spec.code is not None:
            self._purity.take(spec, outputs, digests, began)
        action = Action(digests, seconds)
        # Seconds are no measure here: what is quick once its model is loaded is not in the next
        # process. Inline nodes are quick always, quicker than a file.
        stored = spec.lane != "inline" and self._cache.spoils == self._spoils
        if self._disk is not None and key is not None and stored:
            self._disk.put(key, action, outputs)
        return action, outputs, sizes, began
