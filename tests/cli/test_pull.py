"""`weft models pull` against a server that does what servers on the internet do."""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from weft.cli.main import main
from weft.cli.pull import pull as fetch
from weft.cli.pull import read_manifest

DATA = bytes(range(256)) * 9000  # 2.3 MB: several reads
SHA = hashlib.sha256(DATA).hexdigest()


class Site:
    """A web server whose answers a test chooses; `asked` are paths with their Range."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = whole
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, self.headers.get("Range")))
                site.answer(self)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def whole(handler: BaseHTTPRequestHandler) -> None:
    send(handler, 200, DATA)


def ranged(handler: BaseHTTPRequestHandler) -> None:
    """As good servers do."""
    asked = handler.headers.get("Range")
    if asked is None:
        return whole(handler)
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    span = f"bytes {start}-{len(DATA) - 1}/{len(DATA)}"
    return send(handler, 206, DATA[start:], Content_Range=span)


def breaking(handler: BaseHTTPRequestHandler) -> None:
    """Ends each connection after a million bytes."""
    asked = handler.headers.get("Range") or "bytes=0-"
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(DATA) - start))
    handler.send_header("Content-Range", f"bytes {start}-{len(DATA) - 1}/{len(DATA)}")
    handler.end_headers()
    handler.wfile.write(DATA[start : start + 1_000_000])


def redirect(to: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if "secret" in handler.path:
            whole(handler)
        else:
            send(handler, 302, b"", Location=to)

    return answer


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.01,))
    thread.start()
    yield site
    site.server.shutdown()
    thread.join()
    site.server.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Pull:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.place = folder / "models" / "loras" / "sub" / "a.safetensors"
        self.part = self.place.with_name(f".{self.place.name}.{SHA[:16]}.part")
        self.place.parent.mkdir(parents=True)

    def manifest(self, url: str, /, **changed: Any) -> Path:
        entry = {
            "kind": "loras",
            "name": "sub/a.safetensors",
            "url": f"{url}/file",
            "sha256": SHA,
            "size": len(DATA),
            **changed,
        }
        manifest = self.folder / "manifest.json"
        manifest.write_text(json.dumps({"models": [entry]}))
        return manifest

    def __call__(self, url: str, /, **changed: Any) -> tuple[int, str]:
        manifest = self.manifest(url, **changed)
        code = main(["models", "pull", str(manifest), "--models", str(self.folder / "models")])
        return code, self.capsys.readouterr().err

    @property
    def files(self) -> list[str]:
        return sorted(p.name for p in self.place.parent.iterdir())


@pytest.fixture
def pull(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Pull:
    return Pull(tmp_path, capsys)


def test_model_is_fetched_once(pull: Pull, site: Site) -> None:
    for _ in range(2):
        assert pull(site.url)[0] == 0
        assert pull.place.read_bytes() == DATA
    assert site.asked == [("/file", None)]
    assert pull.files == ["a.safetensors"]


def test_two_commands_at_once_fetch_a_model_once(
    pull: Pull, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on, said = threading.Event(), threading.Event(), Queue[str]()

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        go_on.wait()
        whole(handler)

    site.answer = slowly
    monkeypatch.setattr("weft.cli.say.err", said.put)
    manifest = read_manifest(pull.manifest(site.url))
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(fetch, manifest, pull.folder / "models")
        asked.wait()
        second = pool.submit(fetch, manifest, pull.folder / "models")
        assert said.get() == "loras/sub/a.safetensors: waiting for another download of it"
        go_on.set()
        assert first.result()
        assert second.result()
    assert site.asked == [("/file", None)]
    assert pull.files == ["a.safetensors"]
    assert pull.place.read_bytes() == DATA


def test_download_goes_on_where_it_was(pull: Pull, site: Site) -> None:
    pull.part.write_bytes(DATA[:1_500_000])
    site.answer = ranged
    assert pull(site.url)[0] == 0
    assert pull.place.read_bytes() == DATA
    assert site.asked == [("/file", "bytes=1500000-")]


def test_download_goes_on_by_itself_while_connections_bring_something(
    pull: Pull, site: Site
) -> None:
    site.answer = breaking
    assert pull(site.url)[0] == 0
    assert pull.place.read_bytes() == DATA
    assert [asked for _, asked in site.asked] == [None, "bytes=1000000-", "bytes=2000000-"]


def test_server_without_ranges_begins_anew(pull: Pull, site: Site) -> None:
    pull.part.write_bytes(b"x" * 1000)
    assert pull(site.url)[0] == 0
    assert pull.place.read_bytes() == DATA


def test_server_that_refuses_the_range_is_asked_for_the_whole(pull: Pull, site: Site) -> None:
    pull.part.write_bytes(b"x" * 1000)
    site.answer = lambda h: send(h, 416, b"") if h.headers.get("Range") else whole(h)
    assert pull(site.url)[0] == 0
    assert pull.place.read_bytes() == DATA
    assert [asked for _, asked in site.asked] == ["bytes=1000-", None]


def test_other_part_than_asked_for_is_not_put_together(pull: Pull, site: Site) -> None:
    pull.part.write_bytes(DATA[:1000])
    site.answer = lambda h: send(h, 206, DATA[7:], Content_Range=f"bytes 7-{len(DATA) - 1}/*")
    code, said = pull(site.url)
    assert code == 1
    assert "another part of the file" in said
    assert pull.part.read_bytes() == DATA[:1000]


@pytest.mark.parametrize("served", [DATA[:-1] + b"x", DATA + b"x", b"short"])
def test_other_content_is_thrown_away(served: bytes, pull: Pull, site: Site) -> None:
    site.answer = lambda h: send(h, 200, served)
    code, said = pull(site.url)
    assert code == 1
    assert "was deleted" in said or "ended after" in said
    assert not pull.place.exists()
    site.answer = whole
    assert pull(site.url)[0] == 0  # and the next try is as good as the first
    assert pull.place.read_bytes() == DATA


def test_file_that_changed_on_the_server_meanwhile_is_thrown_away(pull: Pull, site: Site) -> None:
    other = bytes(len(DATA))
    pull.part.write_bytes(DATA[:1000])
    span = f"bytes 1000-{len(DATA) - 1}/{len(DATA)}"
    site.answer = lambda h: send(h, 206, other[1000:], Content_Range=span, ETag='"new"')
    code, said = pull(site.url)
    assert code == 1
    assert "does not match the manifest" in said
    assert pull.files == []


def test_file_of_another_content_is_not_replaced(pull: Pull, site: Site) -> None:
    pull.place.write_bytes(b"mine")
    code, said = pull(site.url)
    assert code == 1
    assert "another content" in said
    assert (pull.place.read_bytes(), site.asked) == (b"mine", [])


def test_missing_file_is_said_with_its_status(pull: Pull, site: Site) -> None:
    site.answer = lambda h: send(h, 404, b"no")
    code, said = pull(site.url)
    assert code == 1
    assert "404" in said
    assert pull.files == []


def test_full_disk_is_said_before_and_while_it_is_met(
    pull: Pull, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = pull(site.url, size=2**60)
    assert code == 1
    assert "bytes are needed" in said
    assert site.asked == []
    really = Path.open

    def full(path: Path, mode: str = "r", *more: Any, **named: Any) -> Any:
        if path == pull.part and mode in ("ab", "wb"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(path, mode, *more, **named)

    monkeypatch.setattr(Path, "open", full)
    code, said = pull(site.url)
    assert code == 1
    assert "No space left" in said
    monkeypatch.undo()
    assert pull(site.url)[0] == 0


def test_redirect_is_followed_on_the_web(pull: Pull, site: Site) -> None:
    site.answer = redirect(f"{site.url}/secret")
    assert pull(site.url)[0] == 0
    assert [path for path, _ in site.asked] == ["/file", "/secret"]


@pytest.mark.parametrize(
    "to",
    ["{}/secret", "http://169.254.169.254/secret", "http://[::1]/secret", "http://10.1.2.3/secret",
     "ftp://example.com/secret", "file:///etc/passwd"],
)  # fmt: skip
def test_redirect_from_the_internet_to_nearby_is_refused(
    to: str, pull: Pull, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By way of a proxy, so that an address of the internet can be asked here."""
    monkeypatch.setenv("http_proxy", site.url)
    site.answer = redirect(to.format(site.url))
    code, said = pull("http://far.invalid")
    assert code == 1
    assert "redirects to" in said or "redirection" in said.lower()
    assert [path for path, _ in site.asked] == ["http://far.invalid/file"]
    assert pull.files == []


def test_proxy_is_used_where_the_environment_names_one(
    pull: Pull, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", site.url)
    assert pull("http://far.invalid")[0] == 0
    assert site.asked == [("http://far.invalid/file", None)]


@pytest.mark.parametrize(
    "changed",
    [{"name": "../a"}, {"name": "/etc/a"}, {"kind": "nowhere"}, {"url": "file:///etc/passwd"},
     {"url": "ftp://x/y"}, {"sha256": "0"}, {"size": 0}, {"size": -1}, {"more": 1}],
)  # fmt: skip
def test_bad_manifest_is_refused_whole(changed: dict[str, Any], pull: Pull, site: Site) -> None:
    assert pull(site.url, **changed)[0] == 2
    assert site.asked == []
