"""The node types that a command works with, and a word about packs that are not among them."""

from __future__ import annotations

from weft.engine.declaration.registry import Registry
from weft.nodes.standard.registry import standard_registry

from . import say


def load_registry() -> Registry:
    """weft's nodes and those of installed packs; packs that cannot be loaded are named."""
    registry = standard_registry()
    for fault in registry.faults:
        say.err(f"warning: {say.plain(fault.text)} {say.plain(fault.hint)}".rstrip())
    return registry
