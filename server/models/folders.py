"""The folders of each kind of model, and the names in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import ModelFile
from weft.engine.files.workspace import Workspace

from ..files.index import FolderIndex
from ..files.media import suffix_of

SUFFIXES = frozenset(
    {".safetensors", ".sft", ".gguf", ".onnx", ".ckpt", ".pt", ".pth", ".pt2", ".bin"}
)


class ModelFolders:
    """An index of names for each kind of model.

    Kinds are those of the workspace and those that some node asks for.

    Args:
        workspace: Where models are looked for.
        registry: The node types there are; None for the workspace's kinds only.

    Attributes:
        kinds: Names by kind.
        roots: Folders by kind, in search order.
    """

    def __init__(self, workspace: Workspace, registry: Registry | None = None) -> None:
        specs = registry.values() if registry is not None else ()
        asked = {p.file.kind for s in specs for p in s.files if isinstance(p.file, ModelFile)}
        kinds = [*workspace.kinds, *sorted(asked - set(workspace.kinds))]
        self.roots: Mapping[str, tuple[Path, ...]] = {
            kind: tuple(folder.absolute() for folder in workspace.folders(kind)) for kind in kinds
        }
        self.kinds: Mapping[str, FolderIndex] = {
            kind: FolderIndex(
                self.roots[kind],
                wanted=lambda name: suffix_of(name) in SUFFIXES,
                follow_links=True,
                whole="model_index.json",
            )
            for kind in kinds
        }

    async def names(self, kind: str) -> Sequence[str]:
        """Every name of a kind, sorted; for those who must have them all at once."""
        index = self.kinds.get(kind)
        return [] if index is None else [entry.name for entry in await index.entries()]
