"""The shape of a file of ComfyUI's editor: nodes with positions, links by number, widget values.

Only its shape: what is read here is not yet known to make sense. Both published forms of the
format are read, links as lists (version 0.4) and as objects (version 1).
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, NamedTuple

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ..errors import DocumentError

INPUT_SIDE, OUTPUT_SIDE = "-10", "-20"
"""Ids of what stands for a subgraph's own inputs and outputs inside of it."""
OWN_INPUT = "-1"
"""What stands in a promoted widget's place for its node where it is the subgraph's own input."""
MUTED, BYPASSED = 2, 4
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LINK = ("id", "origin_id", "origin_slot", "target_id", "target_slot", "type")


def _named(link: object) -> object:
    return dict(zip(_LINK, link, strict=False)) if isinstance(link, list) else link


def _present(links: object) -> object:
    if isinstance(links, dict):
        links = list(links.values())
    return [link for link in links if link is not None] if isinstance(links, list) else links


def _text(value: object) -> object:
    return str(value) if type(value) is int else value


def _pair(value: object) -> object:
    """Two numbers, which some versions write as an object with the keys "0" and "1"."""
    if isinstance(value, dict):
        value = [value.get("0"), value.get("1")]
    return tuple(value[:2]) if isinstance(value, list) else value


PRIMITIVE = "PrimitiveNode"
BEND = {"Reroute", "Reroute (rgthree)"}
GET = {"GetNode", "easy getNode"}
SET = {"SetNode", "easy setNode"}
NOTES = {"Note", "MarkdownNote", "Label (rgthree)"}
DRAWN_ONLY = {
    "Bookmark (rgthree)",
    "Fast Actions Button (rgthree)",
    "Fast Bypasser (rgthree)",
    "Fast Groups Bypasser (rgthree)",
    "Fast Groups Muter (rgthree)",
    "Fast Muter (rgthree)",
    "Mute / Bypass Relay (rgthree)",
    "Mute / Bypass Repeater (rgthree)",
    "Node Collector (rgthree)",
    "Random Unmuter (rgthree)",
}
"""Nodes that work in ComfyUI's editor alone: they run nowhere and no value comes out of them."""
VIRTUAL = {*NOTES, PRIMITIVE, *GET, *SET, *BEND, *DRAWN_ONLY}
"""Nodes that never run: ComfyUI's editor makes links and values of them."""

Id = Annotated[str, BeforeValidator(_text)]
Pair = Annotated[tuple[float, float], BeforeValidator(_pair)]


