"""Combine node packs: a broken pack or a name claimed twice does not affect the others.

Which nodes are there never depends on the order in which packs are found: weft's own names stay
weft's, and a name that two packs claim belongs to neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .node import NodeSpec
from .registry import PackFault, Registry

OWN = ("weft",)
"""The `packs` of a fault of weft's own nodes, whose names no pack may take meanwhile."""


@dataclass(frozen=True, slots=True)
class Pack:
    """The nodes of a pack that could be loaded.

    Attributes:
        name: Of the package or module.
        specs: Its node types.
    """

    name: str
    specs: Sequence[NodeSpec] = field(repr=False)


def add_packs(registry: Registry, packs: Iterable[Pack]) -> None:
    """Add the nodes of packs; what cannot be added is noted in `registry.faults`.

    Args:
        registry: With weft's own nodes, and those that are asked for by name.
        packs: In any order.
    """
    own = set(registry.names()).union(*(f.types for f in registry.faults if f.packs == OWN))
    claims: defaultdict[str, dict[int, tuple[str, NodeSpec]]] = defaultdict(dict)
    for pack in packs:
        for spec in pack.specs:
            if registry.find(spec.type_id) is not spec:
                claims[spec.type_id][id(spec)] = (pack.name, spec)
    single: dict[str, tuple[str, NodeSpec]] = {}
    for name, claimed in sorted(claims.items()):
        names = _names(pack for pack, _ in claimed.values())
        if name in own:
            registry.faults.append(_taken(names, name))
        elif len(claimed) > 1:
            registry.faults.append(_contested(names, name))
        else:
            (single[name],) = claimed.values()
    for spec in _without_taken_aliases(registry, single, own | claims.keys()):
        registry.add_spec(spec)


def _without_taken_aliases(
    registry: Registry, single: Mapping[str, tuple[str, NodeSpec]], taken: set[str]
) -> Iterator[NodeSpec]:
    """The node types, each with those of its other names that nobody else has."""
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for type_id, (_, spec) in single.items():
        for alias in spec.aliases:
            wanted[alias].add(type_id)
    for type_id, (pack, spec) in single.items():
        lost = [a for a in spec.aliases if a != type_id and (a in taken or len(wanted[a]) > 1)]
        for alias in lost:
            registry.faults.append(
                PackFault(
                    (pack,),
                    f'The node "{type_id}" of the pack {pack} cannot be used under its alias '
                    f'"{alias}", which another node has too.',
                    hint=f'Use "{type_id}".',
                )
            )
        yield replace(spec, aliases=tuple(a for a in spec.aliases if a not in lost))


def failed(pack: str, error: BaseException, types: Iterable[str]) -> PackFault:
    """A pack that raised when it was imported.

    Args:
        pack: Its name.
        error: What it raised.
        types: Names of nodes that its source declares.
    """
    reason = f"{type(error).__name__}: {error}".strip().removesuffix(".")[:500]
    return PackFault(
        (pack,),
        f"The pack {pack} could not be loaded: {reason}.",
        frozenset(types),
        hint=f"Correct, update or uninstall {pack}.",
    )


def without_nodes(pack: str, module: Any) -> PackFault:
    """A module that offers no node of weft."""
    classes = getattr(module, "NODE_CLASS_MAPPINGS", None)
    if isinstance(classes, Mapping) or hasattr(module, "comfy_entrypoint"):
        version = "V1 classes (NODE_CLASS_MAPPINGS)" if classes else "V3 classes (comfy_entrypoint)"
        return PackFault(
            (pack,),
            f"The pack {pack} declares ComfyUI's {version}, which weft does not support.",
            frozenset(str(name) for name in classes) if isinstance(classes, Mapping) else _NONE,
            hint="Declare its functions with @weft.node.",
        )
    return PackFault(
        (pack,),
        f"The pack {pack} has no node.",
        hint="Declare functions with @weft.node in the module of its entry point.",
    )


def _taken(packs: tuple[str, ...], name: str) -> PackFault:
    return PackFault(
        packs,
        f'The node "{name}" of the pack {" and ".join(packs)} is not loaded: weft has a node of '
        "that name.",
        hint="Rename it in the pack.",
    )


def _contested(packs: tuple[str, ...], name: str) -> PackFault:
    text = (
        f'The packs {" and ".join(packs)} both have a node "{name}", so neither is loaded.'
        if len(packs) > 1
        else f'The pack {"".join(packs)} has two nodes "{name}", so neither is loaded.'
    )
    hint = f"Uninstall {' or '.join(packs)}." if len(packs) > 1 else "Rename one of the two."
    return PackFault(packs, text, frozenset({name}), hint=hint)


def _names(packs: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(packs)))


_NONE: frozenset[str] = frozenset()
