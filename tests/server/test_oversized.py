"""Names that are far too long, and names that Python or JavaScript know, in every place."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.server.outer import form, png, serving
from tests.server.running import FLOAT

LONG = "x" * 10_000_000
KNOWN = (
    "__proto__",
    "constructor",
    "__class__",
    "__class__.__getattribute__",
    "__dict__",
    "toString",
)


async def test_name_of_ten_megabytes_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    def weft(**more: Any) -> bytes:
        return json.dumps({"workflow": FLOAT, **more}).encode()

    attempts: list[tuple[str, str, bytes]] = [
        ("POST", "/v1/jobs", weft(title=LONG)),
        ("POST", "/v1/jobs", weft(idempotency_key=LONG)),
        ("POST", "/v1/jobs", weft(scope=LONG)),
        ("POST", "/v1/jobs", weft(set={LONG: 1})),
        ("POST", "/v1/jobs", weft(outputs=[LONG])),
        ("POST", "/v1/validate", json.dumps({"workflow": {"nodes": {LONG: {}}}}).encode()),
        ("POST", "/prompt", json.dumps({"prompt": {"1": {"class_type": LONG}}}).encode()),
        ("POST", "/v1/workflows", json.dumps({"name": LONG, "document": FLOAT}).encode()),
        ("POST", "/v1/users", json.dumps({"name": LONG}).encode()),
    ]
    async with serving(tmp_path) as client, asyncio.timeout(120):
        for method, path, body in attempts:
            async with client.request(method, path, data=BytesIO(body)) as answer:
                text = await answer.read()
            assert 400 <= answer.status < 500, (path, answer.status)
            assert len(text) < 100_000, (path, "it says the name back")
        for path in ("/v1/files/input", "/upload/image"):
            field = "file" if path.startswith("/v1") else "image"
            answer = await client.post(path, **form(png(), LONG + ".png", field))
            assert 400 <= answer.status < 500, path
        assert (await client.get("/v1/health")).status == 200
    assert not [path for path in (tmp_path / "input").rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", KNOWN)
async def test_names_that_languages_know_are_plain_names(tmp_path: Path, name: str) -> None:
    async with serving(tmp_path) as client:
        node = {"nodes": {"n": {"type": "Float", "inputs": {name: 1.0}}}}
        unknown = await client.post("/v1/validate", json={"workflow": node})
        assert "graph.unknown_input" in [p["code"] for p in (await unknown.json())["problems"]]
        kind = {"nodes": {"n": {"type": name, "inputs": {}}}}
        unknown = await client.post("/v1/validate", json={"workflow": kind})
        assert not (await unknown.json())["valid"]
        for path in (f"/v1/nodes/{name}", f"/v1/models/{name}", f"/v1/jobs/{name}"):
            assert (await client.get(path)).status == 404, path
        assert await (await client.get(f"/object_info/{name}")).json() == {}
        assert (await client.post(f"/settings/{name}", json={"polluted": True})).status == 200
        assert await (await client.get(f"/settings/{name}")).json() == {"polluted": True}
        assert await (await client.get("/settings/polluted")).json() is None
        assert not hasattr(object, "polluted")


@pytest.mark.parametrize("name", KNOWN)
def test_weights_with_names_that_languages_know_are_refused_as_weights(
    tmp_path: Path, name: str
) -> None:
    import numpy
    from safetensors.numpy import save_file

    from weft.engine.errors import WeftError
    from weft.engine.workflows.workflow import Workflow
    from weft.nodes.standard.engine import StandardEngine
    from weft.nodes.standard.folders import standard_workspace
    from weft.nodes.standard.registry import standard_registry

    folder = tmp_path / "models" / "loras"
    folder.mkdir(parents=True)
    keys = (name, f"lora_unet_{name}.lora_up.weight", f"unet.{name}.lora_A.weight")
    save_file({key: numpy.zeros((1, 1), "float32") for key in keys}, folder / "x.safetensors")
    nodes = {
        "c": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "thimble.safetensors"}},
        "l": {
            "type": "LoadLoRAModelOnly",
            "inputs": {"model": {"link": "c.model"}, "lora_name": "x.safetensors"},
        },
    }
    registry = standard_registry([], packs=False)
    workspace = standard_workspace(models=[tmp_path / "models"], inputs=[], output=tmp_path / "out")
    with StandardEngine(registry=registry, workspace=workspace) as engine, pytest.raises(WeftError):
        engine.run(Workflow.from_json({"nodes": nodes}, registry), outputs=["l.model"])
