"""`/view`, `/upload`, `/settings`, `/userdata` and what an editor asks at start."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from PIL import Image

from tests.server.outer import form, png, serving


def picture(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body))


async def test_uploaded_image_is_stored_once_and_viewed(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for path in ("/upload/image", "/api/upload/image"):
            answer = await client.post(path, **form(png(), "a.png", "image", subfolder="s"))
            assert await answer.json() == {"name": "a.png", "subfolder": "s", "type": "input"}
        other = await client.post("/upload/image", **form(png(9), "a.png", "image", subfolder="s"))
        assert (await other.json())["name"] == "a (1).png"
        told = await client.post(
            "/upload/image", **form(png(7), "a.png", "image", subfolder="s", overwrite="true")
        )
        assert (await told.json())["name"] == "a.png"
        params = {"filename": "a.png", "subfolder": "s", "type": "input"}
        assert await (await client.get("/view", params=params)).read() == png(7)
        named = await client.get("/view", params={"filename": "a.png [input]", "subfolder": "s"})
        assert named.status == 200


async def test_view_converts_formats_and_channels(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    Image.new("RGBA", (8, 8), (10, 20, 30, 40)).save(tmp_path / "output" / "a.png")
    async with serving(tmp_path) as client:

        async def view(**params: str) -> Image.Image:
            answer = await client.get("/view", params={"filename": "a.png", **params})
            assert answer.status == 200
            return picture(await answer.read())

        assert (await view(preview="webp;90")).format == "WEBP"
        assert (await view(preview="jpeg;50")).format == "JPEG"
        assert (await view(preview="odd;x")).format == "WEBP"
        assert (await view(channel="rgb")).getpixel((0, 0)) == (10, 20, 30)
        assert (await view(channel="a")).getpixel((0, 0)) == (0, 0, 0, 40)
        assert (await view()).getpixel((0, 0)) == (10, 20, 30, 40)
        assert (await client.get("/view")).status == 400
        assert (await client.get("/view?filename=a.png&type=odd")).status == 404


async def test_mask_becomes_the_transparency_of_its_original(tmp_path: Path) -> None:
    mask = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 77)).save(mask, "PNG")
    async with serving(tmp_path) as client:
        await client.post("/upload/image", **form(png(), "a.png", "image"))
        reference = json.dumps({"filename": "a.png", "type": "input"})
        sent = form(mask.getvalue(), "mask.png", "image", original_ref=reference)
        answer = await client.post("/upload/mask", **sent)
        assert answer.status == 200
        name = (await answer.json())["name"]
        shown = await client.get("/view", params={"filename": name, "type": "input"})
        assert picture(await shown.read()).getpixel((0, 0)) == (255, 0, 0, 77)
        for bad in ("", "{", "[]", '{"filename": "../secret.txt"}'):
            sent = form(mask.getvalue(), "mask.png", "image", original_ref=bad)
            assert (await client.post("/upload/mask", **sent)).status in (400, 404)


async def test_settings_are_merged_and_kept_over_a_restart(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert await (await client.get("/settings")).json() == {}
        await client.post("/settings", json={"a": 1, "b": [2]})
        await client.post("/settings/c.d", json="three")
        assert (await client.post("/settings/e", data=b"{")).status == 400
        assert (await client.post("/settings", data=b"[1]")).status == 400
    async with serving(tmp_path) as client:
        kept = await (await client.get("/api/settings")).json()
        assert kept == {"a": 1, "b": [2], "c.d": "three"}
        assert await (await client.get("/settings/b")).json() == [2]
        assert await (await client.get("/settings/nothing")).json() is None


async def test_user_files_are_written_listed_moved_and_deleted(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert (await client.get("/userdata")).status == 400
        assert (await client.get("/userdata?dir=workflows")).status == 404
        one, two = "/userdata/workflows%2Fa.json", "/userdata/workflows%2Fsub%2Fb.json"
        assert await (await client.post(one, data=b"{}")).json() == "workflows/a.json"
        full = await (await client.post(two + "?full_info=true", data=b"[1]")).json()
        assert (full["path"], full["size"]) == ("workflows/sub/b.json", 3)
        assert (await client.post(one + "?overwrite=false", data=b"x")).status == 409
        assert await (await client.get(one)).read() == b"{}"
        listed = await (await client.get("/userdata?dir=workflows")).json()
        assert listed == ["a.json"]
        listed = await (await client.get("/userdata?dir=workflows&recurse=true")).json()
        assert listed == ["a.json", "sub/b.json"]
        split = await (await client.get("/userdata?dir=workflows&recurse=true&split=true")).json()
        assert split[1] == ["sub/b.json", "sub", "b.json"]
        tree = await (await client.get("/v2/userdata?path=workflows")).json()
        assert [(e["path"], e["type"]) for e in tree] == [
            ("workflows/sub", "directory"),
            ("workflows/a.json", "file"),
            ("workflows/sub/b.json", "file"),
        ]
        moved = await client.post(one + "/move/workflows%2Fc.json")
        assert await moved.json() == "workflows/c.json"
        assert (await client.get(one)).status == 404
        taken = await client.post(two + "/move/workflows%2Fc.json?overwrite=false")
        assert taken.status == 409
        assert (await client.delete("/userdata/workflows%2Fc.json")).status == 204
        assert (await client.delete("/userdata/workflows%2Fc.json")).status == 404


async def test_what_an_editor_asks_at_start_has_its_shape(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for path in ("/extensions", "/embeddings", "/experiment/models", "/models"):
            assert isinstance(await (await client.get("/api" + path)).json(), list)
        for path in ("/i18n", "/workflow_templates", "/features", "/users"):
            assert isinstance(await (await client.get("/api" + path)).json(), dict)
        stats = await (await client.get("/system_stats")).json()
        assert stats["system"]["comfyui_version"]
        assert stats["devices"][0]["vram_total"] >= 0
        names = await (await client.get("/models/checkpoints")).json()
        assert "thimble.safetensors" in names
        assert (await client.get("/models/nothing")).status == 404
        assert (await client.post("/users", json={"username": "x"})).status == 400
        assert (await client.post("/free", json={"free_memory": True})).status == 200
        facts = await (await client.get("/experiment/models/checkpoints")).json()
        assert facts[0]["name"] == "thimble.safetensors"
        newest = await (await client.get("/internal/files/output")).json()
        assert newest == []
