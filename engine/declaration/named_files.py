"""Files that inputs name: found in the workspace, known by content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..errors import FileError
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


def file_digests(
    workspace: Workspace, parameters: Iterable[Parameter], names: Mapping[str, Any]
) -> tuple[bytes, ...]:
    """Sealed content digests of the named files, in the order of the parameters.

    Args:
        workspace: Where to look.
        parameters: Those that name files.
        names: Values by parameter; None stands for no file.

    Raises:
        FileError: A file is missing or cannot be read.
    """
    found = []
    for parameter in parameters:
        name = names.get(parameter.name)
        if name is None:
            found.append(NOTHING)
        elif parameter.mentions is not None:
            digests = [
                _digest(workspace, path, parameter)
                for path in mentioned_files(workspace, parameter.mentions, name)
            ]
            found.append(seal(b"M" + seal(name.encode()) + b"".join(digests)))
        elif parameter.file is not None:
            path = find_file(workspace, parameter.file, name)
            found.append(_digest(workspace, path, parameter))
    return tuple(found)


def mentioned_files(workspace: Workspace, mentions: Mentions, text: str) -> list[Path]:
    """Paths of the files that a text names.

    Raises:
        FileError: One is not there; the nearest name is offered.
    """
    return [workspace.model(mentions.kind, name) for name in mentions.names(text)]


def _digest(workspace: Workspace, path: Path, parameter: Parameter) -> bytes:
    try:
        return seal(b"F" + workspace.digests.digest(path).encode())
    except OSError as error:
        raise FileError(
            f'The file "{path.name}" cannot be read: {error.strerror}.',
            code="files.unreadable",
            port=parameter.name,
        ) from error
