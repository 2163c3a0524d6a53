"""Which names files may be written under: those that every system and every reader can have.

Reading is more liberal (`paths.safe_parts`): a file that lies there already may be called as it is.
"""

from __future__ import annotations

import re

from ..errors import FileError
from .paths import MAX_NAME

MAX_PART = 255
"""Bytes of one part of a name, on nearly every file system."""

MAX_STEM = 200
"""Bytes of the last part, so that a number, a suffix and a temporary name still fit into 255."""

PREVIEWS = "temp"
"""The folder below the output folder that previews are written to, and nothing else."""

_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])\s*(\.|$)", re.IGNORECASE
)
_REFUSED = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f-\x9f]')
# They look like dots and slashes, and some systems make those of them.
_LOOKALIKES = re.compile("[\u2024\u2025\u2026\uff0e\uff0f\uff3c\u2044\u2215\u29f8]")


def portable_problem(name: str) -> str | None:
    """Why a file of that name could not be had everywhere, as a clause; None if it could.

    Args:
        name: Relative, parts joined by `/`.
    """
    if not name:
        return "it is empty"
    if any("\ud800" <= c <= "\udfff" for c in name):
        return "it holds half of a surrogate pair, which file names cannot hold"
    if name.startswith("/"):
        return "it begins with /, but names are relative"
    if found := _REFUSED.search(name):
        return f"it holds {found[0]!r}, which some file systems do not allow"
    if found := _LOOKALIKES.search(name):
        return f"it holds {found[0]!r} (U+{ord(found[0]):04X}), which looks like another character"
    if (size := len(name.encode())) > MAX_NAME:
        return f"it has {size} bytes, at most {MAX_NAME} are allowed"
    for part in name.split("/"):
        if part == "":
            return "a part of it is empty (// or / at the end)"
        if part in (".", ".."):
            return f"it has the part {part}, which refers to another folder"
        if part.rstrip(". ") != part:
            return f"{part[:80]!r} ends with a dot or a space, which Windows removes"
        if _RESERVED.match(part):
            return f"{part[:80]!r} is a reserved device name on Windows"
        if (size := len(part.encode())) > MAX_PART:
            return f"a part of it has {size} bytes, at most {MAX_PART} are allowed"
    return None


def shown_problem(name: str) -> str | None:
    """`portable_problem`, and why a file of that name would be hidden from those who look."""
    hidden = next((p for p in name.split("/") if p.startswith(".") and p not in (".", "..")), None)
    if hidden is not None:
        return portable_problem(name) or f"{hidden[:80]!r} begins with a dot, which hides the file"
    return portable_problem(name)


def output_problem(name: str) -> str | None:
    """Why a node cannot write a file under a name, as a clause; None if it can.

    Args:
        name: Below the output folder, without number and suffix.
    """
    reason = shown_problem(name)
    if reason is not None:
        return reason
    first, *others = name.split("/")
    if others and first.casefold() == PREVIEWS:
        return f"{PREVIEWS}/ is the folder of previews, which are deleted"
    if (size := len(name.rpartition("/")[2].encode())) > MAX_STEM:
        return f"its last part has {size} bytes, at most {MAX_STEM} are allowed"
    return None


def output_parts(name: str) -> tuple[str, ...]:
    """The parts of a name that a node may write a file under.

    Raises:
        FileError: `files.bad_name`; the text says why.
    """
    reason = output_problem(name)
    if reason is not None:
        raise bad_name(name, reason)
    return tuple(name.split("/"))


def bad_name(name: str, reason: str) -> FileError:
    """The refusal of a name.

    Args:
        name: As given.
        reason: A clause without a full stop.
    """
    shown = name[:200].encode("utf-8", "backslashreplace").decode()
    return FileError(
        f'The file name "{shown}" cannot be used: {reason}.',
        code="files.bad_name",
        expected="a relative name that is valid on every file system, with / for folders",
        got=shown,
        hint="Use letters, digits, - and _, with / for folders.",
    )
