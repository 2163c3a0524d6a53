"""`/v1/locales`, and ComfyUI's `/i18n`."""

from __future__ import annotations

from pathlib import Path

from tests.server.outer import serving
from weft.nodes.standard import standard_registry


async def test_languages_are_listed(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert await (await client.get("/v1/locales")).json() == {"languages": ["zh"]}


async def test_language_has_every_node_and_nothing_is_sent_when_unchanged(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        answer = await client.get("/v1/locales/zh")
        said = await answer.json()
        assert said["language"] == "zh"
        assert set(said["nodes"]) == set(standard_registry(packs=False))
        sampler = said["nodes"]["KSampler"]
        assert (sampler["title"], sampler["category"]) == ("K 采样器", "采样")
        assert sampler["inputs"]["steps"] == {"label": "步数", "description": "步数。"}
        assert sampler["outputs"]["latent"]["label"] == "Latent"
        assert answer.headers["Content-Encoding"] == "gzip"
        tag = answer.headers["ETag"]
        again = await client.get("/v1/locales/zh", headers={"If-None-Match": tag})
        assert (again.status, await again.read()) == (304, b"")
        schemas = await client.get("/v1/nodes", headers={"If-None-Match": tag})
        assert schemas.status == 200


async def test_region_gets_its_language(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert (await (await client.get("/v1/locales/zh-CN")).json())["language"] == "zh"


async def test_unknown_language_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for language in ("en", "xx", "..%2Fzh", "zh.json"):
            answer = await client.get(f"/v1/locales/{language}")
            assert answer.status == 404
            error = (await answer.json())["error"]
            assert (error["code"], error["expected"]) == ("locales.unknown", "zh")


async def test_comfyui_gets_names_by_its_classes_and_inputs(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        found = (await (await client.get("/api/i18n")).json())["zh"]
        classes = await (await client.get("/object_info")).json()
    nodes = found["nodeDefs"]
    assert set(nodes) == set(classes)
    assert found["nodeCategories"]["sampling"] == "采样"
    for name, info in classes.items():
        section = info["input"]
        # Its editor asks for `input_blocks.0.` as `input_blocks_0_`.
        inputs = {i.replace(".", "_") for part in section.values() for i in part}
        assert set(nodes[name].get("inputs", {})) <= inputs, name
        assert set(nodes[name].get("outputs", {})) <= {str(i) for i in range(len(info["output"]))}
    # The same node under ComfyUI's name and ours.
    assert nodes["CheckpointLoaderSimple"] == nodes["LoadCheckpoint"]
    assert nodes["LoadImage"]["inputs"]["image"]["name"] == "文件"
    assert nodes["VAEDecode"]["outputs"] == {"0": {"name": "图片"}}
