"""Which models there are, by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...engine.registry import Registry
from ...engine.widgets import ModelFile
from ...engine.workspace import KINDS, Workspace
from .index import FolderIndex
from .media import suffix_of

SUFFIXES = frozenset(
    {".safetensors", ".sft", ".gguf", ".onnx", ".ckpt", ".pt", ".pth", ".pt2", ".bin"}
)


class Models:
    """An index for each kind of model.

    Kinds are those of `engine.workspace` and those that some node asks for.

    Args:
        workspace: Where models are looked for.
        registry: The node types there are.
    """

    def __init__(self, workspace: Workspace, registry: Registry) -> None:
        asked = {
            p.file.kind for s in registry.values() for p in s.files if isinstance(p.file, ModelFile)
        }
        kinds = [*KINDS, *sorted(asked - set(KINDS))]
        self.kinds: Mapping[str, FolderIndex] = {
            kind: FolderIndex(
                workspace.folders(kind),
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

    async def read_all(self) -> None:
        """Look at every folder once."""
        for index in self.kinds.values():
            await index.entries()
