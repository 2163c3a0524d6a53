"""The contract of a node, checked by calling it: the assumptions of the engine about every node.

Equal inputs give equal outputs; inputs stay as they are; outputs are what the declaration says; a
cancelled run stops; what was given back is held by nobody. All breaches are reported at once.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..cancel import CancelToken
from ..declaration.context import Run
from ..declaration.lazy import Lazy
from ..declaration.node import NodeSpec, Parameter, spec_of
from ..errors import Cancelled, Problem
from ..events import Event, NodeProgress
from ..store.values import Values
from ..sync import run_sync
from .values import Types, misfit, parts

MAX_BYTES = 2**30


class ContractError(AssertionError):
    """A node breaks its contract. `problems` holds every breach, as codes `contract.*`."""

    def __init__(self, node: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [f"{node} breaks the node contract:"]
        super().__init__("\n".join([*lines, *(f"  [{p.code}] {p}" for p in problems)]))


def check_contract(
    function: Callable[..., Any],
    inputs: Mapping[str, Any],
    *,
    run: Run,
    values: Values,
    types: Types,
    size_problem: Callable[[Any], str | None] = lambda _: None,
) -> Any:
    """Call a node a few times and look at what it does.

    Args:
        function: A function declared with `@node`.
        inputs: Its arguments by name; small ones, as it is called up to four times. Lazy inputs
            may be given as plain values.
        run: Folders, document and seeds, for a node that takes a `Run`.
        values: Digests and sizes of the values.
        types: What values of a socket type must be like, by the type's name; other types are
            checked by their class.
        size_problem: Says what is wrong with the memory that an output takes, or None.

    Returns:
        What the first call returned, for more assertions.

    Raises:
        ContractError: The node breaks its contract, or the inputs are not what it takes.
        DeclarationError: The function is no node.
    """
    spec = spec_of(function)
    contract = _Contract(spec, inputs, run, values, types)
    contract.declaration()
    contract.inputs_fit()
    if contract.problems:  # what follows would only say the same again, less clearly
        raise ContractError(spec.type_id, contract.problems)
    result = contract.first_call()
    contract.outputs_fit(result, size_problem)
    contract.second_call(result)
    contract.cancellation()
    if contract.problems:
        raise ContractError(spec.type_id, contract.problems)
    return result


class _Contract:
    def __init__(
        self, spec: NodeSpec, inputs: Mapping[str, Any], run: Run, values: Values, types: Types
    ) -> None:
        self.spec = spec
        self.inputs = {n: _as_run(spec.parameters.get(n), v) for n, v in inputs.items()}
        self.run = run
        self.values = values
        self.types = types
        self.problems: list[Problem] = []
        self.reports = 0  # of progress, in the first call

    def declaration(self) -> None:
        """Checks that @node does not make: the docstring describes every parameter."""
        spec = self.spec
        if not spec.doc.summary.endswith("."):
            self._breach(
                "docstring",
                "its summary is not a sentence.",
                hint="End the first line with a full stop.",
            )
        for parameter in spec.parameters.values():
            if not parameter.text.strip():
                self._breach("docstring", "the docstring does not describe it.", parameter.name)
        if spec.outputs and not spec.doc.sections.get("Returns", "").strip():
            self._breach(
                "docstring",
                "the docstring does not describe the result.",
                hint="Add a Returns section with shape, type and range.",
            )

    def inputs_fit(self) -> None:
        """Whether the test gives what the node takes."""
        for name, value in self.inputs.items():
            parameter = self.spec.parameters.get(name)
            if parameter is None:
                known = ", ".join(self.spec.parameters) or "none"
                self._breach(
                    "input", "the test passes it, but there is no such input.", name, known
                )
                continue
            reason = misfit(self.spec.function, name, value, self.types)
            if reason is None and parameter.type.is_plain and not isinstance(value, Lazy):
                found = parameter.misfit(value)
                reason = None if found is None else found.reason
            if reason is not None:
                self._breach("input", f"the test passes {_shown(value)}: {reason}.", name, reason)
        for parameter in self.spec.parameters.values():
            if parameter.required and parameter.name not in self.inputs:
                self._breach("input", "the test does not pass it.", parameter.name)

    def first_call(self) -> Any:
        """Call it, and look whether the inputs are as before."""
        before = {name: self.values.digest(value) for name, value in self.inputs.items()}

        def count(event: Event) -> None:
            self.reports += isinstance(event, NodeProgress)

        result = self._call(CancelToken(), count)
        for name, value in self.inputs.items():
            if self.values.digest(value) != before[name]:
                self._breach(
                    "mutated_input",
                    "the call changed it.",
                    name,
                    "unchanged inputs after the call",
                    hint="Change a copy and return that.",
                )
        return result

    def outputs_fit(self, result: Any, size_problem: Callable[[Any], str | None]) -> None:
        """Whether the outputs are what the declaration says, and of a sane size."""
        outputs = self._outputs(result)
        if outputs is None:
            count = len(self.spec.outputs)
            got = f"{len(result)} values" if isinstance(result, tuple) else type(result).__name__
            self._breach("output", f"it returns {got}.", expected=f"{count} outputs", got=got)
            return
        for name, value in outputs.items():
            reason = misfit(self.spec.function, "return", value, self.types, field=name)
            if reason is not None:
                self._breach("output", f"it returns {_shown(value)}: {reason}.", name, reason)
                continue
            size = self.values.nbytes(value)
            reason = size_problem(value)
            if reason is None and not 0 < size <= MAX_BYTES:
                reason = f"{size} bytes, allowed are 1 to {MAX_BYTES} in a test"
            if reason is not None:
                self._breach("size", f"its size is wrong: {reason}.", name, got=str(size))

    def second_call(self, first: Any) -> None:
        """Whether it gives the same again, and whether anybody keeps what it gave."""
        again, alive = self._digests_and_references()
        outputs = self._outputs(first) or {}
        for name, value in outputs.items():
            digest = self.values.digest(value)
            if self.spec.pure and digest != again.get(name, digest):
                self._breach(
                    "not_deterministic",
                    "equal inputs gave different values.",
                    name,
                    "the same content from every call",
                    hint="Seed a generator of the node, sort unordered collections, or declare "
                    "pure=False.",
                )
        if any(reference() is not None for _, reference in alive):
            gc.collect()  # what only a cycle holds is given back as well, if later
        for name in dict.fromkeys(name for name, reference in alive if reference() is not None):
            self._breach(
                "memory",
                "its value is still referenced after all callers released it.",
                name,
                "nothing kept between calls",
                hint="Leave caching to the engine, which has a memory budget for it.",
            )

    def cancellation(self) -> None:
        """Whether a cancelled run stops a node that reports progress."""
        if self.spec.run_parameter is None or not self.reports:
            return
        # Before it begins, and in the middle, where it has one.
        for reported in (0, 1) if self.reports > 1 else (0,):
            token = CancelToken()
            seen = 0

            def stop(event: Event, token: CancelToken = token) -> None:
                nonlocal seen
                seen += isinstance(event, NodeProgress)
                if seen == 1:
                    token.cancel()

            if not reported:
                token.cancel()
            try:
                self._call(token, stop)
                got = "it ran to the end"
            except Cancelled:
                continue
            except Exception as error:
                got = f"it raised {type(error).__name__}"
            self._breach(
                "cancel",
                f"cancelled after {reported} of {self.reports} reports of progress, {got}.",
                expected="Cancelled, from run.progress or run.check",
                got=got,
                hint="Let Cancelled pass: catch only the exceptions that you expect.",
            )

    def _digests_and_references(self) -> tuple[dict[str, bytes | None], list[tuple[str, Any]]]:
        """Digests of a second call's outputs, and weak references to what they are made of.

        A function of its own, so that no local variable holds what is to be let go.
        """
        given = {id(part) for value in self.inputs.values() for part in parts(value)}
        outputs = self._outputs(self._call(CancelToken(), None)) or {}
        alive = [
            (name, weakref.ref(part))
            for name, value in outputs.items()
            for part in parts(value)
            if id(part) not in given
        ]
        return {name: self.values.digest(value) for name, value in outputs.items()}, alive

    def _call(self, token: CancelToken, emit: Callable[[Event], None] | None) -> Any:
        arguments = {
            name: Lazy.of(value)
            if self.spec.parameters[name].lazy and not isinstance(value, Lazy)
            else value
            for name, value in self.inputs.items()
        }
        if self.spec.run_parameter is not None:
            run = self.run
            arguments[self.spec.run_parameter] = Run(
                run.node, run.id, run.workspace, run.document, run.seeds, token, emit
            )
        result = self.spec.function(**arguments)
        return run_sync(result) if self.spec.is_async else result

    def _outputs(self, result: Any) -> dict[str, Any] | None:
        """A call's result by output name; None when their number is wrong."""
        names = [output.name for output in self.spec.outputs]
        if self.spec.returns_tuple:
            if not isinstance(result, tuple) or len(result) != len(names):
                return None
            return dict(zip(names, result, strict=True))
        if not names:
            return {} if result is None else None
        return {names[0]: result}

    def _breach(
        self,
        code: str,
        text: str,
        port: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        where = f'"{port}": ' if port is not None else ""
        self.problems.append(
            Problem(f"contract.{code}", where + text, self.spec.type_id, port, expected, got, hint)
        )


def _as_run(parameter: Parameter | None, value: Any) -> Any:
    """A whole number for a FLOAT arrives as a float, as it does in a run."""
    if parameter is not None and parameter.type.name == "FLOAT" and type(value) is int:
        return float(value)
    return value


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str | int | float | bool) else type(value).__name__
    return text[:80]
