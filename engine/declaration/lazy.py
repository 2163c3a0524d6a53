"""`Lazy[X]`: an input that is computed only if the node awaits it.

@node("Switch", category="flow")
async def switch(on: bool, yes: Lazy[T], no: Lazy[T]) -> T:
    return await (yes if on else no)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value to come. Awaiting it twice computes it once.

    Args:
        fetch: Starts the computation and gives its value.
    """

    __slots__ = ("_fetch",)

    def __init__(self, fetch: Callable[[], Awaitable[T]]) -> None:
        self._fetch = fetch

    def __await__(self) -> Generator[Any, Any, T]:
        return self._fetch().__await__()

    @staticmethod
    def of(value: T) -> Lazy[T]:
        """A value that is there already, to call a node as a plain function."""

        async def fetch() -> T:
            return value

        return Lazy(fetch)


class Unreachable(Exception):  # noqa: N818  (a signal between steps of one run, never shown)
    """A node that a lazy input needs has failed; that failure is reported where it happened."""
