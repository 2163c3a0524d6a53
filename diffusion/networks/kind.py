"""A kind of model file, and the networks that weft builds of such files. No torch at import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ..device import Precision
from ..formats.pieces import Shapes
from .identity import Identity
from .names import Names

if TYPE_CHECKING:
    from torch.nn import Module

Rule: TypeAlias = Callable[[Names], Identity | None]
"""Says what a file holds, if it is of one kind; None for every other file."""


def always(shapes: Shapes) -> bool:
    """The mark of the only network of its part."""
    return True


@dataclass(frozen=True, slots=True)
class Network:
    """A torch network that weft builds.

    Attributes:
        name: Its name in code.
        part: `Weights.kind` of those that are loaded; several networks may serve one part.
        config: Its configuration, from the shapes of its tensors by diffusers' (transformers')
            names.
        build: The module on the current device, from a configuration that it may change.
        precision: In which number types it runs and is kept.
        owns: Whether tensors of its part are of this network and no other of the part.
    """

    name: str
    part: str
    config: Callable[[Shapes], dict[str, Any]]
    build: Callable[[dict[str, Any]], Module]
    precision: Precision
    owns: Callable[[Shapes], bool] = always


@dataclass(frozen=True, slots=True)
class NetworkKind:
    """A kind of model file.

    Attributes:
        name: `Identity.kind` of its files.
        words: Its name for people, with an article.
        folder: The folder of models where its files lie; None = no loader takes them.
        recognise: Its strict rule: what its files have, and files of other kinds have not. None for
            the two names of files that belong to no kind.
        more_folders: Other names that ComfyUI has for the folder.
        variants: `Identity.variant` -> its words for people.
        networks: What weft builds of its files.
        usable: Whether some loader takes its files; else they are known, not usable yet.
    """

    name: str
    words: str
    folder: str | None = None
    recognise: Rule | None = None
    networks: tuple[Network, ...] = ()
    usable: bool = True
    more_folders: tuple[str, ...] = ()
    variants: Mapping[str, str] = field(default_factory=dict)
