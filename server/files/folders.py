"""The three kinds of folders that files are read from and written to."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Literal

from weft.engine.files.new_files import clean_parts
from weft.engine.files.paths import find_under, is_data
from weft.engine.files.workspace import Workspace
from weft.engine.files.written_names import PREVIEWS, shown_problem

from ..api.errors import ApiError
from .index import FolderIndex

Kind = Literal["input", "output", "temp"]
# What the system says of a name: a file stands where a folder should, it is too long, it leads in a
# circle. Anything else is trouble with the disk.
NAME_TROUBLE = frozenset(
    {errno.EEXIST, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EILSEQ}
)
KINDS: tuple[Kind, ...] = ("input", "output", "temp")


class Folders:
    """Where files of each kind lie.

    `temp` holds previews: it lies below the output folder and is no part of it here.

    Args:
        workspace: As workers have it.
        uploads: The input folder that may be written to; the first of the workspace.
    """

    def __init__(self, workspace: Workspace, uploads: Path) -> None:
        temp = workspace.output / "temp"
        self._read: dict[Kind, tuple[Path, ...]] = {
            "input": workspace.inputs,
            "output": (workspace.output,),
            "temp": (temp,),
        }
        self._write: dict[Kind, Path] = {
            "input": uploads,
            "output": workspace.output,
            "temp": temp,
        }
        self.indexes = {
            kind: FolderIndex(
                self._read[kind],
                # Folders of packages are read too, for the photos in them.
                wanted=is_data if kind == "input" else lambda _: True,
                skip=("temp",) if kind == "output" else (),
            )
            for kind in KINDS
        }

    def find(self, kind: Kind, name: str) -> Path | None:
        """An existing file, or None: missing, forbidden and no file look the same."""
        return self._find(kind, name, self._read[kind])

    def find_own(self, kind: Kind, name: str) -> Path | None:
        """`find`, but only in the folder that the server writes to."""
        return self._find(kind, name, (self._write[kind],))

    def _find(self, kind: Kind, name: str, roots: tuple[Path, ...]) -> Path | None:
        if kind == "output" and (name + "/").startswith("temp/"):
            return None
        if any(part.startswith(".") for part in name.split("/")):
            return None
        for root in roots:
            found = find_under(root, name, follow_links=False)
            if found is not None and found.is_file():
                return found
        return None

    def place(self, kind: Kind, name: str) -> Path:
        """Where a file of that name is to be written; its folder exists then.

        Raises:
            ApiError: The name cannot be used.
        """
        parts = tuple(name.split("/"))
        into_previews = kind == "output" and parts[0].casefold() == PREVIEWS
        if shown_problem(name) is not None or into_previews or len(parts) > 8:
            raise bad_name()
        root = self._write[kind]
        path = root.joinpath(*parts)
        try:
            if not path.parent.resolve().is_relative_to(root.resolve()) or path.is_dir():
                raise bad_name()
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno not in NAME_TROUBLE:
                raise
            raise bad_name() from error
        return path

    def incoming(self, kind: Kind) -> Path:
        """Where uploads of a kind lie until they are complete; on the same disk as they will."""
        return self._write[kind] / ".incoming"

    def clean(self) -> None:
        """Delete what uploads and runs left unfinished when their processes were killed."""
        for kind in KINDS:
            clean_parts(self._write[kind])


def as_kind(text: str) -> Kind:
    """The kind of that name.

    Raises:
        ApiError: There is none.
    """
    for kind in KINDS:
        if kind == text:
            return kind
    raise ApiError(404, "There is no such folder.", code="files.unknown", expected=", ".join(KINDS))


def bad_name() -> ApiError:
    """Refuses a name without saying it back."""
    return ApiError(
        400,
        "This file name cannot be used.",
        code="files.bad_name",
        expected="a relative name without .., \\, a leading dot or control characters",
        hint="Use letters, digits, - and _, with / for folders.",
    )


def not_there() -> ApiError:
    """The one answer for what is missing and what is forbidden."""
    return ApiError(404, "There is no such file.", code="files.not_found")
