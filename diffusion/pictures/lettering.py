"""Labels on images: sized, wrapped, shortened, never cut off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

_SMALLEST, _LARGEST = 11, 48  # pixels; below, letters run together
_MORE = "..."
_LONGEST = 2000  # letters; more never fit, and need not be measured


@dataclass(frozen=True, slots=True)
class Lettering:
    """Pillow's own scalable font at one size.

    Attributes:
        font: The font.
        size: Its height in pixels.
        line: From one line to the next in pixels.
    """

    font: FreeTypeFont
    size: int
    line: int

    @classmethod
    def for_side(cls, side: int) -> Lettering:
        """The size of letters that can be read beside images with a side of that many pixels."""
        from PIL import ImageFont

        size = min(_LARGEST, max(_SMALLEST, round(side / 16)))
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)  # a size always gives the scalable one
        return cls(font, size, sum(font.getmetrics()))

    def width(self, text: str) -> int:
        """Pixels that a line of text takes."""
        return math.ceil(self.font.getlength(text))

    def wrap(self, text: str, width: int, most: int) -> list[str]:
        """Break a text into lines.

        Lines break between words; a word that is too long for a line is broken itself. What does
        not fit is left out and marked with dots.

        Args:
            text: White space counts as one space.
            width: Longest line in pixels.
            most: Most lines, at least 1.
        """
        lines = [""]
        for word in text[:_LONGEST].split():
            joined = f"{lines[-1]} {word}".lstrip()
            if self.width(joined) <= width:
                lines[-1] = joined
                continue
            if lines[-1]:
                lines.append("")
            rest = word
            while len(lines) <= most and self.width(rest) > width:
                taken = self._fitting(rest, width)
                lines[-1] = rest[:taken]
                lines.append("")
                rest = rest[taken:]
            lines[-1] = rest
            if len(lines) > most:  # what follows is left out, so need not be measured
                break
        if len(lines) <= most:
            return lines
        last = lines[most - 1]
        while last and self.width(last + _MORE) > width:
            last = last[:-1]
        return [*lines[: most - 1], last + _MORE]

    def write(
        self,
        draw: ImageDraw,
        place: tuple[int, int],
        lines: list[str],
        width: int,
        colour: tuple[int, int, int],
    ) -> None:
        """Write lines one below the other.

        Args:
            draw: Where to.
            place: Upper left corner in pixels.
            lines: From `wrap`.
            width: Pixels in whose middle each line stands; 0 begins at `place`.
            colour: RGB, 0 to 255.
        """
        x, y = place
        for number, line in enumerate(lines):
            shift = (width - self.width(line)) // 2 if width else 0
            draw.text((x + max(0, shift), y + number * self.line), line, colour, self.font)

    def _fitting(self, word: str, width: int) -> int:
        """How many letters of a word fit; at least one, or wrapping would never end."""
        fits, over = 1, len(word)
        while over - fits > 1:
            middle = (fits + over) // 2
            fits, over = (middle, over) if self.width(word[:middle]) <= width else (fits, middle)
        return fits
