"""Setting a context variable for a while: how rules turn the switches inside of a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Value = TypeVar("Value")


@contextmanager
def switched(switch: ContextVar[Value], value: Value) -> Iterator[None]:
    """Let a switch have a value inside of the block."""
    token = switch.set(value)
    try:
        yield
    finally:
        switch.reset(token)
