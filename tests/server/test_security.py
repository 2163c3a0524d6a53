"""One test a class of fault that systems like this one had. Traversal and uploads: `files/`."""

from __future__ import annotations

import asyncio
import json
import pickle
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import WSServerHandshakeError
from yarl import URL

from tests.server.outer import BAD_NAMES, TOKEN, form, plant, png, serving
from weft.engine.errors import WeftError
from weft.server.app import create_app
from weft.server.settings import Limits, Settings

ROOT = Path(__file__).parent.parent.parent
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PAGES = ["x.svg", "x.html", "x.xml", "x.js", "x.mhtml", "x.pdf", "x.png.svg", "x.SVG"]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


class Gadget:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


# -- files that run --------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pkl", ".pt", ".ckpt", ".bin", ".safetensors", ".latent"])
async def test_pickle_under_any_name_is_never_loaded(tmp_path: Path, suffix: str) -> None:
    from weft.diffusion.errors import DiffusionError
    from weft.diffusion.files.inspection import inspect_file

    marker = tmp_path / "marker"
    gadget = pickle.dumps(Gadget(marker))
    models = tmp_path / "models" / "checkpoints"
    models.mkdir(parents=True)
    (models / f"x{suffix}").write_bytes(gadget)
    async with serving(tmp_path, models=[tmp_path / "models"]) as client:
        await client.post("/v1/files/input", **form(gadget, f"x{suffix}"))
        await client.post("/upload/image", **form(gadget, f"x{suffix}", "image"))
        await client.get(f"/v1/files/input/x{suffix}?thumbnail=64")
        await client.get(
            "/view", params={"filename": f"x{suffix}", "type": "input", "channel": "a"}
        )
        await client.get("/view_metadata/checkpoints", params={"filename": f"x{suffix}"})
        await client.get("/v1/models/checkpoints")
    with pytest.raises(DiffusionError):
        inspect_file(models / f"x{suffix}")
    assert not marker.exists()


def test_no_code_unpickles_or_evaluates() -> None:
    forbidden = re.compile(
        r"\btorch\.load\b|\bpickle\.load|^\s*import pickle|\beval\(|\bexec\(", re.MULTILINE
    )
    model_eval = re.compile(r"\.eval\(\)")  # a network's mode, not Python's function
    for folder in ("engine", "diffusion", "nodes", "server", "cli"):
        for path in (ROOT / folder).rglob("*.py"):
            if path.name == "unpickle_child.py":
                continue  # a process of its own, weights only: tested with pickles that run code
            text = model_eval.sub("", path.read_text("utf-8"))
            assert not forbidden.search(text), path


@pytest.mark.parametrize("name", PAGES)
async def test_pages_among_uploads_are_downloads(tmp_path: Path, name: str) -> None:
    page = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    async with serving(tmp_path) as client:
        await client.post("/v1/files/input", **form(page, name))
        await client.post(f"/userdata/{name}", data=page)
        for url in (
            f"/v1/files/input/{name}",
            f"/view?filename={name}&type=input",
            f"/userdata/{name}",
        ):
            answer = await client.get(url)
            assert answer.status == 200
            assert answer.headers["Content-Type"] == "application/octet-stream"
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_picture_that_is_also_a_page_is_shown_as_picture_only(tmp_path: Path) -> None:
    both = png() + b"<html><script>alert(1)</script></html>"
    async with serving(tmp_path) as client:
        assert (await client.post("/v1/files/input", **form(both, "x.html.png"))).status == 201
        answer = await client.get("/v1/files/input/x.html.png")
        assert answer.headers["Content-Type"] == "image/png"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")


# -- paths -----------------------------------------------------------------------------------------


async def test_bad_names_through_comfyui_routes_reach_nothing(tmp_path: Path) -> None:
    plant(tmp_path)
    async with serving(tmp_path) as client:
        missing = await client.get("/view", params={"filename": "none.png", "type": "input"})
        for name in BAD_NAMES:
            for params in (
                {"filename": name, "type": "input"},
                {"filename": "secret.txt", "subfolder": name, "type": "input"},
                {"filename": f"{name} [output]"},
            ):
                answer = await client.get("/view", params=params)
                assert b"SECRET" not in await answer.read()
                assert answer.status in (400, missing.status), (name, params)
            for method, url in (
                ("GET", "/userdata/"),
                ("POST", "/userdata/"),
                ("DELETE", "/userdata/"),
            ):
                place = URL(url + quote(name, safe="", errors="surrogatepass"), encoded=True)
                answer = await client.request(method, place, data=b"x")
                assert b"SECRET" not in await answer.read()
                assert answer.status < 500, name
            answer = await client.get("/userdata", params={"dir": name})
            assert answer.status in (200, 400, 404)
            answer = await client.post(
                "/upload/image", **form(png(), name + ".png", "image", subfolder=name)
            )
            assert answer.status < 500, name
            answer = await client.get("/view_metadata/checkpoints", params={"filename": name})
            assert answer.status == 404
    served = [
        tmp_path / "weft-home",
        tmp_path / "input",
        tmp_path / "output",
        tmp_path / "data" / "comfy" / "local" / "files",
    ]
    for path in files_below(tmp_path):
        inside = any(path.is_relative_to(s) for s in served)
        assert inside or path.name == "secret.txt" or "data" in path.parts
    assert (tmp_path / "secret.txt").read_text() == "SECRET"
    assert {p.name for p in (tmp_path / "data" / "comfy").iterdir()} <= {"local"}


