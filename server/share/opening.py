"""Copies the inputs of a bundle into the input folder, under safe names, without overwriting."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

from weft.engine.errors import FileError
from weft.engine.files.workspace import Workspace

from ..api.errors import ApiError
from ..api.share import PlacedInput
from ..files.folders import Folders
from ..files.media import suffix_of
from ..files.pictures import SUFFIXES
from ..files.upload import Uploader, Uploads, spooled


async def place_inputs(
    inputs: Mapping[str, bytes],
    folders: Folders,
    uploads: Uploads,
    workspace: Workspace,
    who: Uploader,
) -> list[PlacedInput]:
    """Write what is not there yet; all of it, or nothing.

    A file that is found under its name with the same content is left alone. A name that another
    content has gets a number, and a name that cannot be used is replaced by one of its digest.

    Args:
        inputs: Content by name.
        folders: Where they go.
        uploads: Puts them there.
        workspace: Where runs of who opens the bundle look for them.
        who: Who opens it.

    Raises:
        ApiError: One says that it is a picture and is not; nothing was written.
    """
    waiting: list[tuple[str, Path]] = []
    placed: list[PlacedInput] = []
    written: list[str] = []
    try:
        for name, content in inputs.items():
            if await asyncio.to_thread(_is_here, workspace, name, content):
                placed.append(PlacedInput(name=name, file=name, new=False))
                continue
            path = await asyncio.to_thread(spooled, content, folders.incoming("input"))
            waiting.append((name, path))
            if suffix_of(name) in SUFFIXES:
                await uploads.check_picture(path)
        for name, path in waiting:
            wanted = _usable(folders, uploads, name, inputs[name])
            inode = path.stat().st_ino
            kept = await uploads.keep(path, "input", wanted, who)
            there = folders.find_own("input", kept)
            # Putting a file in place keeps its inode; an equal one that was there has its own.
            new = there is not None and there.stat().st_ino == inode
            if new:
                written.append(kept)
            placed.append(PlacedInput(name=name, file=kept, new=new))
    except BaseException:
        for kept in written:
            found = folders.find_own("input", kept)
            if found is not None:
                found.unlink(missing_ok=True)
        raise
    finally:
        for _, path in waiting:
            path.unlink(missing_ok=True)
    order = list(inputs)
    return sorted(placed, key=lambda each: order.index(each.name))


def _is_here(workspace: Workspace, name: str, content: bytes) -> bool:
    try:
        path = workspace.input(name)
    except FileError:
        return False
    return path.stat().st_size == len(content) and path.read_bytes() == content


def _usable(folders: Folders, uploads: Uploads, name: str, content: bytes) -> str:
    """The name if a file may have it here, else one of its content."""
    try:
        uploads.check_name(name)
        folders.place("input", name)
    except ApiError:
        suffix = suffix_of(name)
        digest = hashlib.sha256(content).hexdigest()[:16]
        return f"shared/{digest}{suffix if suffix in SUFFIXES else '.bin'}"
    return name
