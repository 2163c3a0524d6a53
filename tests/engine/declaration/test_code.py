"""The source that decides a node's results counts in its key, and no other source does."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from weft.engine.declaration.code import LiveCode, code_of
from weft.engine.declaration.registry import Registry

NODE = '''
from weft.engine.declaration.node import node
{head}

@node("Times", category="t")
def times(x: int = 1) -> int:
    """Multiply.

    Args:
        x: A number.
    """
    return {body}
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that modules are imported from, forgotten after the test."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def loaded(name: str) -> bytes:
    """The digest of the code of a module that is imported as in a new process."""
    top = name.partition(".")[0]
    for known in [n for n in sys.modules if n.partition(".")[0] in (top, "beside", "deeper")]:
        del sys.modules[known]
    importlib.invalidate_caches()
    spec = importlib.import_module(name).times.__weft_node__
    assert spec.code is not None
    digest: bytes = spec.code()
    return digest


def body(text: str, head: str = "") -> str:
    return NODE.format(body=text, head=head)


def test_node_of_weft_is_known_by_its_version_alone() -> None:
    from weft.nodes.basics import flow

    specs = list(Registry([flow]).values())
    assert specs
    assert all(spec.code is None for spec in specs)


def test_node_edited_in_its_module_has_another_digest_and_the_old_one_again(folder: Path) -> None:
    write(folder, {"alone.py": body("x * 10")})
    first = loaded("alone")
    assert loaded("alone") == first
    write(folder, {"alone.py": body("x * 200")})
    assert loaded("alone") != first
    write(folder, {"alone.py": body("x * 10")})
    assert loaded("alone") == first


@pytest.mark.parametrize("head", ["import beside", "from beside import f"])
@pytest.mark.parametrize(
    "place", ["beside.py", "beside/__init__.py", "beside/part.py", "deeper.py"]
)
def test_module_beside_a_node_counts_when_it_is_imported(
    folder: Path, head: str, place: str
) -> None:
    """Also a module that only an imported one imports."""
    files = {"alone.py": body("x", head)}
    if place in {"beside.py", "deeper.py"}:
        files |= {"beside.py": "import deeper\nf = 1", "deeper.py": "g = 1"}
    else:
        files |= {"beside/__init__.py": "f = 1", "beside/part.py": "h = 1"}
    write(folder, files)
    first = loaded("alone")
    write(folder, {"unused.py": "g = 2"})
    assert loaded("alone") == first
    write(folder, {place: "f = g = 2  # another"})
    assert loaded("alone") != first


def test_import_inside_of_a_function_counts(folder: Path) -> None:
    write(folder, {"alone.py": body("__import__('math').floor(x)", "def g():\n    import beside")})
    write(folder, {"beside.py": "f = 1"})
    first = loaded("alone")
    write(folder, {"beside.py": "f = 2"})
    assert loaded("alone") != first


def test_every_module_of_a_package_counts(folder: Path) -> None:
    write(
        folder, {"pack/__init__.py": "", "pack/nodes.py": body("x"), "pack/deep/help.py": "f = 1"}
    )
    first = loaded("pack.nodes")
    write(folder, {"pack/deep/help.py": "f = 2"})
    second = loaded("pack.nodes")
    assert first != second
    write(folder, {"pack/data.json": "{}", "other.py": "f = 3"})
    assert loaded("pack.nodes") == second


def test_package_edited_and_not_loaded_again_keeps_the_digest_of_what_runs(folder: Path) -> None:
    write(folder, {"pack/__init__.py": "", "pack/nodes.py": body("x"), "pack/more.py": body("x")})
    first = loaded("pack.nodes")
    write(folder, {"pack/nodes.py": body("x + 1")})
    more: Any = importlib.import_module("pack.more")
    assert more.times.__weft_node__.code() == first
    nodes: Any = importlib.reload(sys.modules["pack.nodes"])
    assert nodes.times.__weft_node__.code() != first


def test_file_given_by_its_path_is_known_by_its_source(folder: Path) -> None:
    def read(text: str) -> bytes:
        write(folder, {"mine.py": text})
        spec = importlib.util.spec_from_file_location("mine", folder / "mine.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["mine"] = module
        spec.loader.exec_module(module)
        digest: bytes = module.times.__weft_node__.code()
        return digest

    assert read(body("x")) == read(body("x")) != read(body("x + 1"))


def made(text: str, **space: Any) -> Any:
    """A node out of a text, as a notebook has it."""
    module = types.ModuleType("made_up")
    sys.modules["made_up"] = module
    vars(module).update(space)
    exec(text, vars(module))
    return module


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (body("x * 10"), body("x * 200")),
        (body("x + 1"), body("x - 1")),
        (body("F * x", "F = 1"), body("F * x", "F = 2")),
        (body("f(x)", "def f(x): return x + 1"), body("f(x)", "def f(x): return x + 2")),
        (body("C().f(x)", "class C:\n    def f(self, x): return x + 1"),
         body("C().f(x)", "class C:\n    def f(self, x): return x + 2")),
        (body("x if x in {1, 2} else 0"), body("x if x in {1, 3} else 0")),
        (body("sum(i * 2 for i in [x])"), body("sum(i * 3 for i in [x])")),
        (body("(1 if x == 1 else 0)"), body("(True if x == 1 else 0)")),
    ],
)  # fmt: skip
def test_node_without_a_file_is_known_by_its_bytecode_and_what_it_reaches(
    one: str, other: str
) -> None:
    a, b, c = (code_of(made(text).times) for text in (one, one, other))
    assert isinstance(a, LiveCode)
    assert isinstance(b, LiveCode)
    assert isinstance(c, LiveCode)
    assert a() == b() != c()


def test_function_that_a_node_without_a_file_calls_counts_as_it_is_now() -> None:
    """A cell of a notebook that defines a helper anew is not the cell of the node."""
    module = made(body("f(x)", "def f(x): return x + 1"))
    code = code_of(module.times)
    assert code is not None
    first = code()
    assert code() == first
    exec("def f(x): return x + 2", vars(module))
    assert code() != first


def test_values_that_make_a_function_count() -> None:
    def maker(factor: int) -> Any:
        def f(x: int) -> int:
            return factor * x

        return f

    one, same, other = (code_of(maker(n)) for n in (1, 1, 2))
    assert one is not None
    assert same is not None
    assert other is not None
    assert one() == same() != other()


def test_value_that_contains_itself_does_not_stop_a_declaration() -> None:
    endless: list[Any] = []
    endless.append(endless)
    code = code_of(made(body("x if E else 0"), E=endless).times)
    assert code is not None
    assert code() == code()
