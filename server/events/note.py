"""An event on its way: its content, its recipients, and its text, made once for all listeners."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..api.events import Event


class Addressed:
    """An event for one user."""

    __slots__ = ()
    owner: str | None
    job: str | None

    def is_for(self, owner: str | None, job: str | None) -> bool:
        """Whether a listener wants it.

        Args:
            owner: Whose events it may see; None for everyone's.
            job: The only job that it wants; None for every one.
        """
        return (owner is None or self.owner is None or self.owner == owner) and (
            job is None or self.job is None or self.job == job
        )


@dataclass(frozen=True, slots=True, eq=False)
class Note(Addressed):
    """An event on its way.

    Attributes:
        event: What is told.
        owner: Whose job it is about; None for all.
        job: Which job it is about; None for none.
        id: Its number; None for progress and previews, which are not kept.
        image: The picture of a preview.
        text: The event as JSON.
    """

    event: Event
    owner: str | None
    job: str | None = None
    id: int | None = None
    image: bytes | None = None
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.event.model_dump_json(exclude_none=True))

    @property
    def frame(self) -> bytes:
        """A preview as a binary frame: length of the JSON, the JSON, the image."""
        head = self.text.encode()
        return len(head).to_bytes(4, "big") + head + (self.image or b"")


@dataclass(frozen=True, slots=True)
class Kept(Addressed):
    """An event of an earlier process, read from the database: only its text is left."""

    id: int
    owner: str | None
    job: str | None
    text: str
