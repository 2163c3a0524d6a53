"""The values of a sweep's axis as people type them: lists, ranges, quoted texts."""

from __future__ import annotations

import csv
import decimal
import io
import re
from decimal import Decimal
from typing import Any

from ..declaration.node import Parameter
from ..declaration.typed import takes_text, typed
from ..errors import Problem, ValidationError

MAX_COMBINATIONS = 10_000
_NUMBER = r"([+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?)"
_RANGE = re.compile(rf"\s*{_NUMBER}\.\.{_NUMBER}(?:\.\.{_NUMBER})?\s*")


def parse_values(text: str, parameter: Parameter | None = None) -> tuple[Any, ...]:
    """Read the values of one axis.

    `3,5,7` is a list. `1..4` is 1, 2, 3, 4; `0..1..0.25` and `8..2..-2` have a step and include
    their end when a step hits it. A value with commas stands in quotes, as in CSV:
    `"a red circle, large",a blue square`. Where a text is taken nothing is a range.

    Args:
        text: The list.
        parameter: What the values are for, which decides how each is read; None when not known.

    Returns:
        At least one value, and at most `MAX_COMBINATIONS`.

    Raises:
        ValidationError: `sweep.bad_list`, `sweep.bad_range`, `sweep.no_values`, `sweep.too_many`.
    """
    values: list[Any] = []
    for field in _fields(text):
        if takes_text(parameter):
            values.append(field)
        elif ".." in field:
            values.extend(_range(field))
        elif not field.strip():
            raise _refuse(
                "sweep.no_values",
                f"The list {text[:80]!r} has an empty item.",
                expected="a value between every two commas",
                got=text[:80],
                hint="Remove the comma, or add the value.",
            )
        else:
            values.append(typed(field, parameter))
        if len(values) > MAX_COMBINATIONS:
            raise ValidationError("The values do not fit:", [too_many(str(len(values)))])
    return tuple(values)


def too_many(got: str) -> Problem:
    """The finding that a sweep would be too long."""
    return Problem(
        "sweep.too_many",
        f"The sweep has too many combinations: {got}, allowed are {MAX_COMBINATIONS}.",
        expected=f"at most {MAX_COMBINATIONS}",
        got=got,
        hint="Use fewer values, or a larger step.",
    )


def _fields(text: str) -> list[str]:
    """The places of a comma list, quotes taken off."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise _bad_list(text, str(error)) from error
    if len(rows) > 1:
        raise _bad_list(text, "a line break outside quotes")
    return rows[0] if rows and rows[0] else [""]


def _range(field: str) -> list[int] | list[float]:
    """The numbers of `first..last` or `first..last..step`, end included."""
    match = _RANGE.fullmatch(field)
    if match is None:
        raise _bad_range(field, "it has parts that are not numbers")
    words = [word for word in match.groups() if word is not None]
    whole = all(word.lstrip("+-").isdecimal() for word in words)
    if not whole and len(words) == 2:
        raise _bad_range(field, "a range of fractions needs a step")
    # Decimal, because 0.1 has no binary fraction: the third value of 0..1..0.1 is to be 0.2.
    first, last, *rest = (Decimal(word) for word in words)
    step = rest[0] if rest else Decimal(1)
    if step == 0 or (last != first and (last > first) != (step > 0)):
        raise _bad_range(field, "its step does not reach the last number from the first")
    try:
        with decimal.localcontext(prec=100):
            count = int((last - first) // step) + 1
            if count > MAX_COMBINATIONS:
                raise ValidationError("The values do not fit:", [too_many(str(count))])
            numbers = [first + step * i for i in range(count)]
    except decimal.DecimalException as error:
        raise ValidationError(
            "The values do not fit:", [too_many(f"those of {field.strip()[:80]}")]
        ) from error
    return [int(n) for n in numbers] if whole else [float(n) for n in numbers]


def _bad_range(field: str, reason: str) -> ValidationError:
    return _refuse(
        "sweep.bad_range",
        f'The range "{field.strip()[:80]}" cannot be used: {reason}.',
        expected="FIRST..LAST of whole numbers, or FIRST..LAST..STEP",
        got=field.strip()[:80],
        hint="Write 1..4, 0..1..0.25 or 8..2..-2.",
    )


def _bad_list(text: str, reason: str) -> ValidationError:
    return _refuse(
        "sweep.bad_list",
        f"The list {text[:80]!r} cannot be read: {reason}.",
        expected="values with commas between them",
        got=text[:80],
        hint='Put a value that has commas, quotes or line breaks into "...", as in CSV.',
    )


def _refuse(code: str, message: str, *, expected: str, got: str, hint: str) -> ValidationError:
    problem = Problem(code, message, expected=expected, got=got, hint=hint)
    return ValidationError("The values do not fit:", [problem])
