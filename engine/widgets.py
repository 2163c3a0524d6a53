"""Marks that stand in a parameter's annotation: bounds, choices, files, seeds, how to show it.

steps: Annotated[int, Range(1, 10_000)] = 20
ckpt_name: Annotated[str, ModelFile("checkpoints")]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_SEED = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Range:
    """Inclusive bounds of a number.

    Attributes:
        low: Smallest allowed value; None for no bound.
        high: Largest allowed value; None for no bound.
        step: Distance of two neighbouring values in an editor; values between are allowed.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None

    def problem(self, value: object) -> str | None:
        """Why `value` is out of range, or None. NaN is out of every range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None  # the type check speaks of it
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        if above and below and value == value:  # noqa: PLR0124  (NaN differs from itself)
            return None
        if self.low is None:
            return f"allowed up to {self.high}"
        if self.high is None:
            return f"allowed from {self.low}"
        return f"allowed {self.low} to {self.high}"


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
    """The name of an input file (a picture, a latent), relative to the input folders.

    The cache knows it by the file's content, not by its name.
    """


@dataclass(frozen=True, slots=True)
class Mentions:
    """A text that may name model files of one kind, each after a prefix: "embedding:style".

    The cache knows such a text together with the content of the files that it names.

    Attributes:
        kind: Folder of the files.
        pattern: Finds a mention; its first group is the name.
        suffix: What a name may leave out.
    """

    kind: str
    pattern: str
    suffix: str = ".safetensors"

    def names(self, text: str) -> list[str]:
        """The files that a text names, in order, each once, with their suffix."""
        found = [match[1] for match in re.finditer(self.pattern, text)]
        return [n.removesuffix(self.suffix) + self.suffix for n in dict.fromkeys(found)]


@dataclass(frozen=True, slots=True)
class Alias:
    """Other names by which documents may call this parameter (ComfyUI's, or an earlier one)."""

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        object.__setattr__(self, "names", names)


Widget = Range | Choice | Multiline | Seed | ModelFile | InputFile | Mentions | Alias


def to_json(widget: Widget) -> Mapping[str, Any]:
    """The mark as it stands in the published node schema."""
    match widget:
        case Range(low, high, step):
            given = {"min": low, "max": high, "step": step}
            return {k: v for k, v in given.items() if v is not None}
        case Choice(options):
            return {"choices": list(options)}
        case Multiline():
            return {"multiline": True}
        case Seed():
            return {"seed": True, "min": 0, "max": MAX_SEED}
        case ModelFile(kind):
            return {"model": kind}
        case InputFile():
            return {"file": True}
        case Mentions(kind, pattern):
            return {"mentions": {"model": kind, "pattern": pattern}}
        case Alias(names):
            return {"aliases": list(names)}
