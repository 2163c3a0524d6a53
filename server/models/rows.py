"""Rows of the model index, and the filters of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

EMBEDDED = "modelspec.thumbnail"  # a picture, as the standard of model metadata has it

Order = Literal["name", "newest"]


@dataclass(frozen=True, slots=True)
class Facts:
    """Metadata of a model file's header.

    Attributes:
        holds: "checkpoint", "lora", ...; None if not known.
        family: Such as "sdxl"; None if not known.
        precision: The type of most bytes.
        tensors: Number of tensors.
        metadata: The free text of the header.
        trouble: Why it cannot be read; None if it can.
    """

    holds: str | None = None
    family: str | None = None
    precision: str | None = None
    tensors: int | None = None
    metadata: Mapping[str, str] | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A row of the index; see `Facts`, and `engine.hashes` for the hashes.

    `pictured` says whether there is a picture in its header.
    """

    path: str
    root: str
    name: str
    bytes: int
    modified: int
    inode: int
    changed: int
    device: int
    described: bool
    sha256: str | None
    autov3: str | None
    blake3: str | None
    holds: str | None
    family: str | None
    precision: str | None
    tensors: int | None
    title: str | None
    trouble: str | None
    pictured: bool

    @property
    def stamp(self) -> tuple[int, int, int, int, int]:
        """Identifies this state of the file: columns `STAMP` of the table."""
        return self.bytes, self.modified, self.inode, self.changed, self.device


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters of one page of models.

    Attributes:
        search: Words that name, title, family or kind of a model must have all of, in any case.
        family: Such as "sdxl"; None for any.
        holds: Such as "lora"; None for any.
        digest: Beginning of a SHA-256 (so AutoV2 too) or AutoV3, lower case; None for any.
        order: By name, or newest first.
        after: `next` of the page before; None for the first page.
        limit: How many.
    """

    search: str = ""
    family: str | None = None
    holds: str | None = None
    digest: str | None = None
    order: Order = "name"
    after: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class IndexPage:
    """Some models, where the next page begins (None at the end), and how many there are in all."""

    rows: list[ModelRow]
    next: str | None
    total: int
