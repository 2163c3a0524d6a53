"""Errors of the diffusion library.

    DiffusionError
    ├── ModelError        a file or folder is not what was asked for, or is damaged
    ├── ShapeError        sizes that do not fit each other
    ├── ParameterError    a number or name outside what is allowed
    └── SamplingError     the run itself went wrong (not-a-number, nothing to condition on)

Every message says what is wrong, where, expected against got, and one thing to do. The graph
machine does not know these classes: nodes read the attributes `code, message, expected, got, hint`.
"""

from __future__ import annotations


class DiffusionError(Exception):
    """Base of all errors raised on purpose by this package.

    Args:
        code: Stable dotted name for tests and programs, e.g. "model.wrong_kind".
        message: What is wrong and where, one sentence for people.
        expected: What would have been right.
        got: What was found.
        hint: One thing to do about it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        expected: str | None = None,
        got: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        text = self.message
        if self.expected is not None or self.got is not None:
            text += f" Expected {self.expected or '(nothing)'}, got {self.got or '(nothing)'}."
        if self.hint is not None:
            text += f" {self.hint}"
        return text


class ModelError(DiffusionError):
    """A model file or folder is missing, damaged, of another kind, or of an unsupported family."""


class ShapeError(DiffusionError):
    """Sizes of two values do not fit each other."""


class ParameterError(DiffusionError):
    """A parameter is outside of its range or not a known name."""


class SamplingError(DiffusionError):
    """Sampling could not go on."""
