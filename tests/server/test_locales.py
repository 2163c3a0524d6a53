"""`/v1/locales`, and ComfyUI's `/i18n`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server.outer import serving
from weft.nodes.standard.registry import standard_registry


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


async def test_pack_brings_its_languages_and_gets_common_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "pack_of_languages"
    (pack / "locales").mkdir(parents=True)
    (pack / "__init__.py").write_text(
        "from weft.engine.declaration.node import node\n"
        '@node("Dye", category="image/dyes")\n'
        "def dye(*, steps: int = 1, depth: int = 1) -> int:\n"
        '    """Dye.\n\n    Args:\n        steps: How often.\n        depth: How deep.\n    """\n'
        "    return steps\n"
    )
    german = {"titles": {"Dye": "Färben"}, "texts": {"Dye.": "Färbt."}}
    chinese = {"titles": {"Dye": "染色"}, "ports": {"depth": "深度"}}
    for name, table in {"de": german, "zh": chinese}.items():
        (pack / "locales" / f"{name}.json").write_text(json.dumps(table), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    async with serving(tmp_path, node_modules=("pack_of_languages",)) as client:
        assert await (await client.get("/v1/locales")).json() == {"languages": ["de", "zh"]}
        said = (await (await client.get("/v1/locales/zh")).json())["nodes"]["Dye"]
        assert (said["title"], said["category"]) == ("染色", "图片/dyes")
        labels = {name: about["label"] for name, about in said["inputs"].items()}
        assert labels == {"steps": "步数", "depth": "深度"}
        nodes = (await (await client.get("/v1/locales/de")).json())["nodes"]
        assert nodes["Dye"] == {"title": "Färben", "summary": "Färbt."}
        assert nodes["KSampler"] == {}
        assert (await (await client.get("/i18n")).json())["de"]["nodeDefs"]["Dye"] == {
            "display_name": "Färben",
            "description": "Färbt.",
        }
