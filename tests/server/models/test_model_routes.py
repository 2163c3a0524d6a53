"""Models over HTTP: details, searches, previews, and what a server knows right after a restart."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.server.fake import FakeWorkers
from tests.server.running import Api, serving
from weft.server.models.service import MODELS


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 300)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (20, 200, 90)).save(buffer, kind)
    return buffer.getvalue()


def safetensors(**metadata: str) -> bytes:
    """A LoRA of one layer in name only."""
    tensors = {
        f"lora_unet_down_blocks_0_attentions_0_proj_in.{name}": {
            "dtype": "F16",
            "shape": [4, 4],
            "data_offsets": [n * 32, n * 32 + 32],
        }
        for n, name in enumerate(("lora_down.weight", "lora_up.weight"))
    }
    header = json.dumps({"__metadata__": metadata, **tensors}).encode()
    return len(header).to_bytes(8, "little") + header + b"\0" * 64


@pytest.fixture
def loras(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "loras"
    (folder / "sub").mkdir(parents=True)
    return folder


async def ready(api: Api) -> None:
    """Wait until every file was looked into."""
    assert api.client.app is not None
    models = api.client.app[MODELS]
    for kind in models.kinds:
        await models._sync(kind)
    await models._look_into(models.all_roots)


async def test_model_is_told_with_header_hashes_and_metadata(tmp_path: Path, loras: Path) -> None:
    data = safetensors(**{"modelspec.title": "<b>Ink</b>", "ss_tag": "x"})
    (loras / "sub" / "ink.safetensors").write_bytes(data)
    (loras / "bad.safetensors").write_bytes(b"\x80\x04 this is a pickle")
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        await ready(api)
        status, page = await api.ask("GET", "/v1/models/loras?search=ink")
        assert status == 200
        (model,) = page["models"]
        assert page["complete"]
        assert (model["title"], model["holds"], model["precision"]) == ("<b>Ink</b>", "lora", "F16")
        assert model["autov2"] == model["sha256"][:10]
        assert model["preview"] is False
        _, one = await api.ask("GET", "/v1/models/loras/sub/ink.safetensors")
        assert one["metadata"] == {"modelspec.title": "<b>Ink</b>", "ss_tag": "x"}
        assert one["tensors"] == 2
        for query in (f"hash={model['autov2'].upper()}", f"hash={model['autov3']}", "holds=lora"):
            _, page = await api.ask("GET", f"/v1/models/loras?{query}&search=sub")
            assert [m["name"] for m in page["models"]] == ["sub/ink.safetensors"]
        _, page = await api.ask("GET", "/v1/models/loras?search=bad")
        assert page["models"][0]["trouble"]
        for name in ("..%2f..%2fx", "sub", "nothing.safetensors", "a%00b", "/etc/passwd"):
            assert (await api.ask("GET", f"/v1/models/loras/{name}"))[0] == 404, name
        assert (await api.ask("GET", "/v1/models/loras?hash=xyz"))[0] == 422


@pytest.mark.parametrize(
    ("name", "kind"),
    [("ink.png", "PNG"), ("ink.preview.png", "PNG"), ("ink.jpg", "JPEG"), ("ink.webp", "WEBP")],
)
async def test_picture_beside_a_model_is_served_small_and_encoded_anew(
    name: str, kind: str, tmp_path: Path, loras: Path
) -> None:
    (loras / "sub" / "ink.safetensors").write_bytes(safetensors())
    (loras / "sub" / name).write_bytes(picture(kind))
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        _, page = await api.ask("GET", "/v1/models/loras?search=ink")
        assert page["models"][0]["preview"] is True
        for path in (
            "/v1/models/loras/sub/ink.safetensors/preview?side=128",
            "/api/experiment/models/preview/loras/0/sub/ink.safetensors",
        ):
            answer = await api.client.get(path)
            assert answer.status == 200, await answer.text()
            assert answer.headers["Content-Type"] == "image/webp"
            small = Image.open(io.BytesIO(await answer.read()))
            assert small.format == "WEBP"
            assert max(small.size) <= 512
        status, _ = await api.ask("GET", "/v1/models/loras/sub/ink.safetensors/preview?side=5")
        assert status == 422


async def test_picture_in_a_header_is_served_too(tmp_path: Path, loras: Path) -> None:
    uri = "data:image/jpeg;base64," + base64.b64encode(picture("JPEG")).decode()
    (loras / "a.safetensors").write_bytes(safetensors(**{"modelspec.thumbnail": uri}))
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        await ready(api)
        _, one = await api.ask("GET", "/v1/models/loras/a.safetensors")
        assert one["preview"] is True
        assert one["metadata"] == {}
        answer = await api.client.get("/v1/models/loras/a.safetensors/preview")
        assert answer.status == 200
        assert Image.open(io.BytesIO(await answer.read())).size == (256, 128)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"<svg onload=alert(1)>", 415),
        (b"", 415),
        (picture(size=(9000, 12000)), 413),
    ],
)
async def test_preview_that_is_no_picture_is_refused(
    content: bytes, status: int, tmp_path: Path, loras: Path
) -> None:
    (loras / "a.safetensors").write_bytes(safetensors())
    (loras / "a.png").write_bytes(content)
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        answer: tuple[int, Any] = await api.ask("GET", "/v1/models/loras/a.safetensors/preview")
        assert answer[0] == status
        assert (await api.ask("GET", "/v1/models/loras/b.safetensors/preview"))[0] == 404


async def test_new_file_is_listed_at_once_and_the_index_survives_a_restart(
    tmp_path: Path, loras: Path
) -> None:
    (loras / "a.safetensors").write_bytes(safetensors())
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        await ready(api)
        (loras / "b.safetensors").write_bytes(safetensors())
        _, page = await api.ask("GET", "/v1/models/loras?search=safetensors")
        assert {"a.safetensors", "b.safetensors"} <= {m["name"] for m in page["models"]}
    async with serving(tmp_path, FakeWorkers(), models=[tmp_path / "models"]) as api:
        assert api.client.app is not None
        models = api.client.app[MODELS]
        _, metadata = await models.row("loras", "a.safetensors")
        assert metadata == {}
        assert models.index.hashes(loras / "a.safetensors")["sha256"]
