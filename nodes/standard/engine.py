"""The engine with weft's nodes, installed packs and the usual folders."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.files.workspace import Workspace
from weft.engine.store.cache import MemoryCache
from weft.engine.store.history import History
from weft.engine.store.values import Values

from ..threads import wait_passively
from ..values import CODECS
from .disk_cache import standard_disk_cache
from .folders import home, standard_workspace
from .locks import RunLocks
from .memory import standard_holdings, standard_release, standard_watch
from .numerics import standard_numerics
from .registry import standard_registry

log = logging.getLogger(__name__)


class StandardEngine(Engine):
    """An engine with weft's nodes, installed packs and the usual folders.

    Args:
        nodes: More node functions, modules or registries.
        models: Folders with a folder for each kind of model, before the usual ones.
        inputs: Input folders, before the usual ones.
        output: Output folder.
        cache_bytes: How much may be remembered in memory.
        disk_cache: Whether results are kept on disk too; where, the environment says.
        packs: Whether to load installed node packs.
        registry: Replaces the node types altogether.
        workspace: Replaces the folders altogether.
        metadata: Whether saved files hold their workflow, lock and seeds.
        debug_purity: Whether the inputs of every call are hashed in full before and after it, to
            find a node that changes one; None leaves it to `WEFT_DEBUG=purity`. Nodes of packs
            and files are watched by samples in any case.
    """

    def __init__(
        self,
        *,
        nodes: Iterable[Callable[..., Any] | ModuleType | Registry] = (),
        models: Sequence[str | Path] = (),
        inputs: Sequence[str | Path] = (),
        output: str | Path = "out",
        cache_bytes: int = 4 * 2**30,
        disk_cache: bool = True,
        packs: bool = True,
        registry: Registry | None = None,
        workspace: Workspace | None = None,
        metadata: bool = True,
        debug_purity: bool | None = None,
    ) -> None:
        wait_passively()
        values = Values(CODECS)
        if registry is None:
            registry = standard_registry(nodes, packs=packs)
            for fault in registry.faults:
                log.warning("%s %s", fault.text, fault.hint)
        self.locks = RunLocks(registry)
        super().__init__(
            registry,
            workspace=workspace
            if workspace is not None
            else standard_workspace(models=models, inputs=inputs, output=output, reads_output=True),
            values=values,
            cache=MemoryCache(cache_bytes),
            disk=standard_disk_cache(values) if disk_cache else None,
            history=History(home() / "history.sqlite"),
            journals=home() / "journals",
            holdings=standard_holdings,
            numerics=standard_numerics,
            release=standard_release,
            metadata=metadata,
            lock=self.locks.lock,
            ahead=self.locks.hash_ahead,
            debug_purity=debug_purity,
            watch=standard_watch,
        )
