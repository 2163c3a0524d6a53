"""The lock of a workflow that finished files carry."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from weft.engine.declaration.named_files import find_file
from weft.engine.declaration.registry import Registry
from weft.engine.errors import WeftError
from weft.engine.files.digest import FileDigests
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document
from weft.engine.share.lock import make_lock, named_files

from ..shared_file import described
from .folders import home
from .numerics import standard_runtime

log = logging.getLogger(__name__)


class RunLocks:
    """Makes the locks of the documents that an engine runs.

    Args:
        registry: The node types of the engine.

    Attributes:
        sha256: Gives the SHA-256 of a file; hashes are kept in `sha256.json` in weft's home.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self.sha256: Callable[[Path], str] = FileDigests(home() / "sha256.json", "sha256").digest

    def hash_ahead(self, document: Document, workspace: Workspace) -> None:
        """Hash the files that a document names before `lock` needs their hashes.

        4 GB take seconds, once. A file that cannot be read is left out: `lock` reports it.
        """
        with contextlib.suppress(WeftError, OSError):
            for file in named_files(document, self._registry):
                if file.name is not None:
                    self.sha256(find_file(workspace, file.kind, file.name))

    def lock(self, document: Document, workspace: Workspace) -> dict[str, Any] | None:
        """The lock of a document as JSON; None, with a warning in the log, if a file is missing.

        An image without a lock is still saved.
        """
        try:
            lock = make_lock(
                document,
                self._registry,
                workspace,
                standard_runtime(),
                sha256=self.sha256,
                describe=described,
            )
        except (WeftError, OSError) as error:
            log.warning("a picture gets no lock: %s", error)
            return None
        return lock.model_dump(exclude_none=True)
