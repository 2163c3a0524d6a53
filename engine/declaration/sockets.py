"""The types of inputs and outputs, read from annotations and compared at link time.

A socket type is a name with arguments. Plain Python values have the field's usual names
(INT, FLOAT, STRING, BOOLEAN); a class names itself with `__socket__`, else by its own name.
"""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from typing import Any, Literal, Union

_SCALARS: dict[type, str] = {
    bool: "BOOLEAN",
    int: "INT",
    float: "FLOAT",
    str: "STRING",
}


@dataclass(frozen=True, slots=True)
class SocketType:
    """One type of value that travels along a link.

    Attributes:
        name: INT, FLOAT, STRING, BOOLEAN, COMBO, LIST, UNION, NONE, ANY, VAR (a type variable, its
            name in `choices`), or a class's socket name.
        args: Member types of a UNION, or the item type of a LIST.
        choices: Allowed values of a COMBO.
    """

    name: str
    args: tuple[SocketType, ...] = ()
    choices: tuple[Any, ...] = ()

    def __str__(self) -> str:
        if self.name == "VAR":
            return str(self.choices[0])
        if self.name == "UNION":
            return " | ".join(str(a) for a in self.args)
        if self.name == "LIST":
            return f"LIST[{self.args[0]}]"
        return self.name

    @property
    def is_plain(self) -> bool:
        """Whether a value of this type can be written in a document."""
        if self.name in ("UNION", "LIST"):
            return any(a.is_plain and a.name != "NONE" for a in self.args)
        return self.name in ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "NONE", "ANY", "VAR")


ANY = SocketType("ANY")
NONE = SocketType("NONE")
INT = SocketType("INT")
FLOAT = SocketType("FLOAT")
STRING = SocketType("STRING")
BOOLEAN = SocketType("BOOLEAN")


def socket_type(annotation: Any) -> SocketType:
    """Read a socket type from an annotation.

    Args:
        annotation: A class, `X | Y`, `X | None`, `list[X]`, `Literal[...]`, or `Any`.

    Raises:
        TypeError: The annotation is none of these.
    """
    if annotation is Any or annotation is object:
        return ANY
    if annotation is None or annotation is type(None):
        return NONE
    if isinstance(annotation, typing.TypeVar):
        return SocketType("VAR", choices=(annotation.__name__,))
    origin = typing.get_origin(annotation)
    args = typing.get_args(annotation)
    if origin is Literal:
        return SocketType("COMBO", choices=args)
    if origin in (Union, types.UnionType):
        return SocketType("UNION", tuple(socket_type(a) for a in args))
    if origin is list:
        return SocketType("LIST", (socket_type(args[0]),))
    if isinstance(annotation, type) and origin is None:
        if annotation in _SCALARS:
            return SocketType(_SCALARS[annotation])
        return SocketType(getattr(annotation, "__socket__", annotation.__name__))
    raise TypeError(f"{annotation!r} is no socket type")


def accepts(target: SocketType, source: SocketType) -> bool:
    """Whether every value of `source` may flow into `target`.

    INT flows into FLOAT (exactly representable or refused at run time), STRING into COMBO (checked
    against the choices when the value is known). Nothing else converts.
    """
    if target == source or ANY in (target, source) or "VAR" in (target.name, source.name):
        return True  # what a variable stands for is worked out where the node's links are known
    if source.name == "UNION":
        return all(accepts(target, member) for member in source.args)
    if target.name == "UNION":
        return any(accepts(member, source) for member in target.args)
    if target.name == "LIST" and source.name == "LIST":
        return accepts(target.args[0], source.args[0])
    if source.name == "COMBO":
        # Every choice must be allowed; a text input takes any choice of texts.
        if target.name == "COMBO":
            return set(source.choices) <= set(target.choices)
        return all(value_problem(target, choice) is None for choice in source.choices)
    return (target.name, source.name) in (("FLOAT", "INT"), ("COMBO", "STRING"))


def value_problem(target: SocketType, value: object) -> str | None:
    """Why a plain value is not of type `target`; None when it is.

    Exact on purpose: True is no number, "7" is no integer, 7.0 is no integer.
    """
    name = target.name
    if name == "UNION":
        reasons = [value_problem(member, value) for member in target.args]
        return None if None in reasons else f"expected {target}"
    if name == "LIST":
        if not isinstance(value, list | tuple):
            return f"expected a list of {target.args[0]}"
        return next((r for r in (value_problem(target.args[0], v) for v in value) if r), None)
    if name == "COMBO":
        if any(type(value) is type(c) and value == c for c in target.choices):
            return None
        return "expected one of " + shorten(target.choices)
    ok = {
        "ANY": True,
        "VAR": True,
        "NONE": value is None,
        "BOOLEAN": isinstance(value, bool),
        "INT": isinstance(value, int) and not isinstance(value, bool),
        "FLOAT": isinstance(value, int | float) and not isinstance(value, bool),
        "STRING": isinstance(value, str),
    }.get(name)
    if ok is None:
        return f"expected a link to an output of type {target}; it cannot be written in a file"
    return None if ok else f"expected {target}"


def shorten(options: tuple[Any, ...], limit: int = 8) -> str:
    """A list of options for a message: the first few, and how many more."""
    shown = ", ".join(repr(o) for o in options[:limit])
    return shown if len(options) <= limit else f"{shown}, ... ({len(options)} in all)"
