"""The content type under which a file is served.

Only types in which nothing can run are shown by a browser; all else is a download without a type.
The type follows the name, and `nosniff` keeps the browser from guessing another one.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
    ".avif": "image/avif",
}
_SHOWN = {
    **PICTURES,
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
}
DOWNLOAD = "application/octet-stream"


def suffix_of(name: str) -> str:
    """The last suffix in lower case, with its dot; empty for none."""
    stem, dot, last = name.rpartition(".")
    return (dot + last).lower() if stem and "/" not in last else ""


def media_type(name: str) -> str:
    """The type under which a file is sent."""
    return _SHOWN.get(suffix_of(name), DOWNLOAD)


def file_headers(name: str, *, download: bool = False) -> dict[str, str]:
    """Headers of an answer that is a file.

    Args:
        name: The file's name; only its last part is told.
        download: Whether it is to be saved even if it could be shown.
    """
    kind = media_type(name)
    shown = kind != DOWNLOAD and not download
    return {
        "Content-Type": kind,
        "Content-Disposition": disposition("inline" if shown else "attachment", name),
        "Cache-Control": "private, no-cache",
    }


def disposition(how: str, name: str) -> str:
    """A `Content-Disposition` that no file name can break out of (RFC 6266)."""
    last = name.rpartition("/")[2]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    plain = "".join(c if c.isalnum() or c in " ._-()+" else "_" for c in plain) or "file"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(last, safe='', errors='replace')}"
