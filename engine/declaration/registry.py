"""Which node types there are. A value that is passed around, not a global.

The nodes in which a map's results come together are in every registry.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import ModuleType
from typing import Any

from ..errors import DeclarationError, Problem
from .collect import collect, collect_finished
from .node import ATTRIBUTE, NodeSpec, spec_of


class Registry(Mapping[str, NodeSpec]):
    """Node types by id. Aliases are found by `find`, and are no keys.

    Args:
        sources: Node functions, modules to search for them, or other registries.

    Attributes:
        checks: Further checks of documents that are valid as graphs, each called as
            `check(document, registry, workspace)` with an expanded document; they give problems.

    Raises:
        DeclarationError: Two declarations claim one id; both places are named.
    """

    def __init__(self, sources: Iterable[Callable[..., Any] | ModuleType | Registry] = ()) -> None:
        self._specs: dict[str, NodeSpec] = {}
        self._names: dict[str, NodeSpec] = {}
        self.checks: list[Callable[..., Iterable[Problem]]] = []
        for source in (collect, collect_finished, *sources):
            self.add(source)

    def add(self, source: Callable[..., Any] | ModuleType | Registry) -> None:
        """Add one node function, every node function of a module, or a whole registry."""
        if isinstance(source, Registry):
            for spec in source.values():
                self._add(spec)
            self.checks += [check for check in source.checks if check not in self.checks]
        elif isinstance(source, ModuleType):
            for value in vars(source).values():
                found = getattr(value, ATTRIBUTE, None)
                # A function imported from another module is that module's to offer.
                if isinstance(found, NodeSpec) and value.__module__ == source.__name__:
                    self._add(found)
        else:
            self._add(spec_of(source))

    def _add(self, spec: NodeSpec) -> None:
        for name in (spec.type_id, *spec.aliases):
            other = self._names.get(name)
            if other is not None and other is not spec:
                raise DeclarationError(
                    f"Two nodes claim the name {name}: {other.where} and {spec.where}.",
                    code="node.duplicate",
                    hint="Rename one, or load only one of the two packs.",
                )
        self._specs[spec.type_id] = spec
        for name in (spec.type_id, *spec.aliases):
            self._names[name] = spec

    def find(self, name: str) -> NodeSpec | None:
        """The node type of that id or alias."""
        return self._names.get(name)

    def names(self) -> Iterable[str]:
        """Every id and alias."""
        return self._names.keys()

    def similar(self, name: str) -> str | None:
        """The known id or alias most like a name, for a hint."""
        close = difflib.get_close_matches(name, self._names, n=1)
        return close[0] if close else None

    def __getitem__(self, type_id: str) -> NodeSpec:
        return self._specs[type_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)
