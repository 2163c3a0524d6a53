"""weft: a node-graph engine for diffusion images.

    import weft

    workflow = weft.load("graphs/canny-controlnet.json")
    result = weft.run(workflow, prompt="a red star", seed=7)
    result["picture"]            # (B, H, W, 3) float32 tensor
    result.artifacts             # files written

For several runs keep an `Engine`: it remembers what it computed.

    with weft.Engine(output="out") as engine:
        for seed in range(4):
            engine.run(workflow.with_inputs(seed=seed))

Importing weft imports neither torch nor the engine: each name below is imported when it is first
used, so that a command line answers at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine.cancel import CancelToken
    from .engine.declaration.context import Run
    from .engine.declaration.node import node
    from .engine.declaration.registry import Registry
    from .engine.engine import Result
    from .engine.errors import (
        Cancelled,
        DeclarationError,
        DocumentError,
        FileError,
        NodeError,
        OutputError,
        Problem,
        RunError,
        ValidationError,
        WeftError,
    )
    from .engine.events import Event, Listener
    from .engine.workflows.workflow import Workflow
    from .nodes.shortcuts import arun, load, run
    from .nodes.standard.engine import StandardEngine as Engine
    from .nodes.standard.registry import standard_registry

__version__ = "0.1.0"

__all__ = [
    "CancelToken",
    "Cancelled",
    "DeclarationError",
    "DocumentError",
    "Engine",
    "Event",
    "FileError",
    "Listener",
    "NodeError",
    "OutputError",
    "Problem",
    "Registry",
    "Result",
    "Run",
    "RunError",
    "ValidationError",
    "WeftError",
    "Workflow",
    "__version__",
    "arun",
    "load",
    "node",
    "run",
    "standard_registry",
]

_MODULES = {
    "engine.cancel": ["CancelToken"],
    "engine.declaration.context": ["Run"],
    "engine.engine": ["Result"],
    "engine.errors": [
        "Cancelled",
        "DeclarationError",
        "DocumentError",
        "FileError",
        "NodeError",
        "OutputError",
        "Problem",
        "RunError",
        "ValidationError",
        "WeftError",
    ],
    "engine.events": ["Event", "Listener"],
    "engine.declaration.node": ["node"],
    "engine.declaration.registry": ["Registry"],
    "engine.workflows.workflow": ["Workflow"],
    "nodes.shortcuts": ["arun", "load", "run"],
    "nodes.standard.engine": ["StandardEngine"],
    "nodes.standard.registry": ["standard_registry"],
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    wanted = "StandardEngine" if name == "Engine" else name
    if name not in __all__ or wanted not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_PLACES[wanted]}", __name__), wanted)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
