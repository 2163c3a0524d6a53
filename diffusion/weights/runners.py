"""The modules that are handed out to be called: shells, with offloaded blocks, compiled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from .budget import compile_mode
from .shells import setattr_plain

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

    from .offload import Fetcher


def fetcher_of(device: torch.device) -> type[Fetcher]:
    """The fetcher for a device: on CUDA it prefetches the next block."""
    if device.type == "cuda":
        from .prefetch import Prefetcher

        return Prefetcher
    from .offload import Fetcher

    return Fetcher


def with_offloaded_blocks(module: Module, device: torch.device) -> Module:
    """A copy of a module that fetches those of its blocks that are not on a device."""
    from .offload import with_offload

    fetcher = fetcher_of(device)(device)
    own = with_offload(module, fetcher)
    setattr_plain(own, "_fetcher_of_blocks", fetcher)
    return own


def forgetting(runner: Module) -> Callable[[object], None] | None:
    """A function to call when a runner is no longer used: it drops the prefetched tensors."""
    fetcher: Fetcher | None = runner.__dict__.get("_fetcher_of_blocks")
    return None if fetcher is None else lambda _: fetcher.forget()


def shell_of(module: Module) -> Module:
    """A copy of a module's outermost shell."""
    own = copy.copy(module)
    # torch leaves out of copies what it compiled.
    setattr_plain(own, "_compiled_call_impl", module.__dict__.get("_compiled_call_impl"))
    return own


def compiled(module: Module) -> Module:
    """Compiled by choice: WEFT_COMPILE=1, or a mode of `torch.compile`. Off by default."""
    mode = compile_mode()
    if mode is not None:
        module.compile(mode=mode, dynamic=None)
    return module
