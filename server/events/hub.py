"""`Hub`: every event goes through here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from ..api.events import Event


@dataclass(frozen=True, slots=True)
class Note:
    """An event on its way.

    Attributes:
        event: What is told.
        owner: Whose job it is about; None for all.
        id: Its number; None for progress and previews, which are not kept.
        image: The picture of a preview.
    """

    event: Event
    owner: str | None
    id: int | None = None
    image: bytes | None = None


class Hub(Protocol):
    """Numbers events, keeps the last ones, and hands them to listeners."""

    def listen(self, owner: str | None = None) -> AsyncIterator[list[Note]]:
        """Events from now on, as they come, several at a time; for adapters in this process.

        Args:
            owner: Only events that concern this owner; None for all.
        """
        ...
