"""Makes the pictures of the templates: each graph of `graphs/` is run with thimble, on the CPU.

    python web/scripts/thumbnails.py            those that are missing
    python web/scripts/thumbnails.py txt2img    this one, anew

The last picture that a graph writes becomes `web/src/panels/thumbnails/NAME.webp`, 128 pixels wide
and some 2 kB. Each was made by the seed in its file, so making one again gives the same picture.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageOps

_ROOT = Path(__file__).resolve().parents[2]
_OUT = _ROOT / "web/src/panels/thumbnails"
_SIDE = 128
_PICTURES = {".png", ".webp", ".jpg"}


def make(graph: Path) -> Path | None:
    """Run a graph and keep its last picture; None if it writes none."""
    with tempfile.TemporaryDirectory() as folder:
        program = "import sys; from weft.cli.main import main; sys.exit(main(sys.argv[1:]))"
        run = [sys.executable, "-c", program, "run", str(graph), "--out", folder]
        # Only files of this repository are run.
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        files = [path for path in Path(folder).rglob("*") if path.suffix in _PICTURES]
        if not files:
            return None
        last = max(files, key=lambda path: (path.stat().st_mtime_ns, path.name))
        with Image.open(last) as picture:
            small = ImageOps.fit(picture.convert("RGB"), (_SIDE, _SIDE), Image.Resampling.LANCZOS)
    target = _OUT / f"{graph.stem}.webp"
    target.parent.mkdir(exist_ok=True)
    small.save(target, quality=82, method=6)
    return target


def main(names: list[str]) -> None:
    """Make the named ones, or those that are missing."""
    for graph in sorted((_ROOT / "graphs").glob("*.json")):
        known = (_OUT / f"{graph.stem}.webp").exists()
        if graph.stem in names if names else not known:
            made = make(graph)
            size = f"{made.stat().st_size} bytes" if made else "writes no picture"
            sys.stdout.write(f"{graph.stem}: {size}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