class _Loose(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class FileLink(_Loose):
    """From an output to an input, each a node and the number of its slot."""

    id: int
    origin_id: Id
    origin_slot: int = Field(ge=0)
    target_id: Id
    target_slot: int = Field(ge=0)


class FileSlot(_Loose):
    """An input or output as drawn; `widget` is there on inputs that have a widget too.

    Attributes:
        linkIds: For a subgraph's own inputs and outputs, the links inside of it.
    """

    name: str = Field("", max_length=1000)
    type: Any = "*"
    link: int | None = None
    widget: dict[str, Any] | None = None
    linkIds: Any = None  # noqa: N815  (the file's own name)

    @property
    def widget_name(self) -> str | None:
        """The name of its widget; None if it has none."""
        name = self.widget.get("name") if self.widget is not None else None
        return name if isinstance(name, str) else None


class EditorModel(_Loose):
    """A model that a node names: its folder, and where its author says that it can be had.

    Attributes:
        hash: What the file's content hashes to, by the method `hash_type`; None if it is not said.
    """

    name: str
    url: str
    directory: str
    hash: str | None = None
    hash_type: str | None = None

    @property
    def sha256(self) -> str | None:
        """The SHA-256 in small hexadecimal digits; None if the file does not say it."""
        said = (self.hash or "").lower()
        plausible = _SHA256.fullmatch(said) is not None
        return said if plausible and (self.hash_type or "sha256").lower() == "sha256" else None


class Promoted(NamedTuple):
    """A widget inside of a subgraph that an instance shows as its own.

    Attributes:
        node: The node inside that has it; `OWN_INPUT` for an input of the subgraph itself.
        widget: The widget's name.
    """

    node: str
    widget: str


class Properties(_Loose):
    """Further properties of a node.

    Attributes:
        cnr_id: The pack that has its type, by its name in ComfyUI's registry.
        aux_id: The same by its repository, for packs that are not in the registry.
        proxyWidgets: For an instance of a subgraph, which widgets it shows, in the order of its
            values: pairs of a node's id and a widget's name, in some versions as JSON text.
    """

    models: list[Any] = Field(default_factory=list)
    cnr_id: Any = None
    aux_id: Any = None
    proxyWidgets: Any = None  # noqa: N815  (the file's own name)


class FileNode(_Loose):
    """A node as drawn.

    Attributes:
        widgets_values_named: The same values again with their names, in files of late 2026. Tools
            that change a file forget it, so that only the names are of use.
    """

    id: Id
    type: Annotated[str, Field(min_length=1, max_length=1000)]
    title: str | None = None
    pos: Pair = (0.0, 0.0)
    size: Pair | None = None
    flags: dict[str, Any] = Field(default_factory=dict)
    mode: int = 0
    inputs: list[FileSlot] | None = None
    outputs: list[FileSlot] | None = None
    widgets_values: list[Any] | dict[str, Any] | None = None
    widgets_values_named: Any = None
    color: str | None = None
    properties: Properties = Field(default_factory=Properties)

    @property
    def models(self) -> Iterator[EditorModel]:
        """The models that it names with an address; others are passed over."""
        for model in self.properties.models:
            with contextlib.suppress(pydantic.ValidationError):
                yield EditorModel.model_validate(model)

    @property
    def pack(self) -> str | None:
        """The pack that has its type; None if the file does not say it."""
        said = (self.properties.cnr_id, self.properties.aux_id)
        return next((name for name in said if isinstance(name, str) and 0 < len(name) <= 200), None)

    @property
    def promoted(self) -> list[Promoted] | None:
        """The widgets that an instance of a subgraph shows; None if the file does not list them."""
        said = self.properties.proxyWidgets
        if isinstance(said, str):
            with contextlib.suppress(ValueError, RecursionError):
                said = json.loads(said)
        if not isinstance(said, list):
            return None
        pairs = [each if isinstance(each, list) and len(each) >= 2 else ["", ""] for each in said]
        return [Promoted(str(node), str(widget)) for node, widget, *_ in pairs]

    @property
    def value(self) -> Any:
        """The first widget's value; None for none."""
        values = self.widgets_values
        return values[0] if isinstance(values, list) and values else None


class FileGroup(_Loose):
    """A frame around nodes: left, top, width, height."""

    title: str = ""
    color: str | None = None
    bounding: tuple[float, float, float, float]


class FileGraph(_Loose):
    """The root, or what is inside of a subgraph."""

    nodes: list[FileNode]
    links: Annotated[list[Annotated[FileLink, BeforeValidator(_named)]], BeforeValidator(_present)]
    groups: list[FileGroup] = Field(default_factory=list)

    @cached_property
    def by_id(self) -> dict[str, FileNode]:
        """The nodes by their ids."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def link(self) -> dict[int, FileLink]:
        """The links by their ids."""
        return {link.id: link for link in self.links}

    @cached_property
    def stored(self) -> dict[str, FileNode]:
        """The value that a node like "SetNode" stores, for every "GetNode" of the same name."""
        return {str(n.value): n for n in self.nodes if n.type in SET}


class Definition(FileGraph):
    """A subgraph; nodes whose type is its id are its instances."""

    id: str
    name: str = "Subgraph"
    inputs: list[FileSlot] = Field(default_factory=list)
    outputs: list[FileSlot] = Field(default_factory=list)


class _Definitions(_Loose):
    subgraphs: list[Definition] = Field(default_factory=list)


class EditorFile(FileGraph):
    """A whole file."""

    definitions: _Definitions = _Definitions()


def read_editor_file(data: object) -> EditorFile:
    """Check the shape.

    Raises:
        DocumentError: The first places where it is another one, or two nodes with one id.
    """
    try:
        file = EditorFile.model_validate(data)
    except pydantic.ValidationError as error:
        places = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg'][:300]}"
            for e in error.errors(include_url=False, include_input=False)[:5]
        ]
        raise DocumentError(
            "This looks like a file of ComfyUI's editor, but it is damaged: "
            + "; ".join(places)
            + ".",
            code="document.comfy_editor",
            hint="Save it again in ComfyUI's editor.",
        ) from error
    for graph in (file, *file.definitions.subgraphs):
        if len(graph.by_id) != len(graph.nodes):
            ids = [node.id for node in graph.nodes]
            twice = next(i for i in ids if ids.count(i) > 1)
            raise DocumentError(
                f"Two nodes of this ComfyUI file have the id {twice[:100]}.",
                code="document.comfy_editor",
                hint="Save it again in ComfyUI's editor, which assigns new ids.",
            )
    return file
