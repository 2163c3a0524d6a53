"""Find the path of a model file by its name."""

from __future__ import annotations

from pathlib import Path

from weft.engine.declaration.context import Run


def model_path(run: Run, kind: str, name: str) -> Path:
    """A model's path; the digest that its cache key needed is handed on, with the file's state.

    Args:
        run: Whose folders count.
        kind: Folder of the kind, such as `loras`.
        name: Name relative to the folders of that kind.

    Raises:
        FileError: There is no such file; the nearest name is offered.
    """
    from weft.diffusion.formats.digest import remember_digest

    path = run.workspace.model(kind, name)
    if path.is_file():
        found = run.workspace.digests.content(path)
        if found.settled:
            remember_digest(path, found.digest, found.stamps[0])
    return path
