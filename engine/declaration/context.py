"""`Run`: the services of a run that a node function can use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from ..cancel import CancelToken
from ..events import Event, NodeArtifact, NodePreview, NodeProgress
from ..files.workspace import Workspace


class Run:
    """Progress, cancellation, folders and the workflow itself, for one call of one node.

    A node function receives it through a parameter annotated `Run`. Made without arguments it
    is a run of its own that reports to nobody, so that a node can be called as a function.

    Args:
        node: Id of the node.
        run: Id of the run.
        workspace: Folders; None for the current directory without models.
        document: The resolved workflow as JSON data, for embedding.
        seeds: Every seed of the run, `node.parameter` -> value.
        token: Cancellation.
        emit: Where events go; may be called from any thread.
        texts: Tells what more texts written files shall carry, by name: what whoever asked for the
            run gave along, and the workflow in ComfyUI's API format where it can be said.
        lock: Tells what the workflow is made with, as JSON data; None where that is not known.
        began: When the run began, in local time; None for now.
    """

    __slots__ = (
        "_emit",
        "_token",
        "began",
        "document",
        "id",
        "lock",
        "node",
        "seeds",
        "texts",
        "workspace",
    )

    def __init__(
        self,
        node: str = "node",
        run: str = "run",
        workspace: Workspace | None = None,
        document: Mapping[str, Any] | None = None,
        seeds: Mapping[str, int] | None = None,
        token: CancelToken | None = None,
        emit: Callable[[Event], None] | None = None,
        texts: Callable[[], Mapping[str, str]] = dict,
        lock: Callable[[], Mapping[str, Any] | None] = lambda: None,
        began: datetime | None = None,
    ) -> None:
        self.began = began if began is not None else datetime.now().astimezone()
        self.node = node
        self.id = run
        self.workspace = workspace if workspace is not None else Workspace()
        self.document = document if document is not None else {}
        self.seeds = seeds if seeds is not None else {}
        self._token = token if token is not None else CancelToken()
        self._emit = emit
        self.lock = lock
        self.texts = texts

    @property
    def watched(self) -> bool:
        """Whether anybody listens: without, no preview need be painted."""
        return self._emit is not None

    def check(self) -> None:
        """Return, or raise `Cancelled` when the run is to stop. Call it in every loop."""
        self._token.check()

    def progress(self, value: int, total: int, message: str | None = None) -> None:
        """Report `value` of `total` steps done, and check for cancellation."""
        self._token.check()
        if self._emit is not None:
            self._emit(NodeProgress(self.id, self.node, value, total, message))

    def preview(self, image: bytes, media_type: str) -> None:
        """Show a preview image, encoded as `media_type`."""
        if self._emit is not None:
            self._emit(NodePreview(self.id, self.node, image, media_type))

    def write(
        self,
        prefix: str,
        suffix: str,
        fill: Callable[[BinaryIO], object],
        *,
        image: Mapping[str, int] | None = None,
    ) -> Path:
        """Write a new numbered file into the output folder, and give its path.

        Args:
            prefix: Name before the number, from a parameter marked `FilePrefix`. Its tokens of
                time stand for the time that the run began, for all files of the run.
            suffix: With its dot.
            fill: Writes the content.
            image: `width` and `height` in pixels and `batch_num` (0 for the first), which the
                tokens of these names stand for; None where the file is no image.

        Raises:
            FileError: The name cannot be used, or the disk refuses.
        """
        return self.workspace.write(prefix, suffix, fill, began=self.began, image=image)

    def artifact(self, path: Path, media_type: str, *, temporary: bool = False) -> None:
        """Report a file that is complete at `path`."""
        if self._emit is not None:
            self._emit(NodeArtifact(self.id, self.node, str(path), media_type, temporary))
