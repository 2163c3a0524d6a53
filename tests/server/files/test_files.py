"""`/v1/files`: put in, listed, shown, made small."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image
from yarl import URL

from tests.server.outer import BAD_NAMES, form, plant, png, serving
from weft.server.files.decoding import Decoder
from weft.server.files.thumbnails import Thumbnails


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_upload_of_picture_is_listed_shown_and_made_small(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        sent = png(300, 200)
        answer = await client.post("/v1/files/input", **form(sent, "a b.png", folder="sub"))
        assert answer.status == 201
        (told,) = (await answer.json())["files"]
        assert (told["name"], told["bytes"], told["picture"]) == ("sub/a b.png", len(sent), True)

        listed = await (await client.get("/v1/files/input?search=sub/a")).json()
        assert listed["files"] == [told]

        shown = await client.get("/v1/files/input/sub/a%20b.png")
        assert await shown.read() == sent
        assert shown.headers["Content-Type"] == "image/png"
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]

        small = await client.get("/v1/files/input/sub/a%20b.png?thumbnail=64")
        with Image.open(BytesIO(await small.read())) as picture:
            assert (picture.format, picture.size) == ("WEBP", (64, 43))


async def test_thumbnail_of_deep_grey_keeps_its_grey(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        deep = Image.new("I;16", (300, 200), 32_768)
        deep.save(tmp_path / "input" / "grey.png")
        small = await client.get("/v1/files/input/grey.png?thumbnail=64")
        with Image.open(BytesIO(await small.read())) as picture:
            assert picture.convert("L").getpixel((9, 9)) == pytest.approx(128, abs=2)


async def test_thumbnail_of_signed_numbers_is_refused_by_name(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        Image.new("I", (300, 200), 70_000).save(tmp_path / "input" / "signed.tif")
        answer = await client.get("/v1/files/input/signed.tif?thumbnail=64")
        assert answer.status == 415
        assert (await answer.json())["error"]["code"] == "image.signed"


async def test_file_asked_for_again_is_not_sent_again(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        (tmp_path / "output" / "a.bin").write_bytes(bytes(range(100)))
        first = await client.get("/v1/files/output/a.bin")
        again = await client.get(
            "/v1/files/output/a.bin", headers={"If-None-Match": first.headers["ETag"]}
        )
        assert (again.status, await again.read()) == (304, b"")
        part = await client.get("/v1/files/output/a.bin", headers={"Range": "bytes=10-13"})
        assert (part.status, await part.read()) == (206, bytes([10, 11, 12, 13]))
        beyond = await client.get("/v1/files/output/a.bin", headers={"Range": "bytes=200-"})
        assert beyond.status == 416


async def test_file_rewritten_with_size_and_time_kept_is_sent_again_and_made_small_again(
    tmp_path: Path,
) -> None:
    """As `cp -p` does it: a browser that kept the old one may not be told that it is still good."""
    async with serving(tmp_path) as client:
        path, red, blue = tmp_path / "output" / "a.bmp", BytesIO(), BytesIO()
        for target, colour in ((red, "red"), (blue, "blue")):
            Image.new("RGB", (80, 80), colour).save(target, "BMP")
        path.write_bytes(red.getvalue())
        os.utime(path, (1_700_000_000, 1_700_000_000))
        url = "/v1/files/output/a.bmp"
        first = await client.get(url)
        small = await (await client.get(f"{url}?thumbnail=64")).read()
        with path.open("r+b") as file:
            file.write(blue.getvalue())
        os.utime(path, (1_700_000_000, 1_700_000_000))
        again = await client.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status, await again.read()) == (200, blue.getvalue())
        assert again.headers["ETag"] != first.headers["ETag"]
        same = await client.get(url, headers={"If-None-Match": again.headers["ETag"]})
        assert (same.status, same.headers["ETag"]) == (304, again.headers["ETag"])
        assert "sandbox" in same.headers["Content-Security-Policy"]
        assert await (await client.get(f"{url}?thumbnail=64")).read() != small


async def test_upload_of_taken_name_gets_a_number_unless_the_same(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:

        async def upload(content: bytes, query: str = "") -> str:
            answer = await client.post("/v1/files/input" + query, **form(content, "a.png"))
            name: str = (await answer.json())["files"][0]["name"]
            return name

        assert await upload(png(8, 8)) == "a.png"
        assert await upload(png(8, 8)) == "a.png"
        assert await upload(png(9, 9)) == "a (1).png"
        assert await upload(png(9, 9)) == "a (1).png"
        assert await upload(png(7, 7), "?overwrite=true") == "a.png"
        assert (tmp_path / "input" / "a.png").read_bytes() == png(7, 7)
    assert len(files_below(tmp_path / "input")) == 2


async def test_uploads_of_one_name_at_once_keep_every_content(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        answers = await asyncio.gather(
            *(client.post("/v1/files/input", **form(b"%d" % n, "x.bin")) for n in range(20))
        )
        names = {(await a.json())["files"][0]["name"] for a in answers}
        assert len(names) == 20
        assert {(tmp_path / "input" / n).read_bytes() for n in names} == {
            b"%d" % n for n in range(20)
        }


async def test_put_stores_a_body_and_delete_removes_it(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        answer = await client.put("/v1/files/input/deep/er/x.json", data=b"{}")
        assert (await answer.json())["files"][0]["name"] == "deep/er/x.json"
        assert (await client.delete("/v1/files/input/deep/er/x.json")).status == 204
        assert (await client.delete("/v1/files/input/deep/er/x.json")).status == 404
        assert (await client.get("/v1/files/input/deep/er/x.json")).status == 404


async def test_delete_of_file_in_read_only_input_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "p.png").write_bytes(png())
    async with serving(tmp_path, inputs=[tmp_path / "photos"]) as client:
        assert (await client.get("/v1/files/input/p.png")).status == 200
        assert (await client.delete("/v1/files/input/p.png")).status == 404
        assert (tmp_path / "photos" / "p.png").exists()


@pytest.mark.parametrize(
    ("content", "name", "status"),
    [
        (b"<script>alert(1)</script>", "a.png", 415),
        (b"", "a.jpg", 415),
        (png()[:40], "a.png", 415),
        (png(2000, 2000), "a.png", 413),
        (b"x" * (2**20 + 1), "a.bin", 413),
        (b"x", "a.png.gz", 400),
        (b"x", "x" * 256, 400),
        (b"x", "../x", 400),
        (b"x", ".x", 400),
    ],
)
async def test_upload_of_what_may_not_be_leaves_nothing(
    tmp_path: Path, content: bytes, name: str, status: int
) -> None:
    async with serving(tmp_path) as client:
        answer = await client.post("/v1/files/input", **form(content, name))
        assert answer.status == status
        assert (await client.get("/v1/health")).status == 200
    assert files_below(tmp_path / "input") == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary="),
        (b"", "multipart/form-data; boundary=" + "x" * 100),
        (b"--b", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\n", "multipart/form-data; boundary=b"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nnever ends',
            "multipart/form-data; boundary=b",
        ),
        (
            b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
            b"--c\r\n\r\nx\r\n--c--\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\n" + b"x: y\r\n" * 5000 + b"\r\nx\r\n--b--", "multipart/form-data; boundary=b"),
        (b"--b--\r\n" + b"z" * 100_000, "multipart/form-data; boundary=b"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b"x", "text/plain"),
        (b"\xff\xfe", "multipart/form-data; boundary=\xff".encode("latin-1").decode("latin-1")),
    ],
)
async def test_upload_of_malformed_form_is_a_client_error(
    tmp_path: Path, body: bytes, kind: str
) -> None:
    async with serving(tmp_path) as client:
        async with asyncio.timeout(10):
            answer = await client.post("/v1/files/input", data=body, headers={"Content-Type": kind})
        assert 400 <= answer.status < 500
        assert (await client.get("/v1/health")).status == 200
    assert files_below(tmp_path / "input") == []


@pytest.mark.parametrize("kind", ["input", "output", "temp"])
async def test_bad_names_through_every_file_route_reach_nothing(tmp_path: Path, kind: str) -> None:
    plant(tmp_path)
    async with serving(tmp_path) as client:
        for name in BAD_NAMES:
            for part in {quote(name, safe=""), quote(name)}:
                url = URL(f"/v1/files/{kind}/{part}", encoded=True)
                for method in ("GET", "PUT", "DELETE"):
                    answer = await client.request(method, url, data=b"x" * (method == "PUT"))
                    text = await answer.read()
                    assert b"SECRET" not in text
                    assert b"root:" not in text
            answer = await client.post(f"/v1/files/{kind}", **form(b"x", name))
            # In a form a percent sign is one, aiohttp takes off leading slashes, and what has the
            # name of a link gets a number.
            harmless = name.startswith("/") or "%" in name or name == "link.txt"
            assert 400 <= answer.status < 500 or harmless, name
    served = [tmp_path / name for name in ("input", "output", "data", "weft-home")]
    outside = [p for p in files_below(tmp_path) if not any(p.is_relative_to(s) for s in served)]
    assert outside == [tmp_path / "secret.txt"]
    assert (tmp_path / "secret.txt").read_text() == "SECRET"


async def test_missing_and_forbidden_files_are_answered_alike(tmp_path: Path) -> None:
    plant(tmp_path)
    async with serving(tmp_path) as client:
        missing = await client.get("/v1/files/input/nothing.txt")
        for name in ("link.txt", "linked/secret.txt", ".hidden", "%2e%2e%2fsecret.txt"):
            forbidden = await client.get("/v1/files/input/" + name)
            assert forbidden.status == missing.status == 404
            assert await forbidden.json() == await missing.json()


async def test_state_of_the_server_is_behind_no_file_route(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for kind in ("input", "output", "temp"):
            for name in ("users.json", "weft.sqlite", "../data/users.json"):
                url = f"/v1/files/{kind}/{quote(name, safe='')}"
                assert (await client.get(url)).status == 404
                assert (await client.put(f"/v1/files/{kind}/..%2fdata%2fusers.json")).status == 400
    assert not (tmp_path / "data" / "users.json").exists()


async def test_temp_files_are_no_output_files(tmp_path: Path) -> None:
    (tmp_path / "output" / "temp").mkdir(parents=True)
    (tmp_path / "output" / "temp" / "preview.png").write_bytes(png())
    async with serving(tmp_path) as client:
        listed = await (await client.get("/v1/files/output")).json()
        assert listed["files"] == []
        assert (await client.get("/v1/files/output/temp/preview.png")).status == 404
        assert (await client.get("/v1/files/temp/preview.png")).status == 200


def left_by_killed(incoming: Path) -> Path:
    """A half upload of a server that is gone."""
    incoming.mkdir(parents=True)
    code = (
        "import sys; from pathlib import Path; from weft.engine.files.new_files import new_part;"
        "print(new_part(Path(sys.argv[1]))[1])"
    )
    command = [sys.executable, "-c", code, str(incoming)]
    return Path(subprocess.check_output(command, text=True).strip())


async def test_leftovers_of_killed_uploads_are_deleted_at_start(tmp_path: Path) -> None:
    left = left_by_killed(tmp_path / "input" / ".incoming")
    assert files_below(tmp_path / "input") == [left]
    async with serving(tmp_path):
        assert files_below(tmp_path / "input") == []


async def test_thumbnails_over_their_budget_lose_the_oldest(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    thumbnails = Thumbnails(kept, Decoder(10**6), budget=3000)
    for number in range(12):
        noise = Image.effect_noise((64, 64), 80 + number)
        noise.save(tmp_path / f"{number}.png")
        await thumbnails.get(tmp_path / f"{number}.png", 64)
    sizes = [p.stat().st_size for p in kept.rglob("*.webp")]
    assert 0 < sum(sizes) <= 3000 + max(sizes)
    assert len(sizes) < 12


async def test_thumbnail_asked_for_at_once_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weft.server.files import thumbnails as module

    made: list[Any] = []
    real = module.shrink
    monkeypatch.setattr(
        module, "shrink", lambda *arguments: made.append(arguments) or real(*arguments)
    )
    (tmp_path / "a.png").write_bytes(png(100, 100))
    thumbnails = Thumbnails(tmp_path / "kept", Decoder(10**6))
    found = await asyncio.gather(*(thumbnails.get(tmp_path / "a.png", 64) for _ in range(10)))
    assert len(set(found)) == 1
    assert len(made) == 1


async def test_thumbnail_of_odd_side_or_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.png").write_bytes(png())
    (tmp_path / "input" / "a.txt").write_bytes(b"x")
    async with serving(tmp_path) as client:
        assert (await client.get("/v1/files/input/a.png?thumbnail=65")).status == 422
        assert (await client.get("/v1/files/input/a.txt?thumbnail=64")).status == 415
