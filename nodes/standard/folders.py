"""The folders of weft: its home, the workspace, and the folders that a run writes to."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

from weft.diffusion.networks import FOLDERS
from weft.engine.files.digest import FileDigests
from weft.engine.files.model_paths import read_extra_model_paths
from weft.engine.files.workspace import Workspace

THIMBLE = Path(__file__).parents[2] / "diffusion" / "thimble"


def home() -> Path:
    """weft's folder for state and models: `WEFT_HOME`, else `.weft` in the user's home."""
    named = os.environ.get("WEFT_HOME")
    return Path(named) if named else Path.home() / ".weft"


def standard_workspace(
    *,
    models: Sequence[str | Path] = (),
    inputs: Sequence[str | Path] = (),
    output: str | Path = "out",
    extra_model_paths: Sequence[str | Path] = (),
    reads_output: bool = False,
) -> Workspace:
    """The usual folders.

    Models are looked for in `models`, then in `WEFT_MODELS` (several, separated as in PATH), then
    in `models` below `WEFT_HOME`, and last in the package itself, which has thimble. Input files:
    in `inputs`, then `input` below `WEFT_HOME`, then among scikit-image's sample photos.

    Args:
        models: Folders with a folder for each kind of model.
        inputs: Input folders.
        output: Output folder.
        extra_model_paths: Files in the format of ComfyUI's `extra_model_paths.yaml`. One lying
            in a models folder, or beside it, is read without being named.
        reads_output: Whether an input named `picture.png [output]` is that finished file.

    Raises:
        FileError: A named file is missing or has another format.
    """
    roots = [Path(m) for m in models]
    roots += [Path(m) for m in os.environ.get("WEFT_MODELS", "").split(os.pathsep) if m]
    roots.append(home() / "models")
    lists = [Path(p) for p in extra_model_paths]
    for root in roots:
        for folder in (root, root.parent):
            found = folder / "extra_model_paths.yaml"
            if found.is_file() and found not in lists:
                lists.append(found)
    folders: dict[str, list[Path]] = {}
    for file in lists:
        for kind, paths in read_extra_model_paths(file).items():
            folders.setdefault(kind, []).extend(paths)
    samples = importlib.util.find_spec("skimage")
    photos = (
        [Path(p) / "data" for p in (samples.submodule_search_locations or [])] if samples else []
    )
    return Workspace(
        models=[*roots, THIMBLE],
        model_folders=folders,
        kinds=FOLDERS,
        inputs=[*(Path(i) for i in inputs), home() / "input", *photos],
        output=Path(output),
        reads_output=reads_output,
        digests=FileDigests(home() / "digests.json"),
    )


def own_places() -> list[Path]:
    """Folders that weft itself writes during a run: caches, records of runs, file digests.

    Models, inputs and the state of servers are not among them. The folders are created here,
    because a sandboxed run cannot create them.
    """
    here = home()
    folders = [here / "cache", here / "journals"]
    cache = os.environ.get("WEFT_CACHE", "off")
    if cache != "off" and "://" not in cache:
        folders.append(Path(cache))
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    return [*folders, *(here / n for n in ("history.sqlite", "digests.json", "sha256.json"))]
