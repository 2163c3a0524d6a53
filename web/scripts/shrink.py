"""Make the pictures of docs/editor smaller without a change: Chromium packs PNG files in haste.

    PICTURES=1 npx playwright test e2e/pictures.spec.ts && python scripts/shrink.py

Fewer colours would save more, but the page's greys lie too close together for a palette.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "editor"


def main() -> None:
    """Pack every PNG anew where that makes it smaller."""
    for path in sorted(FOLDER.glob("*.png")):
        packed = BytesIO()
        with Image.open(path) as image:
            image.convert("RGB").save(packed, "PNG", optimize=True)
        if packed.tell() < path.stat().st_size:
            path.write_bytes(packed.getvalue())


if __name__ == "__main__":
    main()
