"""Check that the values a node returned have the declared types.

Otherwise the next node fails, and its author looks for a fault that is not there.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable
from typing import Any, Union

from .sockets import socket_type, value_problem

Check = Callable[[Any], str | None]


def output_check(annotation: Any) -> Check | None:
    """A function that gives the reason why a value has not the annotated type; None if unknown.

    Plain types are exact. Of a class its instances are expected; a class that only names a socket
    (`__socket__`) for values of other classes may say how to tell them by a static method
    `__misfit__(value)`, and takes everything if it does not.

    Args:
        annotation: As a node's return annotation, or a field of its NamedTuple.
    """
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Union, types.UnionType):
        return _any_of([output_check(member) for member in args])
    if origin is list:
        return _each(output_check(args[0]))
    if isinstance(annotation, typing.TypeVar) or annotation in (Any, object):
        return None
    kind = socket_type(annotation)
    if kind.is_plain:
        return lambda value: value_problem(kind, value)
    misfit: Check | None = getattr(annotation, "__misfit__", None)
    if misfit is not None:
        return misfit
    named_only = hasattr(annotation, "__socket__") and not dataclasses.is_dataclass(annotation)
    if named_only or not isinstance(annotation, type):
        return None
    return lambda value: None if isinstance(value, annotation) else f"expected {kind}"


def _any_of(checks: list[Check | None]) -> Check | None:
    known = [check for check in checks if check is not None]
    if len(known) < len(checks):
        return None

    def check(value: Any) -> str | None:
        reasons = [reason for each in known if (reason := each(value)) is not None]
        return None if len(reasons) < len(known) else " or ".join(dict.fromkeys(reasons))

    return check


def _each(item: Check | None) -> Check:
    def check(value: Any) -> str | None:
        if not isinstance(value, list | tuple):
            return "expected a list"
        if item is None:
            return None
        return next((f"item {n}: {r}" for n, v in enumerate(value) if (r := item(v))), None)

    return check
