"""`weft models index`, `find` and `list --long`: the index of model files that servers use too."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

from weft.engine.errors import FileError
from weft.server.models.facts import standard_index
from weft.server.models.folders import ModelFolders
from weft.server.models.index import ModelIndex
from weft.server.models.rows import ModelRow, Wanted

from . import say
from .main import DONE, FAILED
from .workspace import workspace_of

_HASH = re.compile(r"[0-9a-f]{6,64}")
_PAGE = 500


def index(options: argparse.Namespace) -> int:
    """Bring the index up to date; goes on where it was broken off."""
    folders = ModelFolders(workspace_of(options))
    with contextlib.closing(standard_index()) as known:
        roots = _synced(known, folders)
        headers = known.pending(roots, "described")
        while known.describe_some(roots):
            pass
        hashes = 0 if options.no_hashes else known.pending(roots, "hashed")
        for number in range(hashes):
            say.err(f"hashing {number + 1} of {hashes}")
            if not known.hash_one(roots):
                break
        total = sum(known.total(folders.roots[kind]) for kind in folders.kinds)
    say.out(f"{total} models; {headers} headers read, {hashes} files hashed")
    return DONE


def find(options: argparse.Namespace) -> int:
    """Print the files that have a hash.

    Raises:
        FileError: It is no hash.
    """
    wanted = options.hash.lower()
    if not _HASH.fullmatch(wanted):
        raise FileError(
            f"{options.hash[:100]!r} is no model hash.",
            code="models.bad_hash",
            expected="6 to 64 hexadecimal digits",
            got=options.hash[:100],
        )
    with contextlib.closing(standard_index()) as known:
        found = [row for row in known.find(wanted) if Path(row.path).exists()]
    if options.json:
        say.out_json([_plain(row) for row in found])
    for row in found if not options.json else ():
        say.out(f"{say.plain(row.path)}  {row.sha256}")
    if not found:
        say.err("no indexed file has this hash; `weft models index` hashes the others")
    return DONE if found else FAILED


def long_list(options: argparse.Namespace) -> int:
    """List models with what their headers say, and hashes as far as they are known."""
    folders = ModelFolders(workspace_of(options))
    kinds = [options.kind] if options.kind else list(folders.kinds)
    with contextlib.closing(standard_index()) as known:
        roots = _synced(known, folders)
        while known.describe_some(roots):
            pass
        found = {
            kind: _rows(known, folders.roots[kind]) if kind in folders.roots else []
            for kind in kinds
        }
    if options.json:
        say.out_json({kind: [_plain(row) for row in rows] for kind, rows in found.items()})
        return DONE
    for kind, rows in found.items():
        if rows or options.kind:
            say.out(f"{kind} ({len(rows)})")
        for row in rows:
            about = [row.family, row.precision, row.sha256[:10] if row.sha256 else None, row.title]
            text = "  ".join(say.plain(each) for each in about if each)
            say.out(f"  {say.plain(row.name):<40} {row.bytes / 1e6:>9.1f} MB  {text}")
    return DONE


def _synced(known: ModelIndex, folders: ModelFolders) -> list[Path]:
    """Note which files there are; the folders."""
    for kind in folders.kinds.values():
        asyncio.run(kind.entries())
        for root, entries in kind.by_root:
            known.sync(root, entries)
    return [root for roots in folders.roots.values() for root in roots]


def _rows(known: ModelIndex, roots: Sequence[Path]) -> list[ModelRow]:
    rows: list[ModelRow] = []
    after: str | None = None
    while True:
        page = known.page(roots, Wanted(after=after, limit=_PAGE))
        rows += page.rows
        after = page.next
        if after is None:
            return rows


def _plain(row: ModelRow) -> dict[str, object]:
    return {
        "path": row.path,
        "name": row.name,
        "bytes": row.bytes,
        "kind": row.holds,
        "family": row.family,
        "precision": row.precision,
        "title": row.title,
        "sha256": row.sha256 or None,
        "autov3": row.autov3 or None,
    }
