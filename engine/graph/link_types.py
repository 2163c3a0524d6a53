"""The types of the outputs of a graph, with type variables resolved."""

from __future__ import annotations

from collections.abc import Mapping

from ..declaration.node import NodeSpec
from ..declaration.sockets import SocketType
from .document import Link, Node, as_link, links_in

_MOST_LISTS = 16


class LinkTypes:
    """The types of the outputs of one graph; each is looked up once.

    Args:
        nodes: The nodes by id.
        specs: The type of each node; None for one that is not known.
    """

    def __init__(self, nodes: Mapping[str, Node], specs: Mapping[str, NodeSpec | None]) -> None:
        self.nodes = nodes
        self.specs = specs
        self._known: dict[Link, SocketType] = {}

    def given(self, node_id: str, variable: SocketType) -> list[SocketType]:
        """Known types of what is linked to the inputs of one node that share a type variable."""
        spec, found = self.specs[node_id], []
        for name, value in self.nodes[node_id].inputs.items():
            parameter = spec.parameter(name) if spec is not None else None
            if parameter is not None and parameter.type == variable:
                found += [self.of(link) for link in links_in(value)]
        return [each for each in found if each.name != "VAR"]

    def of(self, link: Link, depth: int = 0) -> SocketType:
        """The type that an output has here: what a type variable stands for is looked up upstream.

        A variable that nothing upstream decides stays one, and so does one behind many lists.
        """
        source = self.specs.get(link.node)
        if source is not None and link.output in source.output_index:
            direct = source.outputs[source.output_index[link.output]].type
            if direct.name == "LIST" and direct.args[0].name == "VAR" and depth < _MOST_LISTS:
                return self._list_type(link.node, source, direct, depth + 1)
            if direct.name != "VAR":
                return direct
        queue: list[Link] = [link]
        seen: set[Link] = set()
        variable = SocketType("VAR", choices=("T",))
        while queue:
            each = queue.pop()
            if each in self._known:
                return self._learned(seen, self._known[each])
            spec = self.specs.get(each.node)
            if each in seen or spec is None or each.output not in spec.output_index:
                continue
            seen.add(each)
            found = spec.outputs[spec.output_index[each.output]].type
            if found.name != "VAR":
                return self._learned(seen, found)
            variable = found
            for name, value in self.nodes[each.node].inputs.items():
                parameter = spec.parameter(name)
                if parameter is not None and parameter.type == found:
                    queue.extend(links_in(value))
        return variable

    def _list_type(
        self, node_id: str, spec: NodeSpec, variable: SocketType, depth: int
    ) -> SocketType:
        """What a list of a type variable is a list of, going by the first thing put into it."""
        for name, value in self.nodes[node_id].inputs.items():
            parameter = spec.parameter(name)
            if parameter is None or parameter.type != variable:
                continue
            whole = as_link(value)
            if whole is not None:
                return self.of(whole, depth)
            for item in links_in(value):
                return SocketType("LIST", (self.of(item, depth),))
        return variable

    def _learned(self, links: set[Link], found: SocketType) -> SocketType:
        self._known.update(dict.fromkeys(links, found))  # or a chain of switches costs its square
        return found
