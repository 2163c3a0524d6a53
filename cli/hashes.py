"""The hashes by which model sites and other programs know files."""

from __future__ import annotations

import hashlib
from pathlib import Path

_CHUNK = 8 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_of(path: Path) -> dict[str, str]:
    """All names of a safetensors file by content, in one reading.

    Returns:
        "sha256" and "blake3" of the file; "autov2", the first 10 digits of the former; "autov3",
        the first 12 of the SHA-256 of what follows the header, which stays when metadata change.

    Raises:
        OSError: It cannot be read.

    Source: AUTOMATIC1111's web UI (AutoV2), kohya-ss/sd-scripts (AutoV3); facts only.
    """
    from blake3 import blake3

    whole, content, fast = hashlib.sha256(), hashlib.sha256(), blake3(max_threads=blake3.AUTO)
    with path.open("rb") as file:
        length = file.read(8)
        header = file.read(int.from_bytes(length, "little"))
        for start in (length, header):
            whole.update(start)
            fast.update(start)
        while chunk := file.read(_CHUNK):
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
