"""Model files by the names and hashes that other programs wrote down."""

from __future__ import annotations

import contextlib
import re
from pathlib import PurePosixPath

from weft.engine.files.workspace import Workspace
from weft.nodes.standard.folders import standard_workspace
from weft.server.models.facts import standard_index

_HASH = re.compile(r"[0-9a-f]{8,64}")


class ModelFinder:
    """Finds model files in the usual folders, and by hash in the index.

    Args:
        workspace: Where to look; None for the usual folders.
    """

    def __init__(self, workspace: Workspace | None = None) -> None:
        self._workspace = workspace if workspace is not None else standard_workspace()

    def __call__(self, kind: str, name: str, digest: str | None) -> str | None:
        """The name of a model file; None if there is none.

        Args:
            kind: Such as `checkpoints`.
            name: With or without folder and suffix.
            digest: The beginning of its SHA-256 or AutoV3, which comes before the name; or None.
        """
        names = self._workspace.list_models(kind)
        by_hash = self._by_hash(kind, digest) if digest is not None else None
        if by_hash is not None:
            return by_hash
        wanted = name.replace("\\", "/").casefold()
        for each in names:
            if wanted in _spellings(each):
                return each
        return next((n for n in names if wanted in _spellings(n.rpartition("/")[2])), None)

    def _by_hash(self, kind: str, digest: str) -> str | None:
        if not _HASH.fullmatch(digest.lower()):
            return None
        with contextlib.closing(standard_index()) as known:
            rows = known.find(digest.lower())
        paths = {row.path for row in rows}
        for folder in self._workspace.folders(kind):
            for name in self._workspace.list_models(kind):
                if str(folder.absolute() / name) in paths and (folder / name).exists():
                    return name
        return None


def _spellings(name: str) -> tuple[str, str]:
    """A name with and without its suffix."""
    return name.casefold(), str(PurePosixPath(name).with_suffix("")).casefold()
