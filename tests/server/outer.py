"""A server without workers, for tests of what stands in front of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from weft.server.app import create_app
from weft.server.settings import Limits, Settings

Client = TestClient[Any, Any]
TOKEN = "a-token-of-some-length"

# Names that must never lead anywhere. `secret.txt` lies beside the folders that are served.
BAD_NAMES = (
    "../secret.txt",
    "../../secret.txt",
    "sub/../../secret.txt",
    "./../secret.txt",
    "..",
    ".",
    "",
    "/etc/passwd",
    "//etc/passwd",
    "..\\secret.txt",
    "..\\..\\secret.txt",
    "C:\\Windows\\win.ini",
    "C:/Windows/win.ini",
    "c:secret.txt",
    "\\\\host\\share\\x.png",
    "file:///etc/passwd",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%2fsecret.txt",
    "..%5csecret.txt",
    "%252e%252e%252fsecret.txt",
    "secret.txt\0.png",
    "a\r\nX-Injected: 1.png",
    "a\n.png",
    "..\u2024/secret.txt",
    "\u2025/secret.txt",
    "\uff0e\uff0e/secret.txt",
    "..\uff0fsecret.txt",
    "..\u2215secret.txt",
    "con",
    "NUL.png",
    "sub/com1.txt",
    "trailing.",
    "trailing ",
    "x" * 256,
    "a/" * 600 + "b.png",
    "__proto__/../../secret.txt",
    "link.txt",
    "linked/secret.txt",
    ".hidden",
    ".incoming/x",
)


def settings(folder: Path, **more: Any) -> Settings:
    """Settings with all folders below one, and small limits."""
    defaults: dict[str, Any] = {
        "data": folder / "data",
        "input": folder / "input",
        "output": folder / "output",
        "workers": 0,
        "warm": False,
        "packs": False,
        "limits": Limits(upload_bytes=2**20, pixels=1_000_000),
    }
    return Settings(**{**defaults, **more})


@asynccontextmanager
async def serving(folder: Path, **more: Any) -> AsyncIterator[Client]:
    """A client of a fresh server; `more` are settings."""
    for name in ("input", "output"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    async with TestClient(TestServer(create_app(settings(folder, **more)))) as client:
        yield client


def plant(folder: Path) -> None:
    """Put a secret beside the served folders, and links to it into them."""
    (folder / "secret.txt").write_text("SECRET")
    (folder / "data").mkdir(exist_ok=True)
    for kind in ("input", "output", "output/temp"):
        place = folder / kind
        place.mkdir(parents=True, exist_ok=True)
        (place / "link.txt").symlink_to(folder / "secret.txt")
        (place / "linked").symlink_to(folder)
        (place / ".hidden").write_text("SECRET")


def png(width: int = 8, height: int = 8, colour: str = "red", **info: Any) -> bytes:
    """A small picture as a PNG file."""
    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG", **info)
    return file.getvalue()


def form(content: bytes, name: str, field: str = "file", **fields: str) -> dict[str, Any]:
    """A request with a form that has one file, its name sent as it is."""
    lines = []
    for key, value in fields.items():
        lines += [f'--b0undary\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n']
    lines += [f'--b0undary\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"']
    head = "".join(lines).encode("utf-8", "surrogatepass")
    body = head + b"\r\n\r\n" + content + b"\r\n--b0undary--\r\n"
    return {
        "data": BytesIO(body),
        "headers": {"Content-Type": "multipart/form-data; boundary=b0undary"},
    }
