"""Files that appear complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from .new_files import new_part, set_mode


def write_atomically(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write a file so that it appears complete or not at all.

    Args:
        path: Where; its folder exists.
        content: All of it.
        mode: Who may read it; nobody else could at any moment.
    """
    handle, temporary = new_part(path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        set_mode(temporary, mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
