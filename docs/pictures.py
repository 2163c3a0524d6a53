"""Make the picture of the README: a photo, its edges, and what thimble draws along them.

python docs/pictures.py
"""

from __future__ import annotations

from pathlib import Path

import torch

import weft
from weft.diffusion.image_file import write_png
from weft.diffusion.images import scale_image

HERE = Path(__file__).parent
SIDE = 320
GAP = 16


def main() -> None:
    """Run the workflow and lay three pictures side by side."""
    workflow = weft.load(HERE.parent / "graphs" / "canny-controlnet.json")
    with weft.Engine(output=HERE / "temp", disk_cache=False) as engine:
        wanted = ["small.image", "edges", "decode.image"]
        result = engine.run(workflow, outputs=wanted)
    large = [
        scale_image(result[name], SIDE, SIDE, method=method)[0]
        for name, method in zip(wanted, ("lanczos", "nearest-exact", "lanczos"), strict=True)
    ]
    gap = torch.ones(SIDE, GAP, 3)
    row = torch.cat([large[0], gap, large[1], gap, large[2]], dim=1)
    with (HERE / "canny-controlnet.png").open("wb") as file:
        write_png(file, row, {})


if __name__ == "__main__":
    main()
