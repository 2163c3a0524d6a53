"""A node in a new file under `nodes/` is a node; a broken file is named and stops no other node."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import weft
from tests.server.outer import serving
from weft.cli.main import main
from weft.engine.declaration.packs import Pack, add_packs
from weft.engine.declaration.registry import specs_in
from weft.engine.errors import ValidationError
from weft.nodes import basics
from weft.nodes.standard.registry import standard_registry

NODE = '''
import weft

@weft.node("{name}", category="t", aliases=[{aliases}])
def f(x: int = 1) -> int:
    """Give a number.

    Args:
        x: It.
    """
    return x
'''


def source(name: str, aliases: str = "") -> str:
    return NODE.format(name=name, aliases=aliases)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files count as files of nodes/basics; forgotten after the test."""
    folder = tmp_path / "basics"
    folder.mkdir()
    monkeypatch.setattr(basics, "__path__", [*basics.__path__, str(folder)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith("weft.nodes.basics.new"):
            del sys.modules[name]
            parent, _, child = name.rpartition(".")
            if parent == basics.__name__:
                delattr(basics, child)


def test_own_modules_have_no_faults() -> None:
    assert standard_registry(packs=False).faults == []


def test_node_in_a_new_file_is_found(room: Path) -> None:
    (room / "new_node.py").write_text(source("Fresh"))
    below = room / "new_room"
    below.mkdir()
    (below / "__init__.py").write_text("")
    (below / "helper.py").write_text("from ..new_node import f\n")
    (below / "deep.py").write_text(source("Deep", '"Deeper"'))
    registry = standard_registry(packs=False)
    assert registry.faults == []
    fresh, deep = registry["Fresh"], registry.find("Deeper")
    assert fresh.function.__module__ == "weft.nodes.basics.new_node"
    assert deep is registry["Deep"]


@pytest.mark.parametrize(
    ("text", "reason", "types"),
    [
        (source("Lost", '"L"') + "\nimport no_such_library\n", "No module named", {"Lost", "L"}),
        (source("Lost") + "\nraise SystemExit(3)\n", "SystemExit: 3", {"Lost"}),
        (source("Lost").replace("x: It.", "y: It."), "docstring", {"Lost"}),
        ("def (:\n@weft.node('Lost')", "SyntaxError", set()),
    ],
)
def test_broken_file_is_named_and_every_other_node_is_there(
    text: str, reason: str, types: set[str], room: Path
) -> None:
    whole = set(standard_registry(packs=False))
    (room / "new_a.py").write_text(text)
    (room / "new_b.py").write_text(source("Fresh"))
    registry = standard_registry(packs=False)
    assert set(registry) == whole | {"Fresh"}
    (fault,) = registry.faults
    assert fault.text.startswith("The module weft.nodes.basics.new_a of weft could not be loaded: ")
    assert reason in fault.text
    assert fault.types == types


def test_broken_folder_names_the_nodes_of_all_its_files(room: Path) -> None:
    below = room / "new_room"
    below.mkdir()
    (below / "__init__.py").write_text("import no_such_library\n")
    (below / "one.py").write_text(source("One"))
    (below / "two.py").write_text(source("Two"))
    (fault,) = standard_registry(packs=False).faults
    assert "weft.nodes.basics.new_room" in fault.text
    assert fault.types == {"One", "Two"}


@pytest.mark.parametrize("aliases", ["", '"KSampler"'])
def test_name_that_two_files_claim_belongs_to_neither(aliases: str, room: Path) -> None:
    (room / "new_a.py").write_text(source("Fresh" if aliases else "KSampler", aliases))
    registry = standard_registry(packs=False)
    assert registry.find("KSampler") is None
    (fault,) = registry.faults
    assert "More than one node of weft claims the name KSampler: " in fault.text
    assert "new_a.py:" in fault.text
    assert "ksampler.py:" in fault.text
    assert fault.types >= {"KSampler"}


def test_pack_cannot_take_the_name_of_a_node_of_a_broken_file(room: Path) -> None:
    (room / "new_a.py").write_text(source("Lost") + "\nimport no_such_library\n")
    registry = standard_registry(packs=False)
    module = ModuleType("pack_b")
    exec(compile(source("Lost"), "pack_b.py", "exec"), vars(module))
    add_packs(registry, [Pack("pack_b", list(specs_in(module)))])
    assert registry.find("Lost") is None
    assert [fault.packs for fault in registry.faults] == [("weft",), ("pack_b",)]


def test_command_line_and_engine_name_a_broken_file(
    room: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (room / "new_a.py").write_text(source("Lost") + "\nimport no_such_library\n")
    document = tmp_path / "w.json"
    document.write_text(json.dumps({"weft": 1, "nodes": {"a": {"type": "Lost"}}}))
    assert main(["nodes"]) == 0
    assert "warning: The module weft.nodes.basics.new_a of weft could" in capsys.readouterr().err
    assert main(["validate", str(document)]) == 2
    printed = capsys.readouterr()
    assert 'type "Lost", which is not loaded. The module weft.nodes.basics.new_a' in (
        printed.out + printed.err
    )
    with (
        weft.Engine(output=tmp_path / "out") as engine,
        pytest.raises(ValidationError, match="No module named 'no_such_library'"),
    ):
        engine.run(weft.load(document))


async def test_server_names_a_broken_file(room: Path, tmp_path: Path) -> None:
    (room / "new_a.py").write_text(source("Lost") + "\nimport no_such_library\n")
    async with serving(tmp_path) as client:
        (fault,) = (await (await client.get("/v1/packs")).json())["faults"]
        assert fault["packs"] == ["weft"]
        assert fault["types"] == ["Lost"]
        lost = await client.get("/v1/nodes/Lost")
        assert (lost.status, (await lost.json())["error"]["code"]) == (404, "nodes.pack_failed")


def test_schemas_of_all_nodes_load_without_torch() -> None:
    script = (
        "import sys\n"
        "from weft.engine.declaration.schema import node_schema\n"
        "from weft.nodes.standard.registry import standard_registry\n"
        "schemas = [node_schema(s) for s in standard_registry(packs=False).values()]\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'cv2', 'PIL'} & set(sys.modules)\n"
        "sys.exit(f'{heavy} {len(schemas)}' if heavy or len(schemas) < 200 else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
