"""The modules that are handed out to be called: shells, with visiting blocks, compiled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING

from .budget import compile_mode
from .shells import setattr_plain

if TYPE_CHECKING:
    import torch
    from torch.nn import Module

    from .visiting import Courier


def courier_of(device: torch.device) -> type[Courier]:
    """What brings blocks to a device: on CUDA the next is on its way already."""
    if device.type == "cuda":
        from .ahead import Ahead

        return Ahead
    from .visiting import Courier

    return Courier


def with_visiting_blocks(module: Module, device: torch.device) -> Module:
    """A copy of a module whose blocks that are not on a device visit it."""
    from .visiting import with_visits

    courier = courier_of(device)(device)
    own = with_visits(module, courier)
    setattr_plain(own, "_visits", courier)
    return own


def forgetting(runner: Module) -> Callable[[object], None] | None:
    """What to do when nobody uses a runner any more: let go of what is on its way for it."""
    courier: Courier | None = runner.__dict__.get("_visits")
    return None if courier is None else lambda _: courier.forget()


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
