"""Colours of ComfyUI's editor as the eight hues of weft's."""

from __future__ import annotations

import colorsys
import re

HUES = (240, 205, 180, 120, 45, 25, 0, 300)
"""Degrees on the usual colour circle of blue, azure, cyan, green, yellow, orange, red, pink."""
_GREY = 0.1
_HEX = re.compile(r"#(?:[0-9a-fA-F]{3}){1,2}")


def hue_of(color: str | None) -> dict[str, int]:
    """The nearest hue, as a place in a layout says it; nothing for greys and other words."""
    if color is None or not _HEX.fullmatch(color):
        return {}
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    red, green, blue = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    hue, saturation, _ = colorsys.rgb_to_hsv(red, green, blue)
    if saturation < _GREY:
        return {}
    turns = [abs((hue * 360 - each + 180) % 360 - 180) for each in HUES]
    return {"color": turns.index(min(turns))}