async def test_bad_names_through_node_inputs_look_like_missing_ones(tmp_path: Path) -> None:
    plant(tmp_path)

    def workflow(name: str) -> dict[str, Any]:
        nodes: dict[str, Any] = {
            "a": {"type": "LoadImage", "inputs": {"file": name}},
            "b": {"type": "PreviewImage", "inputs": {"images": {"link": "a.image"}}},
        }
        return {"workflow": {"nodes": nodes}}

    async with serving(tmp_path) as client:
        for name in BAD_NAMES:
            if name == ".hidden":  # lies there, and holds nothing that a workflow may not read
                continue
            answer = await client.post("/v1/validate", json=workflow(name))
            found = await answer.json()
            assert not found["valid"], name
            assert [p["code"] for p in found["problems"]] == ["files.not_found"], name
            assert "SECRET" not in json.dumps(found)


async def test_configuration_is_behind_no_route_that_writes(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for name in ("../users.json", "../../users.json", "..%2F..%2Fusers.json"):
            await client.post(f"/userdata/{name.replace('/', '%2F')}", data=b"{}")
            await client.post("/upload/image", **form(b"{}", name, "image", subfolder="../data"))
        answer = await client.post("/settings", json={"a\r\nb": "c\r\nd", "__class__": {"x": 1}})
        assert answer.status == 200
        kept = await (await client.get("/settings")).json()
        assert kept == {"a\r\nb": "c\r\nd", "__class__": {"x": 1}}
    assert "users.json" not in {path.name for path in files_below(tmp_path)}


# -- other pages and other names -------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_post_of_another_page_changes_nothing(
    tmp_path: Path, origin: str, kind: str | None
) -> None:
    headers = {"Origin": origin} | ({"Content-Type": kind} if kind else {})
    async with serving(tmp_path) as client:
        for path in (
            "/prompt",
            "/api/prompt",
            "/upload/image",
            "/v1/jobs",
            "/v1/files/input",
            "/queue",
        ):
            assert (await client.post(path, data=b"{}", headers=headers)).status == 403
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect("/ws", headers={"Origin": origin})
        assert caught.value.status == 403
        assert (await client.get("/v1/jobs", headers={"Sec-Fetch-Site": "same-site"})).status == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8188", "", "localhost.evil.example"]
)
async def test_foreign_host_name_is_refused_even_on_loopback(tmp_path: Path, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    async with serving(tmp_path) as client:
        for path in ("/", "/v1/health", "/v1/nodes", "/view?filename=x"):
            assert (await client.get(path, headers=headers)).status == 421
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect("/ws", headers=headers)
        assert caught.value.status == 421


async def test_allowed_page_gets_its_own_name_and_no_credentials(tmp_path: Path) -> None:
    page = "https://friend.example"
    async with serving(tmp_path, allowed_origins=(page,)) as client:
        answer = await client.get("/v1/jobs", headers={"Origin": page})
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] == page
        assert "Access-Control-Allow-Credentials" not in answer.headers
        ahead = await client.options(
            "/v1/jobs", headers={"Origin": page, "Access-Control-Request-Method": "POST"}
        )
        assert ahead.status == 204
        assert (await client.get("/v1/jobs", headers={"Origin": "https://x.example"})).status == 403


# -- tokens ----------------------------------------------------------------------------------------


async def test_every_route_asks_for_the_token(tmp_path: Path) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        assert client.app is not None
        asked = 0
        for route in client.app.router.routes():
            path = re.sub(r"\{[^}]*\}", "x", route.resource.canonical) if route.resource else "/"
            if route.method == "HEAD" or path in ("/login", "/v1/health"):
                continue
            answer = await client.request(route.method, path)
            assert answer.status == 401, (route.method, path)
            asked += 1
        assert asked > 100
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.ws_connect("/ws")
        assert caught.value.status == 401


