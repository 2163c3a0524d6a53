"""Cooperative cancellation: one token a run, looked at in every loop."""

from __future__ import annotations

from collections.abc import Callable

from .errors import Cancelled


class CancelToken:
    """A flag that is set once and read from any thread.

    A plain attribute is enough: one writer direction (False to True), and attribute reads are
    atomic in CPython, so a check in a sampling loop costs nanoseconds.
    """

    __slots__ = ("_on_cancel", "cancelled")

    def __init__(self) -> None:
        self.cancelled = False
        self._on_cancel: Callable[[], object] | None = None

    def cancel(self) -> None:
        """Ask the run to stop. Safe from any thread, and from a signal handler."""
        self.cancelled = True
        if self._on_cancel is not None:
            self._on_cancel()

    def notify(self, wake: Callable[[], object]) -> None:
        """Call `wake` when the token is cancelled (the run loop wakes up by it)."""
        self._on_cancel = wake

    def check(self) -> None:
        """Return, or raise `Cancelled` when the run is to stop."""
        if self.cancelled:
            raise Cancelled("The run was cancelled.")
