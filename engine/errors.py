"""Everything that can go wrong, as one tree.

    WeftError
    ├── DeclarationError   a node function is declared wrongly, at import        node.*
    ├── DocumentError      a file is no workflow document                        document.*
    ├── SeveralProblems
    │     ├── ValidationError   a document cannot run     graph.*, params.*, files.*
    │     └── RunError          nodes failed in a run     whatever the nodes raised
    ├── FileError          a file asked for by name cannot be used               files.*
    ├── NodeError          a node function refuses its input                     node.*
    ├── OutputError        an output is wanted that the workflow does not have   run.*
    └── Cancelled          the run was cancelled                                 run.cancelled

`Problem` is one finding; it is not raised by itself.

A message says what is wrong, where, what was expected against what came, and one thing to do.
Values handed to a node are never put into a message whole: they may be large or private.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a workflow, addressed so that an editor can mark the place.

    Attributes:
        code: Stable identifier such as `graph.type_mismatch`; tests and clients match on it.
        message: The whole finding in words, naming node and port.
        node: Id of the node it belongs to, or None for the document as a whole.
        port: Name of the input or output, or None for the node as a whole.
        expected: What would have been right, in words.
        got: What was found, in words.
        hint: One thing to do about it.
    """

    code: str
    message: str
    node: str | None = None
    port: str | None = None
    expected: str | None = None
    got: str | None = None
    hint: str | None = None

    def to_json(self) -> dict[str, str]:
        """The finding as a JSON object without its empty fields."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} {self.hint}"


class WeftError(Exception):
    """Base of every error that weft raises on purpose.

    Args:
        message: What is wrong and where.
        code: Stable identifier; each subclass has a default.
        node: Id of the node concerned.
        port: Input or output concerned.
        expected: What would have been right.
        got: What was found.
        hint: One thing to do.
    """

    code = "weft.error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        node: str | None = None,
        port: str | None = None,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problem = Problem(code or self.code, message, node, port, expected, got, hint)
        self.code = self.problem.code
        super().__init__(str(self.problem))

    def to_json(self) -> dict[str, Any]:
        """The error as a JSON object."""
        return dict(self.problem.to_json())


class DeclarationError(WeftError):
    """A node function cannot be made into a node."""

    code = "node.declaration"


class DocumentError(WeftError):
    """Text or JSON is not a workflow document."""

    code = "document.invalid"


class FileError(WeftError):
    """A file that a workflow names is missing, unreadable, or not what it should be."""

    code = "files.not_found"


class NodeError(WeftError):
    """A node refuses its inputs or cannot do its work; node functions raise it."""

    code = "node.failed"


class OutputError(WeftError):
    """The workflow or the run does not have the selected output."""

    code = "run.unknown_output"


class Cancelled(WeftError):  # noqa: N818  (a state that callers await, not a fault)
    """The run was cancelled, by a person or because its owner went away."""

    code = "run.cancelled"


class SeveralProblems(WeftError):  # noqa: N818  (named for what it holds)
    """An error made of several problems; its text lists the first hundred."""

    def __init__(self, summary: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [summary, *(f"  [{p.code}] {p}" for p in self.problems[:_MOST_SHOWN])]
        if len(self.problems) > _MOST_SHOWN:
            lines.append(f"  ... and {len(self.problems) - _MOST_SHOWN} more")
        super().__init__("\n".join(lines))

    def to_json(self) -> dict[str, Any]:
        """The error with each of its problems."""
        return {"code": self.code, "problems": [p.to_json() for p in self.problems]}


class ValidationError(SeveralProblems):
    """A document cannot run. `problems` holds every finding, not only the first."""

    code = "graph.invalid"


class RunError(SeveralProblems):
    """A run ended with failed nodes. `problems` names each; `__cause__` is the first exception."""

    code = "run.failed"


def counted(number: int, thing: str) -> str:
    """`1 problem`, `3 problems`."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def refused(what: str, problems: Sequence[Problem]) -> ValidationError:
    """The error that says how many problems something has, and which."""
    return ValidationError(f"The {what} has {counted(len(problems), 'problem')}:", problems)


def problem_from_exception(error: BaseException, *, node: str, node_type: str) -> Problem:
    """Describe any exception that left a node function.

    Errors of other layers are read by shape, not by class: whatever has `code` and `message`
    (as the picture library's errors do) keeps them. All else is reported as `run.exception`.

    Args:
        error: What the node function raised.
        node: Id of the node.
        node_type: Its type, for the text.
    """
    where = f"Node {node} ({node_type})"
    if isinstance(error, WeftError):
        p = error.problem
        return Problem(p.code, f"{where}: {p.message}", node, p.port, p.expected, p.got, p.hint)
    code, message = getattr(error, "code", None), getattr(error, "message", None)
    if isinstance(code, str) and isinstance(message, str):
        extra: Mapping[str, Any] = {
            name: getattr(error, name, None) for name in ("port", "expected", "got", "hint")
        }
        return Problem(code, f"{where}: {message}", node, **extra)
    text = str(error) or "no text"
    return Problem(
        "run.exception",
        f"{where} raised {type(error).__name__}: {text}",
        node,
        hint="This is a fault of the node, not of the workflow; report it with the traceback.",
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on any device."""
    # By name, because the engine does not know torch.
    names = {cls.__name__ for cls in type(error).__mro__}
    return isinstance(error, MemoryError) or "OutOfMemoryError" in names
