"""Which node types there are. A value that is passed around, not a global.

The nodes in which a map's results come together are in every registry.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from ..errors import DeclarationError, Problem
from .code import LiveCode
from .collect import collect, collect_finished
from .node import ATTRIBUTE, NodeSpec, spec_of

SIMILAR = 0.75
"""How like a known name an unknown one is that may be a slip of the hand; 1 is equal."""


@dataclass(frozen=True, slots=True)
class PackFault:
    """Why nodes of a pack are not there.

    Attributes:
        packs: Names of the packs.
        text: What is wrong, a sentence.
        types: Names of node types that are not there for that reason, as far as they are known.
        hint: One thing to do, a sentence.
    """

    packs: tuple[str, ...]
    text: str
    types: frozenset[str] = frozenset()
    hint: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "packs": list(self.packs),
            "text": self.text,
            "types": sorted(self.types),
            "hint": self.hint,
        }


def specs_in(module: ModuleType) -> Iterator[NodeSpec]:
    """The node types that a module declares; a node imported from elsewhere is not among them."""
    for value in vars(module).values():
        found = getattr(value, ATTRIBUTE, None)
        if isinstance(found, NodeSpec) and value.__module__ == module.__name__:
            yield found


class Registry(Mapping[str, NodeSpec]):
    """Node types by id. Aliases are found by `find`, and are no keys.

    Args:
        sources: Node functions, modules to search for them, or other registries.

    Attributes:
        faults: Packs that could not be loaded, and nodes of packs that are left out.
        checks: Further checks of documents that are valid as graphs, each called as
            `check(document, registry, workspace)` with an expanded document; they give problems.

    Raises:
        DeclarationError: Two declarations claim one id; both places are named.
    """

    def __init__(self, sources: Iterable[Callable[..., Any] | ModuleType | Registry] = ()) -> None:
        self._specs: dict[str, NodeSpec] = {}
        self._names: dict[str, NodeSpec] = {}
        self._live: list[LiveCode] = []
        self.faults: list[PackFault] = []
        self.checks: list[Callable[..., Iterable[Problem]]] = []
        for source in (collect, collect_finished, *sources):
            self.add(source)

    def add(self, source: Callable[..., Any] | ModuleType | Registry) -> None:
        """Add one node function, every node function of a module, or a whole registry."""
        if isinstance(source, Registry):
            for spec in source.values():
                self.add_spec(spec)
            self.faults += source.faults
            self.checks += [check for check in source.checks if check not in self.checks]
        elif isinstance(source, ModuleType):
            for spec in specs_in(source):
                self.add_spec(spec)
        else:
            self.add_spec(spec_of(source))

    def add_spec(self, spec: NodeSpec) -> None:
        """Add one node type.

        Raises:
            DeclarationError: Another one has its id or an alias.
        """
        for name in (spec.type_id, *spec.aliases):
            other = self._names.get(name)
            if other is not None and other is not spec:
                raise DeclarationError(
                    f"Two nodes claim the name {name}: {other.where} and {spec.where}.",
                    code="node.duplicate",
                    hint="Rename one, or load only one of the two packs.",
                )
        if spec.type_id not in self._specs and isinstance(spec.code, LiveCode):
            self._live.append(spec.code)
        self._specs[spec.type_id] = spec
        for name in (spec.type_id, *spec.aliases):
            self._names[name] = spec

    def find(self, name: str) -> NodeSpec | None:
        """The node type of that id or alias."""
        return self._names.get(name)

    def own(self) -> Iterator[NodeSpec]:
        """The node types but for those that every registry has."""
        common = [spec_of(collect), spec_of(collect_finished)]
        return (spec for spec in self._specs.values() if spec not in common)

    def fault_of(self, name: str) -> PackFault | None:
        """Why there is no node type of that name; None where nothing is known of it."""
        if name in self._names:
            return None
        return next((fault for fault in self.faults if name in fault.types), None)

    def live_code(self) -> tuple[bytes, ...]:
        """Digests of the code that is in no file and may change while it is loaded."""
        return tuple(code() for code in self._live)

    def names(self) -> Iterable[str]:
        """Every id and alias."""
        return self._names.keys()

    def similar(self, name: str) -> str | None:
        """The known id or alias most like a name, for a hint."""
        close = difflib.get_close_matches(name, self._names, n=1, cutoff=SIMILAR)
        return close[0] if close else None

    def __getitem__(self, type_id: str) -> NodeSpec:
        return self._specs[type_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)
