"""Where a sweep's sheet goes: looked at before anything runs, written at once at the end."""

from __future__ import annotations

import os
from pathlib import Path

from weft.engine.errors import FileError, ValidationError
from weft.engine.files.atomic import write_atomically

from .words import bad_word


def sheet_path(named: str | None, *, save: bool) -> Path | None:
    """The path of the sheet, if it can be written there.

    Args:
        named: As on the command line; None for no sheet.
        save: Whether the sweep writes anything else.

    Raises:
        ValidationError: The sweep has no output, or the file name does not end in .png.
        FileError: The folder is missing or cannot be written.
    """
    if named is None:
        if save:
            return None
        text = "This sweep has no output: add --grid FILE.png or --save."
        problem = bad_word(text, "--grid FILE.png, or --save", "neither")
        raise ValidationError("Some options do not fit:", [problem])
    path = Path(named)
    if path.suffix.lower() != ".png":
        problem = bad_word(f'The file name "{named}" does not end in .png.', "FILE.png", named)
        raise ValidationError("Some options do not fit:", [problem])
    folder = path.absolute().parent
    if path.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise FileError(
            f"The sheet cannot be written to {path}.",
            code="files.write_failed",
            expected="a file in a folder that exists and can be written",
            got="a folder" if path.is_dir() else str(folder),
            hint="Create the folder, or choose another one.",
        )
    return path


def write_sheet(path: Path, content: bytes) -> None:
    """Write the sheet, complete or not at all.

    Raises:
        FileError: The disk refuses.
    """
    try:
        write_atomically(path, content)
    except OSError as error:
        raise FileError(
            f"The sheet cannot be written to {path}: {error.strerror or error}.",
            code="files.write_failed",
            hint="Check free space and permissions, then run again: cached results are reused.",
        ) from error
