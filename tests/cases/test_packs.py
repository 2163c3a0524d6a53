"""A pack that cannot be loaded stops nothing but its own nodes, and is named everywhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import weft
from tests.cases.places import case
from tests.server.outer import serving
from weft.cli.main import main
from weft.engine.errors import DeclarationError, ValidationError
from weft.nodes.standard.registry import standard_registry

NODE = '''
import weft

@weft.node("{name}", category="t")
def f(x: int = 1) -> int:
    """Give a number.

    Args:
        x: It.
    """
    return x
'''
BROKEN = NODE.format(name="Lost") + "\nimport no_such_library\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages, forgotten after the test."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if name.startswith(("pack_", "tinypack")):
            del sys.modules[name]


def install(site: Path, name: str, source: str) -> None:
    (site / f"{name}.py").write_text(source)
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[weft.nodes]\n{name} = {name}\n")


@pytest.fixture
def document(tmp_path: Path) -> str:
    path = tmp_path / "w.json"
    path.write_text(json.dumps({"weft": 1, "nodes": {"a": {"type": "Lost"}}}))
    return str(path)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (BROKEN, "ModuleNotFoundError: No module named 'no_such_library'"),
        (NODE.format(name="Lost") + "\nraise SystemExit(3)\n", "SystemExit: 3"),
        (NODE.format(name="Lost") + NODE.format(name="Lost").replace("def f", "def g"),
         "Two nodes claim the name Lost"),
        ("def (:\n@weft.node('Lost')", "SyntaxError"),
        (NODE.format(name="Lost").replace("x: It.", "y: It."), "docstring"),
    ],
)  # fmt: skip
def test_broken_pack_is_skipped_and_named(site: Path, source: str, reason: str) -> None:
    install(site, "pack_good", NODE.format(name="Good"))
    install(site, "pack_lost", source)
    registry = standard_registry()
    assert registry.find("Good") is not None
    assert registry.find("Lost") is None
    (fault,) = [fault for fault in registry.faults if "pack_lost" in fault.packs]
    assert fault.text.startswith("The pack pack_lost could not be loaded: ")
    assert reason in fault.text
    if "def (" not in source:
        assert fault.types == {"Lost"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nodes"], 0), (["validate", "{}"], 2), (["diff", "{}", "{}"], 0), (["convert", "{}"], 0),
        (["run", "{}"], 2), (["cache", "explain", "{}"], 2), (["share", "check", "{}"], 2),
        (["nodes", "Lost"], 2),
    ],
)  # fmt: skip
def test_no_command_is_stopped_by_a_broken_pack_and_each_names_it(
    arguments: list[str], code: int, site: Path, document: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(site, "pack_lost", BROKEN)
    done = main([argument.format(document) for argument in arguments])
    printed = capsys.readouterr()
    assert done == code, printed
    assert "warning: The pack pack_lost could not be loaded: ModuleNotFound" in printed.err
    if code == 2:
        assert "is not loaded" in printed.out + printed.err


def test_node_of_a_broken_pack_says_why_it_is_not_there(site: Path, document: str) -> None:
    install(site, "pack_lost", BROKEN)
    with (
        weft.Engine(output=site / "out") as engine,
        pytest.raises(ValidationError, match="No module named 'no_such_library'") as caught,
    ):
        engine.run(weft.load(document))
    assert [problem.code for problem in caught.value.problems] == ["graph.pack_failed"]


async def test_server_starts_with_a_broken_pack_and_tells_of_it(site: Path, tmp_path: Path) -> None:
    install(site, "pack_lost", BROKEN)
    install(site, "pack_one", NODE.format(name="Both"))
    fine = NODE.format(name="Fine").replace("def f", "def g")
    install(site, "pack_two", NODE.format(name="Both") + fine)
    async with serving(tmp_path, packs=True) as client:
        told = await (await client.get("/v1/packs")).json()
        faults = [f for f in told["faults"] if f["packs"][0].startswith("pack_")]
        assert [(f["packs"], f["types"]) for f in faults] == [
            (["pack_lost"], ["Lost"]),
            (["pack_one", "pack_two"], ["Both"]),
        ]
        assert (await client.get("/v1/nodes/Fine")).status == 200
        lost = await client.get("/v1/nodes/Lost")
        assert (lost.status, (await lost.json())["error"]["code"]) == (404, "nodes.pack_failed")
        workflow = {"weft": 1, "nodes": {"a": {"type": "Lost"}}}
        found = await (await client.post("/v1/validate", json={"workflow": workflow})).json()
        assert [p["code"] for p in found["problems"]] == ["graph.pack_failed"]
        assert "no_such_library" in found["problems"][0]["message"]
        prompt = {"prompt": {"1": {"class_type": "Lost", "inputs": {}}}}
        refused = await (await client.post("/prompt", json=prompt)).json()
        assert "no_such_library" in refused["error"]["message"]


@pytest.fixture
def tinypack(site: Path) -> None:
    shutil.copytree(case("files/tinypack-v1"), site / "tinypack")


async def test_module_of_v1_classes_is_said_not_to_be_read(
    site: Path, tmp_path: Path, tinypack: None
) -> None:
    async with serving(tmp_path, node_modules=("tinypack",)) as client:
        (fault,) = (await (await client.get("/v1/packs")).json())["faults"]
        assert fault["text"] == (
            "The pack tinypack declares ComfyUI's V1 classes (NODE_CLASS_MAPPINGS), which weft "
            "does not support."
        )
        assert fault["types"] == ["TwiceV1"]
        workflow = {"weft": 1, "nodes": {"a": {"type": "TwiceV1"}}}
        found = await (await client.post("/v1/validate", json={"workflow": workflow})).json()
        assert "V1 classes" in found["problems"][0]["message"]


def test_module_that_is_not_there_is_refused(site: Path) -> None:
    with pytest.raises(DeclarationError, match="There is no Python module pack_misspelt") as caught:
        standard_registry(modules=["pack_misspelt"])
    assert caught.value.code == "node.no_module"


async def test_choices_of_an_image_are_images(tmp_path: Path) -> None:
    """The folder of sample photos has a README.txt and data of other kinds."""
    async with serving(tmp_path) as client:
        (tmp_path / "input" / "Z.JPG").write_bytes(b"x")
        (tmp_path / "input" / "a.latent").write_bytes(b"x")

        async def choices(name: str, parameter: str) -> Any:
            told = await (await client.get(f"/object_info/{name}")).json()
            return told[name]["input"]["required"][parameter][0]

        for name in ("LoadImage", "LoadImageMask"):
            offered = await choices(name, "image")
            assert {"Z.JPG", "astronaut.png"} <= set(offered)
            assert not [n for n in offered if n.endswith((".txt", ".xml", ".npz", ".latent"))]
        assert await choices("LoadLatent", "latent") == ["a.latent"]
        schema = await (await client.get("/v1/nodes/LoadImage")).json()
        assert ".png" in schema["inputs"]["file"]["suffixes"]
