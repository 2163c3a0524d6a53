"""Values against annotations, and what values are made of: tools of the contract test."""

from __future__ import annotations

import dataclasses
import enum
import types as python_types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Union

from ..declaration.lazy import Lazy
from ..declaration.sockets import socket_type, value_problem

Types = Mapping[str, Callable[[Any], str | None]]


def misfit(
    function: Callable[..., Any], name: str, value: Any, types: Types, *, field: str | None = None
) -> str | None:
    """Why a value is not what a function's annotation says; None when it is.

    Args:
        function: A node.
        name: A parameter, or `return`.
        value: What is given for it, or returned.
        types: Checks by socket name, for classes that only stand for a type of value.
        field: Which output, where several are returned.
    """
    hint = typing.get_type_hints(function)[name]
    if field is not None and isinstance(hint, type) and hasattr(hint, "_fields"):
        hint = typing.get_type_hints(hint)[field]
    return _misfit(hint, value, types)


def _misfit(hint: Any, value: Any, types: Types) -> str | None:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (Union, python_types.UnionType):
        reasons = [_misfit(member, value, types) for member in args]
        return None if None in reasons else "expected " + " or ".join(str(r) for r in reasons)
    if origin is Lazy:
        return None if isinstance(value, Lazy) else _misfit(args[0], value, types)
    if origin is list:
        if not isinstance(value, list):
            return f"expected a list, got {type(value).__name__}"
        return next((r for r in (_misfit(args[0], v, types) for v in value) if r), None)
    kind = socket_type(hint)
    check = types.get(kind.name)
    if check is not None:
        return check(value)
    if kind.is_plain:
        return value_problem(kind, value)
    if isinstance(value, hint):
        return None
    return f"expected {hint.__qualname__}, got {type(value).__name__}"


def parts(value: Any) -> Iterator[Any]:
    """Every object in a value whose end can be watched by a weak reference.

    Lists, tuples, dictionaries and dataclasses are looked into. What lives for ever by nature
    (members of an enumeration, classes, functions, modules) is left out.
    """
    if isinstance(value, list | tuple):
        for each in value:
            yield from parts(each)
        return
    if isinstance(value, dict):
        yield from parts(list(value.values()))
        return
    immortal = (enum.Enum, type, python_types.FunctionType, python_types.ModuleType)
    if isinstance(value, immortal):
        return
    if dataclasses.is_dataclass(value):
        for each in dataclasses.fields(value):
            yield from parts(getattr(value, each.name))
    # A class with slots has no room for weak references unless it says so.
    if type(value).__weakrefoffset__:
        yield value
