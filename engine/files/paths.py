"""The one way from a name in a document to a path on disk.

Names come from strangers. A name is relative, uses `/`, stays under its folder, and is answered
in the same way whether it is forbidden or missing, so that nobody can probe for files.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

MAX_NAME = 1000
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".avif", ".tif", ".tiff"})
_CODE = frozenset({".py", ".pyi", ".pyc", ".pyo", ".pyd", ".so"})
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]|^[A-Za-z]:")
# There these name devices, and trailing dots and blanks vanish; elsewhere they are files.
_WINDOWS = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)\s*(\.|$)|.*[. ]$", re.IGNORECASE)


def safe_parts(name: str) -> tuple[str, ...] | None:
    """The parts of a relative name, or None when the name must not be used at all.

    Refused: empty and overlong names, absolute ones, drives, backslashes, control characters,
    surrogates, `.` and `..`; on Windows what names a device or another file there. What is listed
    for somebody to choose from passes here too, so that all that is listed is found. Names of new
    files have to pass `written_names.name_problem`, which asks for more.
    """
    if not name or len(name) > MAX_NAME or name.startswith("/") or _FORBIDDEN.search(name):
        return None
    parts = tuple(name.split("/"))
    for part in parts:
        if part in ("", ".", "..") or len(part) > 255:
            return None
        if os.name == "nt" and _WINDOWS.match(part):
            return None
    return parts


def find_under(root: Path, name: str, *, follow_links: bool) -> Path | None:
    """The existing file or folder `name` under `root`, or None.

    Args:
        root: A folder that its owner configured.
        name: From a document.
        follow_links: Whether a symbolic link below `root` may lead out of it. Owners link large
            model files from other disks; nothing that a stranger can write may do so.
    """
    parts = safe_parts(name)
    if parts is None:
        return None
    path = root.joinpath(*parts)
    try:
        if not path.exists():
            return None
        if not follow_links and not path.resolve().is_relative_to(root.resolve()):
            return None
    except OSError:
        return None
    return path


def is_data(name: str) -> bool:
    """Whether a file is data: False for what Python leaves in a package's folder beside it."""
    return "__pycache__" not in name.split("/") and Path(name).suffix.lower() not in _CODE


def stands_for(name: str, wanted: str) -> bool:
    """Whether a file may stand for one that is missing: a picture for a picture, or for what has no
    suffix, else one with the same suffix.
    """
    suffix, other = Path(name).suffix.lower(), Path(wanted).suffix.lower()
    if other in PICTURES or not other:
        return suffix in PICTURES
    return suffix == other


def walk_files(root: Path, *, limit: int = 100_000) -> list[str]:
    """Names of the files below a folder, `/`-separated and sorted.

    Hidden ones are left out, and those that `safe_parts` does not allow to be asked for.
    """
    names: list[str] = []
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = sorted(f for f in subfolders if not f.startswith("."))
        relative = Path(folder).relative_to(root)
        if len(relative.parts) > 16:  # a link that leads back up would go on forever
            subfolders.clear()
        found = ((relative / f).as_posix() for f in files if not f.startswith("."))
        names.extend(name for name in found if safe_parts(name) is not None)
        if len(names) >= limit:
            break
    return sorted(names[:limit])
