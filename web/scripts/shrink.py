"""Make the pictures of docs/editor small: 256 colours, chosen over the whole range, are enough.

PICTURES=1 npx playwright test e2e/pictures.spec.ts && python scripts/shrink.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "editor"


def main() -> None:
    """Write every PNG anew with a palette."""
    for path in sorted(FOLDER.glob("*.png")):
        with Image.open(path) as image:
            if image.mode == "P":
                continue
            small = image.convert("RGB").quantize(
                256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
            )
        small.save(path, optimize=True)


if __name__ == "__main__":
    main()
