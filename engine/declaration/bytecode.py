"""What decides the results of a function that is in no file: its bytecode, and what it reaches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from ..store.values import Values, seal

_PLAIN = Values()
SourceDigest = Callable[[ModuleType], "bytes | None"]


def bytecode_of(function: Callable[..., Any], source: SourceDigest) -> bytes:
    """The bytecode of a function, and of the functions of the same namespace that it reaches.

    Constants count, plain globals and closures with their values now, imported modules of the
    user with their source. It differs between versions of Python.

    Args:
        function: A function, a wrapper of one, or anything that can be called.
        source: Digest of a module's source; None where it does not count.
    """
    return b"".join(_Reader(source).function(function))


def closure_of(function: Callable[..., Any], source: SourceDigest) -> bytes:
    """The values that a function got from the one that made it."""
    return b"".join(_Reader(source).closure(function))


class _Reader:
    """Collects the parts; what was seen is not entered again."""

    def __init__(self, source: SourceDigest) -> None:
        self._source = source
        self._seen: set[int] = set()

    def function(self, function: Any) -> Iterator[bytes]:
        """Parts of a function, and of the one that it wraps."""
        if id(function) in self._seen:
            return
        self._seen.add(id(function))
        inner = getattr(function, "__wrapped__", None)
        if inner is not None:
            yield from self.function(inner)
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType):
            yield seal(_name_of(function))
            return
        yield from _parts(code)
        yield from self.closure(function)
        space = function.__globals__
        for name in sorted(set(_names(code))):
            if name in space:
                yield seal(name.encode())
                yield from self.value(space[name], space)

    def closure(self, function: Any) -> Iterator[bytes]:
        """Parts of what a function holds of the one that made it."""
        space = getattr(function, "__globals__", {})
        defaults = (
            getattr(function, "__defaults__", None),
            getattr(function, "__kwdefaults__", None),
        )
        yield from self.value(defaults, space)
        for cell in getattr(function, "__closure__", None) or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not set yet
                continue
            yield from self.value(value, space)

    def value(self, value: Any, space: dict[str, Any]) -> Iterator[bytes]:
        """Parts of a value that a function reaches."""
        try:
            digest = _PLAIN.digest(value)
        except RecursionError:  # a list that contains itself
            digest = None
        if digest is not None:
            yield digest
        elif isinstance(value, ModuleType):
            yield from self.module(value)
        elif isinstance(value, FunctionType) and value.__globals__ is space:
            yield from self.function(value)
        elif isinstance(value, type) and value.__module__ == space.get("__name__"):
            yield from self.members(value, space)
        else:
            kind = value if isinstance(value, type | FunctionType) else type(value)
            yield seal(_name_of(value))
            module = sys.modules.get(getattr(kind, "__module__", None) or "")
            if module is not None:
                yield from self.module(module)

    def members(self, cls: type, space: dict[str, Any]) -> Iterator[bytes]:
        """Parts of a class of the same namespace."""
        if id(cls) in self._seen:
            return
        self._seen.add(id(cls))
        for base in cls.__bases__:
            yield from self.value(base, space)
        for name, member in sorted(vars(cls).items()):
            yield seal(name.encode())
            inner = getattr(member, "__func__", getattr(member, "fget", member))
            yield from self.value(inner, space)

    def module(self, module: ModuleType) -> Iterator[bytes]:
        """A module by its name, and by its source if that is the user's."""
        yield seal(module.__name__.encode())
        if id(module) not in self._seen and _is_of_user(module):
            self._seen.add(id(module))
            yield self._source(module) or b""


def _parts(code: CodeType) -> Iterator[bytes]:
    yield seal(code.co_code)
    names = (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    yield seal("\n".join(names).encode("utf-8", "surrogatepass"))
    yield seal(code.co_exceptiontable)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            yield seal(_shown(constant).encode("utf-8", "surrogatepass"))


def _shown(constant: Any) -> str:
    """A constant as text, the same in every process."""
    if isinstance(constant, frozenset):
        return f"frozenset{sorted(map(_shown, constant))}"
    if isinstance(constant, tuple):
        return f"tuple{[_shown(each) for each in constant]}"
    return f"{type(constant).__name__} {constant!r}"


def _names(code: CodeType) -> Iterator[str]:
    """Names that a function and those in it look up."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _name_of(value: Any) -> bytes:
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', None)}.{named.__qualname__}".encode()


def _is_of_user(module: ModuleType) -> bool:
    """Whether a module belongs neither to Python, nor to weft, nor to an installed package."""
    name = module.__name__.partition(".")[0]
    if name in sys.stdlib_module_names or name in (__name__.partition(".")[0], "__main__"):
        return False
    file = getattr(module, "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file
