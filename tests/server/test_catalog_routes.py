"""`/v1/nodes`, `/v1/validate`, `/v1/models`, `/v1/workflows/templates`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.server.outer import serving
from weft.nodes.standard.registry import standard_registry


async def test_nodes_gives_every_schema_and_nothing_when_unchanged(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        answer = await client.get("/v1/nodes")
        nodes = (await answer.json())["nodes"]
        assert set(nodes) == set(standard_registry(packs=False))
        assert answer.headers["Content-Encoding"] == "gzip"
        again = await client.get("/v1/nodes", headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status, await again.read()) == (304, b"")
        plain = await client.get("/v1/nodes", headers={"Accept-Encoding": "identity"})
        assert "Content-Encoding" not in plain.headers
        assert (await plain.json())["nodes"] == nodes


async def test_node_by_alias_is_found_and_by_another_name_is_not(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        found = await (await client.get("/v1/nodes/CheckpointLoaderSimple")).json()
        assert found["type"] == "LoadCheckpoint"
        missing = await client.get("/v1/nodes/KSamplr")
        assert missing.status == 404
        assert (await missing.json())["error"]["hint"] == 'Did you mean "KSampler"?'


async def test_validate_finds_every_problem_and_runs_nothing(tmp_path: Path) -> None:
    workflow = {
        "weft": 1,
        "nodes": {
            "a": {"type": "Nothing", "inputs": {}},
            "b": {"type": "EmptyLatentImage", "inputs": {"width": -8}},
            "c": {"type": "AlsoNothing", "inputs": {}},
        },
    }
    async with serving(tmp_path) as client:
        answer = await client.post("/v1/validate", json={"workflow": workflow})
        found = await answer.json()
        assert answer.status == 200
        assert not found["valid"]
        codes = [(p["code"], p["node"]) for p in found["problems"] if "node" in p]
        assert ("graph.unknown_type", "a") in codes
        assert ("params.out_of_range", "b") in codes
        assert ("graph.unknown_type", "c") in codes


async def test_validate_of_every_template_finds_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        listed = (await (await client.get("/v1/workflows/templates")).json())["templates"]
        assert {"txt2img", "canny-controlnet"} <= {t["id"] for t in listed}
        for entry in listed:
            document = await (await client.get(f"/v1/workflows/templates/{entry['id']}")).json()
            assert len(document["nodes"]) == entry["nodes"]
            found = await (await client.post("/v1/validate", json={"workflow": document})).json()
            assert found == {"valid": True, "problems": []}
        assert (await client.get("/v1/workflows/templates/..%2ftxt2img")).status == 404


async def test_models_are_listed_by_kind_in_pages(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "hypernetworks" / "sub"
    folder.mkdir(parents=True)
    for number in range(25):
        (folder / f"{number:02}.safetensors").write_bytes(b"x" * number)
    (folder / "notes.txt").touch()
    async with serving(tmp_path, models=[tmp_path / "models"]) as client:
        kinds = (await (await client.get("/v1/models")).json())["kinds"]
        assert {"kind": "hypernetworks", "count": 25} in kinds
        assert any(k["kind"] == "checkpoints" and k["count"] >= 1 for k in kinds)
        first = await (await client.get("/v1/models/hypernetworks?limit=20")).json()
        assert (len(first["models"]), first["total"]) == (20, 25)
        rest = await (await client.get(f"/v1/models/hypernetworks?after={first['next']}")).json()
        assert [m["name"] for m in rest["models"]] == [
            f"sub/{n}.safetensors" for n in range(20, 25)
        ]
        assert rest.get("next") is None
        found = await (await client.get("/v1/models/hypernetworks?search=07")).json()
        assert [(m["name"], m["bytes"]) for m in found["models"]] == [("sub/07.safetensors", 7)]
        assert (await client.get("/v1/models/nothing")).status == 404
        assert (await client.get("/v1/models/hypernetworks?limit=0")).status == 422


def test_server_front_imports_no_heavy_library() -> None:
    script = (
        "import sys, pathlib, tempfile\n"
        "from weft.server.app import create_app\n"
        "from weft.server.settings import Settings\n"
        "d = pathlib.Path(tempfile.mkdtemp())\n"
        "create_app(Settings(data=d / 'd', output=d / 'o', workers=0))\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'cv2', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
