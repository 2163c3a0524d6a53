"""A check says what is missing and what would happen, and nothing is chosen silently."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import pytest

from tests.engine import toy
from tests.engine.toy import Run, flow
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import ModelFile
from weft.engine.errors import FileError
from weft.engine.files.digest import FileDigests
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document
from weft.engine.share.check import Report, check
from weft.engine.share.lock import Lock, Runtime, make_lock
from weft.engine.share.names_here import renamed
from weft.engine.workflows.workflow import Workflow


@node("Open", category="toy", effects=["reads"])
def open_model(run: Run, *, model: Annotated[str, ModelFile("loras")]) -> str:
    """Read a model.

    Args:
        model: Its name.
    """
    return run.workspace.model("loras", model).read_text()


@node("Open", category="toy", effects=["reads"], version=2, migrate=lambda inputs, _: inputs)
def open_model_anew(run: Run, *, model: Annotated[str, ModelFile("loras")]) -> str:
    """Read a model, otherwise.

    Args:
        model: Its name.
    """
    return run.workspace.model("loras", model).read_text().upper()


REGISTRY = Registry([toy.REGISTRY, open_model])
THERE = Runtime(weft="1.0", numerics="cpu float32", packages={"torch": "2.13"})
SHA = FileDigests(None, "sha256").digest
WORKFLOW = flow(
    m=("Open", {"model": "style.safetensors"}),
    t=("ReadText", {"file": "a.txt"}),
    w=("WriteText", {"text": "@m.value"}),
    d=("Dice", {"seed": 7}),
)


class Place:
    """A machine: model and input files."""

    def __init__(self, folder: Path) -> None:
        self.models = folder / "models" / "loras"
        self.inputs = folder / "in"
        self.models.mkdir(parents=True)
        self.inputs.mkdir()
        self.workspace = Workspace(
            models=[folder / "models"], inputs=[self.inputs], output=folder / "out"
        )

    def lock(self, document: Document = WORKFLOW.document) -> Lock:
        return make_lock(
            document, REGISTRY, self.workspace, THERE, sha256=SHA,
            describe=lambda path: ("lora", "sd1"),
        )  # fmt: skip

    def check(self, lock: Lock, **more: Any) -> Report:
        options: dict[str, Any] = {"registry": REGISTRY, "runtime": THERE} | more
        document = options.pop("document", WORKFLOW.document)
        return check(document, lock, workspace=self.workspace, sha256=SHA, **options)


@pytest.fixture
def there(tmp_path: Path) -> Place:
    place = Place(tmp_path / "there")
    (place.models / "style.safetensors").write_text("weights")
    (place.inputs / "a.txt").write_text("words")
    return place


def states(report: Report) -> dict[str, str]:
    return {file.name: file.state for file in report.files}


def test_lock_knows_models_by_the_short_forms_of_model_sites(there: Place) -> None:
    data = bytes(range(256)) * 6000
    (there.models / "style.safetensors").write_bytes(data)
    lock = make_lock(
        WORKFLOW.document, REGISTRY, there.workspace, THERE, sha256=SHA,
        describe=lambda path: ("lora", "sd1"), autov3=lambda path: "0123456789ab",
    )  # fmt: skip
    (model,) = lock.models
    part = data[0x100000 : 0x100000 + 0x10000]  # as the web UI has it
    assert model.autov1 == hashlib.sha256(part).hexdigest()[:8]
    assert model.autov2 == model.sha256[:10]
    assert model.autov3 == "0123456789ab"
    with pytest.raises(ValueError, match="autov2"):
        Lock.model_validate(
            lock.model_dump() | {"models": [model.model_dump() | {"autov2": "0" * 10}]}
        )
    (there.models / "style.safetensors").write_text("short")
    assert there.lock().models[0].autov1 is None


def test_lock_names_everything_by_content(there: Place) -> None:
    lock = there.lock()
    (model,) = lock.models
    assert (model.folder, model.name, model.holds, model.family) == (
        "loras", "style.safetensors", "lora", "sd1",
    )  # fmt: skip
    assert model.sha256 == SHA(there.models / "style.safetensors")
    assert [i.name for i in lock.inputs] == ["a.txt"]
    assert lock.seeds == {"d.seed": 7}
    assert lock.effects == ["reads", "writes"]
    assert lock.nodes["Open"].version == 1
    assert Lock.model_validate_json(lock.model_dump_json()) == lock


def test_place_where_it_was_made_is_ready_and_differs_in_nothing(there: Place) -> None:
    report = there.check(there.lock())
    assert report.ready
    assert report.differs == ()
    assert states(report) == {"style.safetensors": "here", "a.txt": "here"}
    assert report.effects == ("reads", "writes")


def test_missing_model_and_input_are_named_with_what_is_near(there: Place, tmp_path: Path) -> None:
    here = Place(tmp_path / "here")
    (here.models / "old").mkdir()
    (here.models / "old" / "style.safetensors").write_text("something else")
    (here.models / "stile.safetensors").write_text("something else too")
    report = here.check(there.lock())
    assert not report.ready
    assert states(report) == {"style.safetensors": "missing", "a.txt": "missing"}
    model = report.files[0]
    assert model.candidates[0] == "old/style.safetensors"
    assert "stile.safetensors" in model.candidates
    assert report.renamed == {}  # a candidate is never used by itself


def test_missing_picture_is_offered_pictures_alone(there: Place) -> None:
    (there.inputs / "__pycache__").mkdir()
    for name in ("__pycache__/photo.pyc", "photo.py", "photo.txt", "photo.npz", "photos.jpg"):
        (there.inputs / name).write_text("x")
    workflow = flow(t=("ReadText", {"file": "photo.png"}), w=("WriteText", {"text": "@t.text"}))
    (file,) = there.check(None, document=workflow.document).files
    assert (file.state, file.candidates) == ("missing", ("photos.jpg",))
    with pytest.raises(FileError, match=r"1 files") as raised:
        there.workspace.input("photo.png")
    assert raised.value.problem.hint == 'Nearest name: "photos.jpg".'
    assert there.workspace.inputs_instead_of("b.txt") == ["a.txt", "photo.txt"]
    assert set(there.workspace.inputs_like("**/*")) == set(there.workspace.inputs_like("*"))


def test_missing_input_of_a_lock_is_named_with_what_is_near(there: Place, tmp_path: Path) -> None:
    here = Place(tmp_path / "here")
    (here.models / "style.safetensors").write_text("weights")
    (here.inputs / "aa.txt").write_text("words")
    (file,) = (f for f in here.check(there.lock()).files if f.what == "input")
    assert (file.state, file.candidates) == ("missing", ("aa.txt",))


def test_model_that_the_workflow_says_where_to_get_is_missing_with_its_address(
    tmp_path: Path,
) -> None:
    known = {"kind": "loras", "name": "style.safetensors", "url": "https://example.com/style"}
    others = [{**known, "kind": "vae"}, {"kind": 3}, "word"]
    document = WORKFLOW.document.model_copy(update={"requires": {"models": [known, *others]}})
    here = Place(tmp_path / "here")
    report = check(document, None, REGISTRY, here.workspace, THERE, sha256=SHA)
    sources = {f.name: f.sources for f in report.files}
    assert sources == {"style.safetensors": ("https://example.com/style",), "a.txt": ()}


def test_model_under_another_name_is_found_by_content(there: Place, tmp_path: Path) -> None:
    here = Place(tmp_path / "here")
    (here.models / "mine.safetensors").write_text("weights")
    (here.models / "same-size.safetensors").write_text("WEIGHTS")
    report = here.check(there.lock(), bundled=["a.txt"])
    assert report.ready
    assert states(report) == {"style.safetensors": "other name", "a.txt": "bundled"}
    document = renamed(WORKFLOW.document, REGISTRY, report.renamed)
    assert document.nodes["m"].inputs["model"] == "mine.safetensors"
    assert document.nodes["t"] == WORKFLOW.document.nodes["t"]


def test_other_content_under_the_same_name_is_not_taken(there: Place, tmp_path: Path) -> None:
    here = Place(tmp_path / "here")
    (here.models / "style.safetensors").write_text("other!!")
    (here.inputs / "a.txt").write_text("other words")
    report = here.check(there.lock())
    assert states(report) == {"style.safetensors": "other content", "a.txt": "other content"}
    assert not report.ready
    chosen = report.with_choices({("loras", "style.safetensors"): "style.safetensors"})
    assert "style.safetensors is replaced by style.safetensors" in chosen.differs
    with pytest.raises(FileError):
        report.with_choices({("loras", "nothing"): "x"})


def test_other_runtime_and_node_version_are_said_to_differ(there: Place) -> None:
    lock = there.lock()
    runtime = Runtime(weft="1.1", numerics="cuda float16", packages={"torch": "2.13"})
    anew = Registry([toy.REGISTRY, open_model_anew])
    report = there.check(lock, registry=anew, runtime=runtime)
    assert report.ready
    assert report.differs == (
        "weft version: 1.0 there, 1.1 here",
        "device and precision: cpu float32 there, cuda float16 here",
        "node Open version 1 there, 2 here",
    )
    assert {node.type: (node.state, node.migrates) for node in report.nodes} == {
        "Dice": ("here", False),
        "Open": ("other version", True),
        "ReadText": ("here", False),
        "WriteText": ("here", False),
    }
    assert report.to_json()["nodes"][1]["migrates"] is True


def test_missing_node_is_named_with_its_pack(there: Place) -> None:
    report = there.check(there.lock(), registry=toy.REGISTRY)
    assert not report.ready
    assert [p.code for p in report.problems] == ["graph.unknown_type"]
    assert report.to_json()["nodes"]


def test_missing_node_without_a_lock_has_the_pack_that_the_workflow_names(there: Place) -> None:
    data = {
        "nodes": {"a": {"type": "Strange"}, "b": {"type": "Odd"}},
        "requires": {"packs": {"Strange": "strange-pack", "Odd": 3}},
    }
    document = Workflow.from_json(data).document
    report = there.check(None, document=document)
    assert [(n.type, n.pack) for n in report.nodes] == [("Odd", None), ("Strange", "strange-pack")]
    hints = {p.got: p.hint for p in report.problems}
    assert "strange-pack" in (hints["Strange"] or "")


def test_files_inside_of_subgraphs_and_maps_are_locked_and_renamed(there: Place) -> None:
    inner = {
        "nodes": {"m": {"type": "Open", "inputs": {"model": "style.safetensors"}}},
        "interface": {"inputs": {"model": "m.model"}, "outputs": {"text": "m.value"}},
    }
    data = {
        "weft": 1,
        "nodes": {
            "one": {"type": "Inner", "inputs": {}},
            "all": {"type": "Inner", "inputs": {"model": ["style.safetensors"]},
                    "map": {"over": ["model"]}},
        },
        "subgraphs": {"Inner": inner},
    }  # fmt: skip
    document = Workflow.from_json(data).document
    assert [m.name for m in there.lock(document).models] == ["style.safetensors"]
    changed = renamed(document, REGISTRY, {("loras", "style.safetensors"): "b"})
    assert changed.nodes["all"].inputs["model"] == ["b"]
    assert changed.subgraphs["Inner"].nodes["m"].inputs["model"] == "b"
    assert changed.nodes["all"].map is not None
