"""Which source decides the results of a node, so that editing it makes them new.

weft's own nodes are known by their version. Of every other node the source counts:

- in a package: every `.py` file of that package, the one with an `__init__.py` that is furthest up;
- in a module of its own (a script, a file given with `--nodes`): its file, and the modules and
  packages beside it that it imports, theirs included;
- without a file (a notebook, a prompt, `exec`): its bytecode and that of what it calls, with
  constants and plain globals (`bytecode.py`), looked at anew for every plan.

Not covered: other packages, data files, compiled extensions, and modules that a pack imports inside
of a function after they were edited in a running process. There a node's version has to be raised,
or the process begun anew.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from blake3 import blake3

from .bytecode import bytecode_of, closure_of

_OWN = __name__.partition(".")[0]

# What was loaded when: a digest is that of the source that runs, so it is not taken anew when a
# file was edited and not loaded again.
_loaded: dict[str, ModuleSpec | None] = {}
_known: dict[str, tuple[ModuleSpec | None, bytes | None]] = {}


class LiveCode:
    """The digest of code that has no file, as it is at the time of asking.

    Args:
        function: The node's function.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self) -> bytes:
        """The digest."""
        return blake3(bytecode_of(self._function, source_digest)).digest()


def code_of(function: Callable[..., Any]) -> Callable[[], bytes] | None:
    """A function that gives the digest of the code that decides a node's results.

    Args:
        function: The node's function.

    Returns:
        None for weft's own nodes.
    """
    if (getattr(function, "__module__", None) or "").partition(".")[0] == _OWN:
        return None
    module = sys.modules.get(function.__module__)
    found = source_digest(module) if module is not None and _is_in(function, module) else None
    if found is None:
        return LiveCode(function)
    # A function made by another one has values that stand in no file.
    digest = blake3(found + closure_of(inspect.unwrap(function), source_digest)).digest()
    return lambda: digest


def source_digest(module: ModuleType) -> bytes | None:
    """Digest of the source files that a module belongs to, as they are now; None if it has none.

    A package is read once for all of its modules, and again when one of them is loaded again.
    """
    package = _package_of(module)
    root = package if package is not None else module
    spec, whole = module.__spec__, root.__spec__
    again = _loaded.get(module.__name__, spec) is not spec
    known = _known.get(root.__name__)
    if known is not None and whole is not None and known[0] is whole and not again:
        _loaded[module.__name__] = spec
        return known[1]
    digest = _digest(_package_files(package) if package is not None else _module_files(module))
    _loaded[module.__name__] = spec
    _known[root.__name__] = (whole, digest)
    return digest


def _digest(files: dict[str, Path]) -> bytes | None:
    if not files:
        return None
    hasher = blake3()
    for name, file in sorted(files.items()):
        try:
            content = file.read_bytes()
        except OSError:
            continue
        hasher.update(f"{len(name)}:{name}:{len(content)}:".encode())
        hasher.update(content)
    return hasher.digest()


def _is_in(function: Callable[..., Any], module: ModuleType) -> bool:
    """Whether a function's code came from the file of a module, and not from `exec` within it."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is None or not code.co_filename.startswith("<") or _file_of(module) is None


def _package_files(package: ModuleType) -> dict[str, Path]:
    """Files of a package by names that are the same on every machine."""
    return {
        f"{package.__name__}/{file.relative_to(folder).as_posix()}": file
        for folder in map(Path, package.__path__)
        for file in folder.rglob("*.py")
        if file.is_file()
    }


def _module_files(module: ModuleType) -> dict[str, Path]:
    """The file of a module that is in no package, and those beside it that it imports."""
    file = _file_of(module)
    if file is None:
        return {}
    found: dict[str, Path] = {}
    waiting = [file]
    while waiting:
        file = waiting.pop()
        name = file.relative_to(file.parent).as_posix()
        if name not in found:
            found[name] = file
            waiting += _beside(file, found)
    return found


def _package_of(module: ModuleType) -> ModuleType | None:
    """The package furthest up that a module is in and that has an `__init__.py`."""
    name = module.__name__
    if name == "__main__" and getattr(module, "__spec__", None) is not None:
        name = module.__spec__.name  # type: ignore[union-attr]
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        package = sys.modules.get(".".join(parts[:end]))
        if package is not None and hasattr(package, "__path__") and _file_of(package) is not None:
            return package
    return None


def _file_of(module: ModuleType) -> Path | None:
    """The source file of a module, if it has one."""
    name = getattr(module, "__file__", None)
    if not isinstance(name, str) or not name.endswith(".py"):
        return None
    path = Path(name)
    return path.resolve() if path.is_file() else None


def _beside(file: Path, found: dict[str, Path]) -> list[Path]:
    """Modules beside a file that it imports; the files of packages there are put into `found`."""
    if file.parent in _shared_folders():
        return []
    modules = []
    for name in _imports(file):
        one, folder = file.with_name(f"{name}.py"), file.with_name(name)
        if (folder / "__init__.py").is_file():
            for inner in folder.rglob("*.py"):
                found[inner.relative_to(file.parent).as_posix()] = inner
        elif one.is_file():
            modules.append(one)
    return modules


def _imports(file: Path) -> Iterator[str]:
    """First parts of the names of the modules that a file imports, anywhere in it."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    for each in ast.walk(tree):
        if isinstance(each, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in each.names)
        elif isinstance(each, ast.ImportFrom) and each.module:
            yield each.module.partition(".")[0]


@functools.cache
def _shared_folders() -> frozenset[Path]:
    """Folders in which the modules of many packages lie side by side."""
    return frozenset(Path(path).resolve() for path in sysconfig.get_paths().values())
