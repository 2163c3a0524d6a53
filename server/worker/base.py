"""The interface of a worker: it runs jobs one after another, and may die."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from .messages import FromWorker, ToWorker

Heard = Callable[["Worker", FromWorker], None]
Lost = Callable[["Worker", str], None]


class Worker(ABC):
    """A worker, wherever it is: a process here, or an actor of a cluster.

    Tasks are done in the order in which they are sent. Everything that it says arrives in order,
    in the server's event loop. It says `Alive` every few seconds from its start on; one that says
    nothing for long hangs, and is killed.

    Attributes:
        name: For logs and statistics.
    """

    name: str

    @abstractmethod
    async def start(self, heard: Heard, lost: Lost) -> None:
        """Begin to start it; it says `Ready` when it can work.

        Args:
            heard: Called with whatever it says.
            lost: Called once with the reason in words when it is gone, asked for or not.
        """

    @abstractmethod
    def send(self, message: ToWorker) -> None:
        """Send a message. A worker that has ended does not get it, and calls `lost`."""

    @abstractmethod
    def kill(self) -> None:
        """End it at once, whatever it does. `lost` follows."""

    @abstractmethod
    async def close(self) -> None:
        """End it and wait until it is gone."""
