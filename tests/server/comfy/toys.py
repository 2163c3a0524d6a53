"""A node that shows unfinished pictures until it is stopped; no torch."""

from __future__ import annotations

import time

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node

PICTURE = b"\x89PNG"


@node("Show", category="toy", lane="cpu", pure=False, output=True)
def show(run: Run) -> float:
    """Show a picture again and again."""
    while True:
        run.preview(PICTURE, "image/png")
        run.progress(1, 100)
        time.sleep(0.05)
