"""Names for the parts that a ComfyUI file numbers."""

from __future__ import annotations

from collections.abc import Iterable

from .file import FileNode


def word(name: str) -> str:
    """A name that can stand behind the dot of a link."""
    return name.replace(".", "_")[:128]


def unused(name: str, taken: set[str]) -> str:
    """A name that is not taken, as like the given one as can be; it is taken from then on."""
    name = name[:100]
    found, number = name, 1
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    taken.add(found)
    return found


def distinct(names: list[str]) -> list[str]:
    """The same names, so that no two are equal and none is empty."""
    taken: set[str] = set()
    return [unused(name or "value", taken) for name in names]


class OutputNames:
    """The outputs of node types that are not here, in their order, as the file names them.

    Where two nodes of a type list other outputs, a name would not say which output it is; they are
    called `slot_0`, `slot_1` and so on then.

    Args:
        nodes: All nodes of those types.
    """

    def __init__(self, nodes: Iterable[FileNode]) -> None:
        self._names: dict[str, list[str]] = {}
        doubtful: set[str] = set()
        for node in nodes:
            names = [word(slot.name) for slot in node.outputs or ()]
            known = self._names.setdefault(node.type, names)
            common = min(len(known), len(names))
            if known[:common] != names[:common]:
                doubtful.add(node.type)
            if len(names) > len(known):
                self._names[node.type] = names
        for kind, names in self._names.items():
            self._names[kind] = [] if kind in doubtful or "" in names else distinct(names)

    def name(self, kind: str, slot: int) -> str:
        """The name of an output."""
        names = self._names.get(kind, [])
        return names[slot] if slot < len(names) else f"slot_{slot}"

    @property
    def several(self) -> dict[str, list[str]]:
        """The names in their order, by type, of the types that have more than one output."""
        return {kind: names for kind, names in self._names.items() if len(names) > 1}