async def test_token_opens_by_header_and_by_cookie_and_never_by_query(tmp_path: Path) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        assert (await client.get("/v1/jobs", headers=BEARER)).status == 200
        assert (await client.get(f"/v1/jobs?token={TOKEN}")).status == 401
        wrong = await client.post("/login", data={"token": TOKEN + "x"})
        assert wrong.status == 401
        entered = await client.post("/login", data={"token": TOKEN}, allow_redirects=False)
        assert (entered.status, entered.headers["Location"]) == (303, "/")
        cookie = entered.cookies["weft_session"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert TOKEN not in cookie.value
        session = {"Cookie": f"weft_session={cookie.value}"}
        assert (await client.get("/v1/jobs", headers=session)).status == 200
        forged = {"Cookie": f"weft_session={cookie.value[:-4]}0000"}
        async with serving(tmp_path / "other", token=TOKEN) as stranger:
            assert (await stranger.get("/v1/jobs", headers=forged)).status == 401
            assert (await stranger.get("/v1/jobs", headers=session)).status == 200


async def test_wrong_tokens_are_slowed_down_and_right_ones_are_not(tmp_path: Path) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        guesses = [
            (await client.get("/v1/jobs", headers={"Authorization": f"Bearer {n}"})).status
            for n in range(15)
        ]
        assert guesses[:10] == [401] * 10
        assert guesses[-1] == 429
        assert (await client.get("/v1/jobs", headers=BEARER)).status == 200


async def test_no_route_goes_where_a_stranger_says(tmp_path: Path) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        for query in ("next", "url", "redirect", "return_to"):
            answer = await client.get(
                f"/?{query}=https://evil.example&token={TOKEN}", allow_redirects=False
            )
            assert answer.headers["Location"] == f"/login?token={TOKEN}"
            given = {"token": TOKEN, query: "https://evil.example"}
            entered = await client.post("/login", data=given, allow_redirects=False)
            assert entered.headers["Location"] == "/"


def test_server_open_to_others_without_token_does_not_start(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1", "127.0.0.1,0.0.0.0"):
        with pytest.raises(WeftError) as caught:
            create_app(Settings(host=host, data=tmp_path / "d", output=tmp_path / "o", workers=0))
        assert caught.value.code == "guard.no_token"


# -- no such thing ---------------------------------------------------------------------------------


async def test_nothing_installs_fetches_or_evaluates(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        assert client.app is not None
        paths = {r.resource.canonical for r in client.app.router.routes() if r.resource}
    words = re.compile(r"install|pip|download|fetch|proxy|exec|eval|manager|customnode")
    assert not [path for path in paths if words.search(path.lower())]


async def test_answers_do_not_tell_versions_of_libraries(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        for path in ("/", "/v1/health", "/nothing", "/prompt"):
            assert (await client.get(path)).headers["Server"] == "weft"


async def test_get_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "a.png").write_bytes(png())
    async with serving(tmp_path) as client:
        assert client.app is not None
        before = await (await client.get("/v1/queue")).json()
        files = {p: p.read_bytes() for p in (tmp_path / "input").rglob("*") if p.is_file()}
        for route in client.app.router.routes():
            path = (
                re.sub(r"\{[^}]*\}", "a.png", route.resource.canonical) if route.resource else "/"
            )
            if route.method != "GET" or path in ("/v1/events", "/v1/events/stream"):
                continue
            async with asyncio.timeout(20):
                answer = await client.get(path, params={"clear": "true", "delete": "a.png"})
                answer.close()
            assert answer.status != 500, path
        assert await (await client.get("/v1/queue")).json() == before
        assert {p: p.read_bytes() for p in (tmp_path / "input").rglob("*") if p.is_file()} == files
        assert not list((tmp_path / "data" / "comfy").rglob("*"))


# -- too much --------------------------------------------------------------------------------------


async def test_too_large_requests_are_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    limits = Limits(body_bytes=100_000, upload_bytes=100_000, nodes=50)
    many = {str(n): {"class_type": "PreviewImage", "inputs": {}} for n in range(60)}
    deep: Any = {"a": 1}
    for _ in range(100):
        deep = {"a": deep}
    async with serving(tmp_path, limits=limits) as client:
        long = "x" * 10_000
        assert 400 <= (await client.get("/v1/files/input/" + long)).status < 500
        assert (await client.post("/v1/jobs", data=b"x" * 200_000)).status == 413
        assert (await client.post("/prompt", data=b"x" * 200_000)).status == 413
        answer = await client.post("/v1/validate", json={"workflow": many})
        assert answer.status == 413
        assert (await client.post("/prompt", json={"prompt": many})).status == 400
        assert 400 <= (await client.post("/v1/validate", json={"workflow": deep})).status < 500
        for key in ("__proto__", "__class__.__getattribute__", "constructor"):
            body = {"workflow": {"nodes": {}}, "set": {key: 1}}
            assert 400 <= (await client.post("/v1/validate", json=body)).status < 500
        assert (await client.get("/v1/health")).status == 200


async def test_picture_that_unpacks_to_too_much_is_refused_unread(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:  # at most a million pixels
        answer = await client.post("/v1/files/input", **form(png(1100, 1000), "big.png"))
        assert answer.status == 413
        (tmp_path / "input" / "big.png").write_bytes(png(1100, 1000))
        assert (await client.get("/v1/files/input/big.png?thumbnail=64")).status == 413


async def test_client_id_of_another_user_hears_nothing_of_theirs(tmp_path: Path) -> None:
    from weft.server.guard.users import Role, Users

    users = Users(tmp_path / "data" / "users.json")
    ann, bob = ({"Authorization": f"Bearer {users.add(n, Role.runner)}"} for n in ("ann", "bob"))
    prompt = {"1": {"class_type": "Float", "inputs": {"value": 1.0}}}
    prompt |= {"2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}
    async with serving(tmp_path) as client:
        async with (
            client.ws_connect("/ws?clientId=same", headers=ann) as hers,
            client.ws_connect("/ws?clientId=same", headers=bob) as his,
        ):
            assert (await hers.receive_json())["data"]["sid"] == "same"
            assert (await his.receive_json())["data"]["sid"] == "same"
            refused = await client.post("/prompt", json={"prompt": prompt}, headers=ann)
            assert refused.status == 400
            assert not hers.closed
            assert not his.closed
        assert (await client.post("/free", json={}, headers=ann)).status == 403
        assert (await client.post("/settings", json={}, headers=ann)).status == 403
        assert (await client.get("/v1/jobs", headers=bob)).status == 200


@pytest.mark.parametrize("kind", ["multipart/form-data", "application/json", "text/plain"])
async def test_login_with_any_body_is_refused_without_a_fault(tmp_path: Path, kind: str) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        for body in (b"", b"\xff", b"token=%ff", b"&" * 5000, b"token=" + b"x" * 50_000):
            answer = await client.post("/login", data=body, headers={"Content-Type": kind})
            assert answer.status in (401, 429)


@pytest.mark.parametrize(
    ("language", "told"), [("en-GB,en;q=0.9", "This token is not valid."), ("zh-CN", "令牌无效。")]
)
async def test_login_with_a_wrong_token_in_a_browser_shows_the_form_again(
    tmp_path: Path, language: str, told: str
) -> None:
    async with serving(tmp_path, token=TOKEN) as client:
        headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
        answer = await client.post("/login", data={"token": "<b>wrong</b>"}, headers=headers)
        assert answer.status == 401
        assert answer.content_type == "text/html"
        page = await answer.text()
        assert told in page
        assert 'name="token"' in page
        assert "<b>" not in page


async def test_first_user_closes_an_open_server_and_a_removed_one_is_out(tmp_path: Path) -> None:
    async with serving(tmp_path) as client:
        early = await client.post("/v1/users", json={"name": "bob", "role": "runner"})
        assert early.status == 409
        added = await client.post("/v1/users", json={"name": "ann", "role": "admin"})
        assert added.status == 201
        ann = {"Authorization": f"Bearer {(await added.json())['token']}"}
        assert (await client.get("/v1/jobs")).status == 401
        told = await client.post("/v1/users", json={"name": "bob"}, headers=ann)
        bob = {"Authorization": f"Bearer {(await told.json())['token']}"}
        assert (await client.get("/v1/jobs", headers=bob)).status == 200
        assert (await client.get("/v1/users", headers=bob)).status == 403
        listed = await (await client.get("/v1/users", headers=ann)).json()
        assert listed["users"] == [
            {"name": "ann", "role": "admin", "owner": "ann"},
            {"name": "bob", "role": "runner", "owner": "bob"},
        ]
        for name, status in (("a b", 400), ("bob", 409)):
            again = await client.post("/v1/users", json={"name": name}, headers=ann)
            assert again.status == status
        assert (await client.delete("/v1/users/bob", headers=ann)).status == 204
        assert (await client.get("/v1/jobs", headers=bob)).status == 401
