"""Files that inputs name: found in the workspace, known by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileError
from ..files.stamp import Stamp
from ..files.workspace import Workspace
from ..store.values import seal
from .node import Parameter
from .widgets import InputFile, Mentions, ModelFile

NOTHING = seal(b"N")


def find_file(workspace: Workspace, kind: ModelFile | InputFile, name: str) -> Path:
    """Path of the file that a parameter names.

    Raises:
        FileError: It is not there.
    """
    if isinstance(kind, ModelFile):
        return workspace.model(kind.kind, name)
    return workspace.input(name)


class NamedFiles:
    """The files that some inputs name, as they are when this is made; they are read if need be.

    Args:
        workspace: Where to look.
        parameters: Those that name files.
        names: Values by parameter; None stands for no file.

    Attributes:
        digests: Sealed content digests, in the order of the parameters.

    Raises:
        FileError: A file is missing, cannot be read, or changes while it is read.
    """

    def __init__(
        self, workspace: Workspace, parameters: Iterable[Parameter], names: Mapping[str, Any]
    ) -> None:
        self._workspace = workspace
        self._parameters = tuple(parameters)
        self._names = names
        self.digests, self._stamps = self._look()

    def unchanged(self) -> bool:
        """Whether the files are still those that were read, and were nothing else in between."""
        try:
            return (self.digests, self._stamps) == self._look()
        except FileError:
            return False

    def _look(self) -> tuple[tuple[bytes, ...], tuple[Stamp, ...]]:
        digests: list[bytes] = []
        stamps: list[Stamp] = []
        for parameter in self._parameters:
            name = self._names.get(parameter.name)
            if name is None:
                digests.append(NOTHING)
            elif parameter.mentions is not None:
                paths = mentioned_files(self._workspace, parameter.mentions, name)
                inner = [self._content(path, parameter, stamps) for path in paths]
                digests.append(seal(b"M" + seal(name.encode()) + b"".join(inner)))
            elif parameter.file is not None:
                path = find_file(self._workspace, parameter.file, name)
                digests.append(self._content(path, parameter, stamps))
        return tuple(digests), tuple(stamps)

    def _content(self, path: Path, parameter: Parameter, stamps: list[Stamp]) -> bytes:
        try:
            found = self._workspace.digests.content(path)
        except OSError as error:
            raise FileError(
                f'The file "{path.name}" cannot be read: {error.strerror}.',
                code="files.unreadable",
                port=parameter.name,
            ) from error
        stamps += found.stamps
        return seal(b"F" + found.digest.encode())


def mentioned_files(workspace: Workspace, mentions: Mentions, text: str) -> list[Path]:
    """Paths of the files that a text names.

    Raises:
        FileError: One is not there; the nearest name is offered.
    """
    return [workspace.model(mentions.kind, name) for name in mentions.names(text)]
