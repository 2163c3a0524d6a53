"""Sharing over HTTP: check, open and pack, with a worker that only says what it computes with."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.server.fake import FakeWorker, FakeWorkers
from tests.server.running import FLOAT, Api, serving
from weft.engine.graph.document import parse
from weft.engine.share.bundle import Bundle, Manifest, parse_bundle
from weft.engine.share.lock import InputLock, Lock, ModelLock, NodeLock, Runtime
from weft.engine.workflows.workflow import Workflow
from weft.server.worker.messages import Answer, Ask, ToWorker, Wrote

HERE = Runtime(weft="1", numerics="cpu float32")


class KnowingWorker(FakeWorker):
    """Says what it computes with."""

    def send(self, message: ToWorker) -> None:
        if isinstance(message, Ask) and message.question == "runtime":
            self.say(Answer(message.number, HERE.model_dump()))
        else:
            super().send(message)


class KnowingWorkers(FakeWorkers):
    """Makes them."""

    def __call__(self, number: int) -> FakeWorker:
        self.made.append(KnowingWorker(f"knowing-{number}"))
        return self.made[-1]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_HOME", str(tmp_path / "home"))


def png(**texts: str) -> bytes:
    """A tiny picture."""
    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 30, 30)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def bundle(name: str = "mine.png", content: bytes | None = None, **lock: Any) -> Bundle:
    """A workflow of a stranger with one input picture."""
    import hashlib

    content = png() if content is None else content
    workflow = {"nodes": {"p": {"type": "Photo", "inputs": {"file": name}}}}
    sha = hashlib.sha256(content).hexdigest()
    inputs = [InputLock(name=name, sha256=sha, size=len(content))]
    locked = Lock(
        **{
            "runtime": HERE,
            "nodes": {"Photo": NodeLock(version=1, pack="toys")},
            "inputs": inputs,
            **lock,
        }
    )
    manifest = Manifest(title="<b>T</b>", author="A", license="CC0")
    return Bundle(Workflow(parse(workflow)), locked, {name: content}, png(), manifest)


async def send(api: Api, path: str, data: bytes) -> tuple[int, Any]:
    return await api.ask("POST", path, data=data)


async def test_check_of_a_document_names_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "models" / "checkpoints" / "sub").mkdir(parents=True)
    (tmp_path / "models" / "checkpoints" / "sub" / "wanted.safetensors").write_bytes(b"1")
    document = {
        "nodes": {
            "m": {"type": "Model", "inputs": {"name": "wanted.safetensors"}},
            "s": {"type": "Save", "inputs": {"value": 1.0}},
            "u": {"type": "Unheard", "inputs": {}},
        }
    }
    async with serving(tmp_path, KnowingWorkers(), models=(tmp_path / "models",)) as api:
        status, report = await api.ask("POST", "/v1/share/check", json={"document": document})
    assert status == 200, report
    assert not report["ready"]
    assert report["same_picture"] is False
    assert report["effects"] == ["writes", "packs"]
    assert report["touching"] == {"writes": ["s"]}
    assert report["packs"]
    (model,) = report["files"]
    assert model["state"] == "missing"
    assert model["candidates"][0] == "sub/wanted.safetensors"
    assert "models/checkpoints" in model["advice"]
    assert [n["type"] for n in report["nodes"] if n["state"] == "missing"] == ["Unheard"]
    assert "it has no lock" in report["unknown"][0]


async def test_check_finds_a_model_by_content_and_says_where_the_picture_would_differ(
    tmp_path: Path,
) -> None:
    import hashlib

    folder = tmp_path / "models" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "other.safetensors").write_bytes(b"weights")
    lock = Lock(
        runtime=Runtime(weft="1", numerics="cuda float16"),
        nodes={"Model": NodeLock(version=1, pack="toys")},
        models=[
            ModelLock(
                folder="checkpoints",
                name="a.safetensors",
                sha256=hashlib.sha256(b"weights").hexdigest(),
                size=7,
            )
        ],
    )
    document = {"nodes": {"m": {"type": "Model", "inputs": {"name": "a.safetensors"}}}}
    asked = {"document": document, "lock": lock.model_dump()}
    async with serving(tmp_path, KnowingWorkers(), models=(tmp_path / "models",)) as api:
        status, report = await api.ask("POST", "/v1/share/check", json=asked)
        assert status == 200, report
        asked["lock"] = {"format": 1, "models": "x"}
        status, refusal = await api.ask("POST", "/v1/share/check", json=asked)
    assert report["files"][0]["state"] == "other name"
    assert report["files"][0]["found"] == "other.safetensors"
    assert report["ready"]
    assert report["same_picture"] is False
    assert report["differs"] == ["device and precision: cuda float16 there, cpu float32 here"]
    assert (status, refusal["error"]["code"]) == (422, "share.bad_lock")


async def test_opened_bundle_puts_its_inputs_beside_what_is_there(tmp_path: Path) -> None:
    inputs = tmp_path / "data" / "input"
    inputs.mkdir(parents=True)
    (inputs / "mine.png").write_bytes(b"somebody's own")
    data = bundle().to_png()
    async with serving(tmp_path, KnowingWorkers()) as api:
        status, checked = await send(api, "/v1/share/check/file", data)
        assert status == 200, checked
        assert checked["report"]["same_picture"] is True
        assert checked["is_bundle"]
        assert (checked["title"], checked["inputs"]) == ("<b>T</b>", ["mine.png"])
        assert sorted(p.name for p in inputs.iterdir() if p.is_file()) == ["mine.png"]
        status, opened = await send(api, "/v1/share/open", data)
        assert status == 200, opened
        assert opened["placed"] == [{"name": "mine.png", "file": "mine (1).png", "new": True}]
        assert opened["document"]["nodes"]["p"]["inputs"]["file"] == "mine (1).png"
        status, again = await send(api, "/v1/share/open", data)
        assert again["placed"] == [{"name": "mine.png", "file": "mine (1).png", "new": False}]
    assert (inputs / "mine.png").read_bytes() == b"somebody's own"
    assert (inputs / "mine (1).png").read_bytes() == png()
    assert list((inputs / ".incoming").iterdir()) == []


async def test_opened_bundle_gives_inputs_safe_names(tmp_path: Path) -> None:
    async with serving(tmp_path, KnowingWorkers()) as api:
        status, opened = await send(api, "/v1/share/open", bundle(".hidden/x.png").to_zip())
        assert status == 200, opened
        name = opened["placed"][0]["file"]
        assert name.startswith("shared/")
        assert name.endswith(".png")
        assert opened["document"]["nodes"]["p"]["inputs"]["file"] == name
        assert (await api.client.get(f"/v1/files/input/{name}")).status == 200


async def test_input_that_is_no_picture_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    async with serving(tmp_path, KnowingWorkers()) as api:
        status, answer = await send(api, "/v1/share/open", bundle("x.png", b"<script>").to_zip())
        assert (status, answer["error"]["code"]) == (415, "files.not_a_picture")
    assert [p for p in (tmp_path / "data" / "input").rglob("*") if p.is_file()] == []


async def test_picture_with_its_recipe_is_opened_as_a_form_too(tmp_path: Path) -> None:
    form = aiohttp.FormData()
    form.add_field("file", png(weft=json.dumps(FLOAT)), filename="a.png")
    async with serving(tmp_path, KnowingWorkers()) as api:
        status, opened = await api.ask("POST", "/v1/share/open", data=form)
    assert status == 200, opened
    assert not opened["is_bundle"]
    assert opened["has_picture"]
    assert opened["document"]["nodes"]["n"]["inputs"]["value"] == 2.5


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (png(), 422, "share.no_workflow"),
        (b"", 400, "document.json"),
        (b"PK\x03\x04 torn", 422, "share.damaged"),
        (png(weft="{"), 400, "document.json"),
        (b'{"nodes": {}, "nodes": {}}', 400, "document.duplicate_key"),
    ],
)
async def test_file_that_cannot_be_opened_is_refused_with_a_reason(
    data: bytes, status: int, code: str, tmp_path: Path
) -> None:
    async with serving(tmp_path, KnowingWorkers()) as api:
        for path in ("/v1/share/check/file", "/v1/share/open"):
            found, answer = await send(api, path, data)
            assert (found, answer["error"]["code"]) == (status, code)


async def test_finished_job_is_packed_with_its_picture(tmp_path: Path) -> None:
    workers = KnowingWorkers()
    document = {
        "nodes": {"s": {"type": "Seeded", "inputs": {"seed": "random"}}},
        "title": "Dice / one",
    }
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(png())
    async with serving(tmp_path, workers) as api:
        job = await api.submit(document)
        await workers.last.given(1)
        asked = {"job": job["id"], "author": "Me", "license": "MIT"}
        status, answer = await api.ask("POST", "/v1/share/pack", json=asked)
        assert (status, answer["error"]["code"]) == (409, "share.not_done")
        workers.last.begin(job["id"])
        workers.last.say(Wrote(job["id"], "s", "a.png", "image/png", 5, False))
        workers.last.end(job["id"])
        detail = await api.until(job["id"], "done")
        async with api.client.post("/v1/share/pack", json=asked) as response:
            assert response.status == 200, await response.text()
            assert "Dice - one.weft.png" in response.headers["Content-Disposition"]
            found = parse_bundle(await response.read())
        async with api.client.post("/v1/share/pack", json={**asked, "format": "zip"}) as response:
            assert parse_bundle(await response.read()).picture == found.picture
        status, _ = await api.ask("POST", "/v1/share/pack", json={"job": "nothing"})
        assert status == 404
    assert found.picture == png()
    assert found.lock.seeds == detail["seeds"]
    assert found.lock.runtime == HERE
    assert found.manifest.author == "Me"


async def test_workflow_without_a_job_is_packed_as_a_zip_only(tmp_path: Path) -> None:
    async with serving(tmp_path, KnowingWorkers()) as api:
        asked: dict[str, Any] = {"document": {**FLOAT, "interface": {"outputs": {"o": "n.value"}}}}
        status, answer = await api.ask("POST", "/v1/share/pack", json=asked)
        assert (status, answer["error"]["code"]) == (422, "share.no_picture")
        async with api.client.post("/v1/share/pack", json={**asked, "format": "zip"}) as response:
            assert response.status == 200, await response.text()
            assert parse_bundle(await response.read()).picture is None
        status, answer = await api.ask("POST", "/v1/share/pack", json={})
        assert (status, answer["error"]["code"]) == (422, "share.nothing_to_pack")


async def test_workflow_is_written_for_comfyui_with_what_it_lacks(tmp_path: Path) -> None:
    graph = {"e": {"type": "EmptyLatentImage", "inputs": {"width": 64}}}
    async with serving(tmp_path, FakeWorkers()) as api:
        status, answer = await api.ask(
            "POST", "/v1/share/comfyui", json={"document": {"weft": 1, "nodes": graph}}
        )
        assert (status, answer["obstacles"]) == (200, [])
        assert answer["prompt"] == {
            "e": {
                "class_type": "EmptyLatentImage",
                "inputs": {"width": 64, "height": 512, "batch_size": 1},
            }
        }
        nodes = {"n": {"type": "Photo", "inputs": {"file": "a.png"}}}
        _, answer = await api.ask("POST", "/v1/share/comfyui", json={"document": {"nodes": nodes}})
        assert len(answer["obstacles"]) == 1
        assert "Photo" in answer["obstacles"][0]
        status, _ = await api.ask("POST", "/v1/share/comfyui", json={"document": {"nodes": 3}})
        assert status == 400
