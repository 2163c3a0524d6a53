"""Where residuals enter PixArt's transformer, which has no argument for them.

Its blocks look into a context variable for additions; with none set they do nothing, so the shared
network is never changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from torch import Tensor

_additions: ContextVar[Sequence[Tensor]] = ContextVar("weft_pixart_additions", default=())


@contextmanager
def added_to_blocks(additions: Sequence[Tensor]) -> Iterator[None]:
    """Let a transformer's blocks but the first begin with more, inside of the block."""
    token = _additions.set(additions)
    try:
        yield
    finally:
        _additions.reset(token)


def install_block_additions(transformer: Any) -> None:
    """Let the blocks of a new PixArt transformer take additions; done once, at building."""
    for number, block in enumerate(transformer.transformer_blocks):
        block.weft_number = number
        block.register_forward_pre_hook(_add)


def _add(block: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
    additions = _additions.get()
    index = block.weft_number - 1
    if not 0 <= index < len(additions):
        return None
    hidden, *rest = arguments
    return (hidden + additions[index], *rest)
