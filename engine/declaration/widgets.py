"""Marks in a parameter's annotation: bounds, choices, files, seeds, meaning.

steps: Annotated[int, Range(1, 10_000)] = 20
ckpt_name: Annotated[str, ModelFile("checkpoints")]
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..files.name_tokens import known_tokens

MAX_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number.

    Attributes:
        low: Smallest allowed value; None for no bound.
        high: Largest allowed value; None for no bound.
        step: Distance of two neighbouring values in an editor; values between are allowed.
        multiple: What every allowed value is a whole multiple of; None for no such rule. Editors
            take it for their step where none is given.
        above: Whether `low` itself is not allowed, only what is above it.
        soft: Where most values lie, low and high: an editor's slider shows this part. Values
            outside of it are as good as those inside. None for no such part.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    multiple: int | None = None
    above: bool = False
    soft: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.soft is None:
            return
        first, last = self.soft
        if not first < last or self.problem(first) or self.problem(last):
            raise ValueError(
                f"soft range {first} to {last}: expected two rising numbers within "
                f"{self.low} to {self.high}; write them as soft=(low, high)"
            )

    def problem(self, value: object) -> str | None:
        """Why `value` is out of range or between two multiples, or None.

        NaN is out of every range.
        """
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None  # the type check speaks of it
        reason = self._out_of_bounds(value)
        if reason is None and self.multiple is not None and value % self.multiple:
            below = int(value // self.multiple) * self.multiple
            near = [n for n in (below, below + self.multiple) if self._out_of_bounds(n) is None]
            return (
                f"allowed are multiples of {self.multiple}: {' or '.join(map(str, near)) or 'none'}"
            )
        return reason

    def _out_of_bounds(self, value: float) -> str | None:
        above = self.low is None or value > self.low or (value == self.low and not self.above)
        below = self.high is None or value <= self.high
        if above and below and value == value:  # noqa: PLR0124  (NaN differs from itself)
            return None
        if self.low is None:
            return f"allowed up to {self.high}"
        low = f"above {self.low}" if self.above else f"{self.low}"
        if self.high is None:
            return f"allowed {low}" if self.above else f"allowed from {low}"
        return f"allowed {low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Choice:
    """A text that must be one of a list known at import time."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Multiline:
    """A text that is edited over several lines."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A 64-bit seed. A document may say "random": each run then draws one and reports it."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """The name of a model file, relative to the folders of one kind.

    The cache knows it by the file's content, not by its name.
    """

    kind: str


@dataclass(frozen=True, slots=True)
class InputFile:
    """The name of an input file (an image, a latent), relative to the input folders.

    The cache knows it by the file's content, not by its name.

    Attributes:
        suffixes: Ends of the names that are offered, in lower case with their dot; () for all
            files. A file of another name may be named all the same.
    """

    suffixes: tuple[str, ...] = ()

    def offers(self, name: str) -> bool:
        """Whether a file of that name is among those to choose from."""
        return not self.suffixes or name.lower().endswith(self.suffixes)


@dataclass(frozen=True, slots=True)
class Mentions:
    """A text that may name model files of one kind, each after a prefix: "embedding:style".

    The cache knows such a text together with the content of the files that it names.

    Attributes:
        kind: Folder of the files.
        pattern: Finds a mention; its first group is the name.
        suffix: What a name may leave out.
        others: Suffixes of files that are named as they are, though they have to be converted.
    """

    kind: str
    pattern: str
    suffix: str = ".safetensors"
    others: tuple[str, ...] = (".pt", ".bin", ".pth", ".ckpt")

    def names(self, text: str) -> list[str]:
        """The files that a text names, in order, each once, with their suffix."""
        found = [match[1] for match in re.finditer(self.pattern, text)]
        return list(dict.fromkeys(self.whole(name) for name in found))

    def whole(self, name: str) -> str:
        """A name with its suffix."""
        if name.lower().endswith(self.others):
            return name
        return name.removesuffix(self.suffix) + self.suffix


@dataclass(frozen=True, slots=True)
class FilePrefix:
    """The name of a file that the node writes, before its number, below the output folder.

    It may hold folders and tokens such as `%year%`. Validation refuses a name that not every file
    system can have, and tokens that stand for nothing; `Run.write` fills them in.

    Attributes:
        images: Whether the files are images, whose `%width%` and `%height%` can be told.
    """

    images: bool = False


@dataclass(frozen=True, slots=True)
class Color:
    """A whole number that is a colour: 65536 red + 256 green + blue, each 0 to 255."""


@dataclass(frozen=True, slots=True)
class Box:
    """One of the four numbers of a rectangle, edited as one in an image.

    A node that has one side has all four, once. Whole numbers are pixels, others are fractions of
    the picture's sides; `x` and `y` are the left upper corner.
    """

    side: Literal["x", "y", "width", "height"]


SIDES = ("x", "y", "width", "height")


@dataclass(frozen=True, slots=True)
class Points:
    """A list of [x, y] in fractions of an image's sides, from its top left corner.

    Attributes:
        least: How many there must be.
        closed: Whether they are the corners of a shape, in order.
    """

    least: int = 0
    closed: bool = False

    def problem(self, value: object) -> str | None:
        """Why `value` is no such list, or None."""
        points = _pairs(value)
        if points is None:
            return "expected pairs [x, y] from 0 to 1"
        return None if len(points) >= self.least else f"expected {self.least} points or more"


@dataclass(frozen=True, slots=True)
class Curve:
    """A list of [x, y] that a curve passes through: both 0 to 1, x rising, two or more."""

    def problem(self, value: object) -> str | None:
        """Why `value` is no curve, or None."""
        points = _pairs(value)
        if points is None or len(points) < 2:
            return "expected two or more pairs [x, y] from 0 to 1"
        rising = all(a[0] < b[0] for a, b in itertools.pairwise(points))
        return None if rising else "expected an x larger than the one before in each pair"


def _pairs(value: object) -> list[tuple[float, float]] | None:
    """Lists of two numbers from 0 to 1 as pairs; None if it is anything else."""
    if not isinstance(value, list | tuple):
        return None
    if not all(isinstance(p, list | tuple) and len(p) == 2 for p in value):
        return None
    pairs = [(p[0], p[1]) for p in value]
    return pairs if all(0 <= n <= 1 for pair in pairs for n in pair) else None


@dataclass(frozen=True, slots=True)
class Alias:
    """Other names by which documents may call this parameter (ComfyUI's, or an earlier one)."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


Widget = (
    Range
    | Choice
    | Multiline
    | Seed
    | ModelFile
    | InputFile
    | Mentions
    | FilePrefix
    | Color
    | Box
    | Points
    | Curve
    | Alias
)


def to_json(widget: Widget) -> Mapping[str, Any]:
    """The mark as it stands in the published node schema."""
    match widget:
        case Range(low, high, step, multiple, above, soft):
            given = {
                "min": low,
                "max": high,
                "step": step or multiple,
                "multiple": multiple,
                "above_min": above or None,
                "soft": soft and list(soft),
            }
            return {k: v for k, v in given.items() if v is not None}
        case Choice(options):
            return {"choices": list(options)}
        case Multiline():
            return {"multiline": True}
        case Seed():
            return {"seed": True, "min": 0, "max": MAX_SEED}
        case ModelFile(kind):
            return {"model": kind}
        case InputFile(suffixes):
            return {"file": True, "suffixes": list(suffixes)} if suffixes else {"file": True}
        case Mentions(kind, pattern):
            return {"mentions": {"model": kind, "pattern": pattern}}
        case FilePrefix(images):
            return {"file_prefix": {"tokens": known_tokens(images=images)}}
        case Color():
            return {"color": True, "min": 0, "max": 0xFFFFFF}
        case Box(side):
            return {"box": side}
        case Points(least, closed):
            return {"points": {"least": least, "closed": closed}}
        case Curve():
            return {"curve": True}
        case Alias(names):
            return {"aliases": list(names)}
