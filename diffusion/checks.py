"""Checks of numbers that many functions share."""

from __future__ import annotations

import math

from .errors import ParameterError


def check_window(start: float, end: float) -> None:
    """Refuse a part of the schedule that is none."""
    if not 0.0 <= start <= end <= 1.0:
        raise ParameterError(
            "window.bad_range",
            "start and end are out of range or out of order.",
            expected="0 <= start <= end <= 1",
            got=f"start {start}, end {end}",
        )


def check_factor(name: str, value: float) -> None:
    """Refuse factors that are not finite."""
    if not math.isfinite(value):
        raise ParameterError(
            "factor.not_finite",
            f"{name} is not a finite number.",
            expected="a finite number",
            got=str(value),
        )


def check_item(start: int, count: int) -> None:
    """Refuse the number of an item that is not there."""
    if not 0 <= start < count:
        raise ParameterError(
            "batch.no_such_item",
            f"The batch has {count} items and none with this index.",
            expected=f"0 to {count - 1}",
            got=str(start),
        )
