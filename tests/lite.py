"""Writes files as ComfyUI's editor does, from links said by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Lite:
    """A graph of LiteGraph: add nodes in any order, then take `data`."""

    def __init__(self) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.links: list[list[Any]] = []

    def add(
        self,
        node: int,
        kind: str,
        values: Sequence[Any] | dict[str, Any] | None = None,
        *,
        inputs: Sequence[tuple[str, str, tuple[int, int] | None]] = (),
        outputs: Sequence[tuple[str, str]] = (),
        widgets: Sequence[str] = (),
        **more: Any,
    ) -> Lite:
        """Add a node; inputs are (name, type, (origin, slot) or None)."""
        slots = []
        for slot, (name, type_, origin) in enumerate(inputs):
            link = None
            if origin is not None:
                link = self.link(origin, (node, slot), type_)
            widget = {"widget": {"name": name}} if name in widgets else {}
            slots.append({"name": name, "type": type_, "link": link, **widget})
        self.nodes.append(
            {
                "id": node,
                "type": kind,
                "pos": [100.5 * node, 40],
                "size": [210, 80],
                "flags": {},
                "order": 0,
                "mode": 0,
                "inputs": slots,
                "outputs": [{"name": n, "type": t, "links": []} for n, t in outputs],
                "properties": {},
                "widgets_values": values,
                **more,
            }
        )
        return self

    def link(self, origin: tuple[int, int], target: tuple[int, int], type_: str) -> int:
        """Link two slots; the link's id."""
        self.links.append([len(self.links), *origin, *target, type_])
        return len(self.links) - 1

    def data(self, **more: Any) -> dict[str, Any]:
        """A file of version 0.4."""
        return {"nodes": self.nodes, "links": self.links, "groups": [], "version": 0.4, **more}

    def definition(self, key: str, name: str, inputs: Any, outputs: Any) -> dict[str, Any]:
        """A subgraph, whose links are objects; `inputs` and `outputs` are (name, type)."""
        names = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")
        return {
            "id": key,
            "name": name,
            "nodes": self.nodes,
            "links": [dict(zip(names, link, strict=True)) for link in self.links],
            "inputs": [{"id": f"i{n}", "name": a, "type": t} for n, (a, t) in enumerate(inputs)],
            "outputs": [{"id": f"o{n}", "name": a, "type": t} for n, (a, t) in enumerate(outputs)],
            "inputNode": {"id": -10, "bounding": [0, 0, 100, 60]},
            "outputNode": {"id": -20, "bounding": [500, 0, 100, 60]},
        }
