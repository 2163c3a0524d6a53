"""The hashes by which model sites and other programs know files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from blake3 import blake3

_CHUNK = 8 << 20
_LARGEST_HEADER = 100_000_000  # bytes; what the safetensors library takes


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def autov1_of(path: Path) -> str | None:
    """The oldest name of a model file by content: 8 digits of the SHA-256 of 64 KiB after the first
    MiB; None of a file that ends before, of which it would say nothing.

    Raises:
        OSError: It cannot be read.

    Source: AUTOMATIC1111's web UI; facts only.
    """
    with path.open("rb") as file:
        file.seek(1 << 20)
        part = file.read(1 << 16)
    return hashlib.sha256(part).hexdigest()[:8] if len(part) == 1 << 16 else None


def hashes_of(path: Path, check: Callable[[], None] = lambda: None) -> dict[str, str]:
    """All names of a model file by content, in one reading.

    Args:
        path: A file.
        check: Called often; whatever it raises ends the reading.

    Returns:
        "sha256" and "blake3" of the file; "autov2", the first 10 digits of the former; "autov3",
        the first 12 of the SHA-256 of what follows a safetensors header, which stays when metadata
        change. Of other files "autov3" means nothing.

    Raises:
        OSError: It cannot be read.

    Source: AUTOMATIC1111's web UI (AutoV2), kohya-ss/sd-scripts (AutoV3); facts only.
    """
    whole, content, fast = hashlib.sha256(), hashlib.sha256(), blake3(max_threads=blake3.AUTO)
    with path.open("rb") as file:
        length = file.read(8)
        header = file.read(min(int.from_bytes(length, "little"), _LARGEST_HEADER))
        for start in (length, header):
            whole.update(start)
            fast.update(start)
        while chunk := file.read(_CHUNK):
            check()
            whole.update(chunk)
            content.update(chunk)
            fast.update(chunk)
    sha = whole.hexdigest()
    return {
        "sha256": sha,
        "autov2": sha[:10],
        "autov3": content.hexdigest()[:12],
        "blake3": fast.hexdigest(),
    }
