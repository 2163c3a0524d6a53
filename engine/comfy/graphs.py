"""The graphs of a ComfyUI file: its root, and its subgraphs as its instances run them."""

from __future__ import annotations

from collections.abc import Iterator

from ..declaration.registry import Registry
from ..errors import DocumentError
from .file import OWN_INPUT, VIRTUAL, EditorFile, Promoted
from .graph import Graph
from .modes import NONE_OFF
from .names import OutputNames
from .ports import widget_inputs

MAX_NESTING = 60


class Graphs:
    """The definitions of a file, each as often as other inputs of it are off.

    Raises:
        DocumentError: Subgraphs nest too deeply.
    """

    def __init__(self, file: EditorFile, registry: Registry) -> None:
        self.file = file
        self.registry = registry
        self.definitions = {d.id: d for d in file.definitions.subgraphs}
        self.output_names = OutputNames(
            node
            for graph in (file, *self.definitions.values())
            for node in graph.nodes
            if node.type not in self.definitions
            and node.type not in VIRTUAL
            and registry.find(node.type) is None
        )
        self.promoted: dict[str, list[Promoted]] = {}
        for graph in (file, *self.definitions.values()):
            for node in graph.nodes:
                if node.type in self.definitions:
                    shown = self.promoted.setdefault(node.type, [])
                    new = (p for p in node.promoted or () if p.node != OWN_INPUT)
                    shown += [p for p in dict.fromkeys(new) if p not in shown]
        self.widget_inputs: dict[str, list[int]] = {}
        self._graphs: dict[tuple[str, frozenset[int]], Graph] = {}
        self._being_made: set[str] = set()
        names: dict[str, set[str]] = {}
        depths: dict[str, int] = {}
        for key in self._innermost_first():
            definition = self.definitions[key]
            depths[key] = 1 + max(
                (depths.get(node.type, 0) for node in definition.nodes), default=0
            )
            if depths[key] > MAX_NESTING:
                raise DocumentError(
                    f"The subgraphs of this ComfyUI file are nested more than {MAX_NESTING} deep.",
                    code="document.comfy_editor",
                    hint="Unpack some of them in ComfyUI's editor, and save the file again.",
                )
            self.widget_inputs[key] = slots = widget_inputs(definition, names)
            names[key] = {definition.inputs[slot].name for slot in slots}
        for key in self.widget_inputs:
            made = self.inner(key)
            assert made is not None
            _ = made.ports
        self.root = Graph(self, file, None, NONE_OFF)

    def inner(self, key: str, off: frozenset[int] = NONE_OFF) -> Graph | None:
        """A subgraph with some inputs off; None inside of itself, which validation refuses."""
        found = self._graphs.get((key, off))
        if found is not None:
            return found
        if key in self._being_made:
            return None
        self._being_made.add(key)
        try:
            made = Graph(self, self.definitions[key], self.definitions[key], off)
        finally:
            self._being_made.discard(key)
        self._graphs[key, off] = made
        return made

    def _innermost_first(self) -> Iterator[str]:
        """Definitions after those that they contain, so that nesting costs no recursion."""
        done: set[str] = set()
        for key in self.definitions:
            stack = [(key, False)]
            while stack:
                current, ready = stack.pop()
                if ready:
                    yield current
                elif current not in done:
                    done.add(current)
                    stack.append((current, True))
                    inside = {node.type for node in self.definitions[current].nodes}
                    stack += [(each, False) for each in inside & self.definitions.keys()]
