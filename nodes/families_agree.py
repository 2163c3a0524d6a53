"""Check before a run that the models, ControlNets and IP-Adapters of a workflow fit each other.

Families are read from the headers of the files that the loaders name, and follow the links. Cases
that are unknown before the run (an unknown family, a choice between branches) are left to the run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, TypeAlias

from weft.engine.declaration.named_files import find_file
from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import ModelFile
from weft.engine.errors import FileError, Problem
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document, Node, as_link, as_links

_NETWORKS = ("checkpoints", "diffusion_models", "diffusers")
_FOLDERS = {"CONTROL_NET": ("controlnet",), "IPADAPTER": ("ipadapter",), "MODEL": _NETWORKS}
"""Socket type -> folders of the files from which a loader makes such a value."""
_USES = ("LATENT", "GUIDER")
"""Outputs of the nodes that take a model together with its prompts."""
_Values: TypeAlias = "list[tuple[Parameter, Any]]"


@dataclass(frozen=True, slots=True)
class Made:
    """A value that was loaded from a model file.

    Attributes:
        family: The file's family.
        file: Its name.
    """

    family: str
    file: str


def check_families(
    document: Document, registry: Registry, workspace: Workspace
) -> Iterator[Problem]:
    """Find ControlNets and IP-Adapters that are linked to a model of another family.

    Args:
        document: Expanded, and otherwise valid.
        registry: The node types there are.
        workspace: Where model files lie.
    """
    specs = {node_id: registry.find(node.type) for node_id, node in document.nodes.items()}
    steering = {"CONTROL_NET", "IPADAPTER"}
    if not any(p.type.name in steering for s in specs.values() if s for p in s.parameters.values()):
        return
    found = _Facts(workspace)
    order: TopologicalSorter[str] = TopologicalSorter(
        {
            node_id: {link.node for value in node.inputs.values() for link in _links(value)}
            for node_id, node in document.nodes.items()
        }
    )
    for node_id in order.static_order():
        spec = specs[node_id]
        # A node with lazy inputs may choose one of them: what comes out is not known before.
        if spec is not None and not spec.lazy:
            yield from found.follow(node_id, document.nodes[node_id], spec)


@dataclass(slots=True)
class _Facts:
    workspace: Workspace
    made: dict[str, Made] = field(default_factory=dict)
    nets: dict[str, frozenset[Made]] = field(default_factory=dict)

    def follow(self, node_id: str, node: Node, spec: NodeSpec) -> Iterator[Problem]:
        """Note the files behind a node's outputs; report inputs that do not fit each other."""
        values = [
            (parameter, value)
            for name, value in node.inputs.items()
            if (parameter := spec.parameter(name)) is not None
        ]
        model = self._given(values, "MODEL")
        prompts = {
            parameter.name: self._prompt(value)
            for parameter, value in values
            if parameter.type.name == "CONDITIONING"
        }
        net = self._given(values, "CONTROL_NET")
        off = any(p.name == "strength" and value == 0 for p, value in values)
        added: frozenset[Made] = frozenset() if net is None or off else frozenset({net})
        for output in spec.outputs:
            link = f"{node_id}.{output.name}"
            if output.type.name == "CONDITIONING":
                own = prompts.get(output.name)
                self.nets[link] = added.union(*([own] if own is not None else prompts.values()))
            elif output.type.name in _FOLDERS:
                fact = self._loaded(values, output.type.name)
                if fact is not None:
                    self.made[link] = fact
        if model is None:
            return
        adapter = self._given(values, "IPADAPTER")
        if adapter is not None and adapter.family != model.family:
            yield _misfit(node_id, spec, "ipadapter", "IP-Adapter", adapter, model)
        if any(output.type.name in _USES for output in spec.outputs):
            for port, nets in prompts.items():
                for each in sorted(nets, key=lambda made: made.file):
                    if not _controls(model.family, each.family):
                        yield _misfit(node_id, spec, port, "ControlNet", each, model)

    def _given(self, values: _Values, socket: str) -> Made | None:
        """The files behind the inputs of one type; None if one of them is unknown."""
        facts = {
            self.made.get(str(link))
            for parameter, value in values
            if parameter.type.name == socket
            for link in _links(value)
        }
        return facts.pop() if len(facts) == 1 else None

    def _prompt(self, value: Any) -> frozenset[Made]:
        found: frozenset[Made] = frozenset()
        return found.union(*(self.nets.get(str(link), found) for link in _links(value)))

    def _loaded(self, values: _Values, socket: str) -> Made | None:
        """The file behind an output: one that the node loads, or that of a matching input."""
        if any(parameter.type.name == socket for parameter, _ in values):
            return self._given(values, socket)
        for parameter, value in values:
            file = parameter.file
            if isinstance(file, ModelFile) and file.kind in _FOLDERS[socket]:
                return self._of_file(file, value) if isinstance(value, str) else None
        return None

    def _of_file(self, kind: ModelFile, name: str) -> Made | None:
        try:
            path = find_file(self.workspace, kind, name)
            state = path.stat()
        except (FileError, OSError):
            return None
        family = _family(path, state.st_mtime_ns, state.st_size, state.st_ino)
        return None if family is None else Made(family, path.name)


@lru_cache(maxsize=1024)
def _family(path: Path, *_: int) -> str | None:
    """The family of a file as it is now; None if it is unknown."""
    from weft.diffusion import DiffusionError, inspect_file

    try:
        family = inspect_file(os.fspath(path)).family
    except (DiffusionError, OSError):
        return None
    return family if family != "unknown" else None


def _controls(model: str, net: str) -> bool:
    """Whether ControlNets of a family act on models of another; True where that is not known."""
    from weft.diffusion.control import steers
    from weft.diffusion.families import NAMES

    return model not in NAMES or steers(net, model)


def _misfit(node_id: str, spec: NodeSpec, port: str, what: str, part: Made, model: Made) -> Problem:
    from weft.diffusion.formats.words import family_words

    wanted, got = family_words(model.family), family_words(part.family)
    return Problem(
        "model.kinds_do_not_fit",
        f'Node {node_id} ({spec.type_id}): {what} "{part.file}" ({got}) does not fit the model '
        f'"{model.file}" ({wanted}).',
        node_id,
        port,
        expected=f"{what}s for {wanted}",
        got=f"one for {got}",
        hint=f"Use {what}s that were trained for this model family.",
    )


def _links(value: Any) -> Iterator[Any]:
    link = as_link(value)
    if link is not None:
        yield link
    else:
        yield from (each for each in as_links(value) or () if each is not None)
