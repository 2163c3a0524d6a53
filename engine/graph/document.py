"""The workflow file: pydantic models, strict reading, canonical writing.

Everything is by name. A link is `{"link": "node.output"}` and nothing else is a link; lists stay
lists. Reading changes no value: a number that is written as a text stays a text and is refused
later, when the node's schema is known.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..errors import DocumentError
from .unread_numbers import without_unread

FORMAT = 1
MAX_BYTES = 64 * 2**20
MAX_DEPTH = 64
MAX_VALUES = 2_000_000
_QUICK = 250_000  # values that are read in some ten milliseconds
_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BYTES = re.compile(_TEXT.pattern.encode(), re.DOTALL)
NODE_ID = r"^[\w:-]{1,128}$"
NodeId = Annotated[str, StringConstraints(pattern=NODE_ID)]
PortName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
TypeId = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class Map(_Strict):
    """Makes an instance of a subgraph one instance for each item; its outputs become lists.

    Attributes:
        over: Inputs that have a list where the subgraph takes one value: a list, or a text that
            says one (`photos/*.jpg` where a file is named, `1..500` or `3,5,7` elsewhere). Several
            go side by side and have one length.
        on_error: What happens when an item fails. "stop": no further item is begun, and what
            needs the lists fails. "continue": the item is left out of the lists, and the run
            counts as done.
    """

    over: list[PortName] = Field(min_length=1)
    on_error: Literal["stop", "continue"] = "stop"


class Loop(_Strict):
    """Makes an instance of a subgraph a row of instances, each fed with what the last one gave.

    An output that has the name of an input is carried: the first time the input has the value that
    the node gives it, from then on the output of the time before. Other inputs stay the same.

    Attributes:
        times: How often, at least once.
        index: Name of an input that is told which time it is: 0, 1, 2, ...; None for none.
    """

    times: int = Field(ge=1, le=10_000)
    index: PortName | None = None


class Node(_Strict):
    """One node: its type, and a literal or a link for each input that is given.

    Attributes:
        map: For an instance of a subgraph, that it is made once for each item of a list.
        loop: For an instance of a subgraph, that it is made several times in a row.
    """

    type: TypeId
    title: str | None = Field(None, max_length=1000)
    inputs: dict[PortName, Any] = Field(default_factory=dict)
    map: Map | None = None
    loop: Loop | None = None

    def with_inputs(self, inputs: dict[str, Any], *, repeated: bool = True) -> Node:
        """The same node with other inputs; where `repeated` is false, no map and no loop."""
        return Node.model_construct(
            type=self.type,
            title=self.title,
            inputs=inputs,
            map=self.map if repeated else None,
            loop=self.loop if repeated else None,
        )


class Interface(_Strict):
    """The few values that a person or a script sets or wants.

    Attributes:
        inputs: Public name -> `node.parameter`.
        outputs: Public name -> `node.output`.
    """

    inputs: dict[PortName, str] = Field(default_factory=dict)
    outputs: dict[PortName, str] = Field(default_factory=dict)


# Interfaces are made for those that have none: a default would be copied in depth, which takes half
# as long as all the rest of reading a small document. The schema tells of it all the same.
_DEFAULT: pydantic.config.JsonDict = {"default": {"inputs": {}, "outputs": {}}}


class Subgraph(_Strict):
    """A workflow used like a node; its interface is what an instance takes and gives."""

    title: str | None = Field(None, max_length=1000)
    description: str | None = None
    nodes: dict[NodeId, Node] = Field(default_factory=dict)
    interface: Interface = Field(default_factory=Interface, json_schema_extra=_DEFAULT)


class Document(_Strict):
    """A whole workflow file."""

    weft: int = Field(FORMAT, ge=1, le=FORMAT)
    title: str | None = Field(None, max_length=1000)
    description: str | None = None
    nodes: dict[NodeId, Node] = Field(default_factory=dict)
    interface: Interface = Field(default_factory=Interface, json_schema_extra=_DEFAULT)
    subgraphs: dict[TypeId, Subgraph] = Field(default_factory=dict)
    requires: dict[str, Any] = Field(default_factory=dict)
    layout: dict[str, Any] = Field(default_factory=dict)


class Link(str):
    """The target of a link, `node.output`. A string of its own class, so that no text is a link.

    No node's id has a dot: the first one ends it, and others belong to the name behind.
    """

    __slots__ = ()

    @property
    def node(self) -> str:
        """Id of the node that it reads."""
        return split_target(self)[0]

    @property
    def output(self) -> str:
        """Name of that node's output."""
        return split_target(self)[1]


def as_link(value: object) -> Link | None:
    """The link that an input value is, or None when it is a literal."""
    if type(value) is dict and len(value) == 1:
        target = value.get("link")
        if isinstance(target, str):
            return Link(target)
    return None


def as_links(value: object) -> list[Link | None] | None:
    """The items of a list that collects links; None for any other value.

    An item is None where the list holds a literal between links.
    """
    if type(value) is list:
        items = [as_link(v) for v in value]
        if any(item is not None for item in items):
            return items
    return None


def links_in(value: object) -> Iterator[Link]:
    """The links that an input's value is, or collects; none for a literal."""
    link = as_link(value)
    if link is not None:
        yield link
    else:
        yield from (each for each in as_links(value) or () if each is not None)


def split_target(target: str) -> tuple[str, str]:
    """Split `node.port` at its first dot; the port is empty when there is none."""
    node, _, port = target.partition(".")
    return node, port


def read_json(text: str | bytes) -> Any:
    """Parse JSON strictly: no duplicate keys, bounded size, depth and number of values; NaN only
    where nobody reads it, and there it is dropped. A byte order mark may stand before it.

    Reading JSON in C holds the lock of the interpreter to the end: 60 MB of `[],` would stop every
    thread for seconds. Text with very many values is read in Python, which is slower and lets
    others have their turn.

    Raises:
        DocumentError: `document.json`, `document.duplicate_key`, `document.too_large`.
    """
    if len(text) > MAX_BYTES:
        raise DocumentError(
            f"The document has {len(text)} bytes; the maximum is {MAX_BYTES}.",
            code="document.too_large",
        )
    values = count_values(text)
    if values > MAX_VALUES:
        raise DocumentError(
            "The document has too many values.",
            code="document.too_large",
            expected=f"at most {MAX_VALUES} in all its objects and lists",
        )
    try:
        if isinstance(text, bytes):
            text = text.decode(json.detect_encoding(text), "surrogatepass")
        data = (_PATIENT if values > _QUICK else _STRICT).decode(text.removeprefix("\ufeff"))
    except ValueError as error:  # not JSON, not UTF-8, or a number of thousands of digits
        raise DocumentError(
            f"This is not JSON: {str(error)[:300]}.", code="document.json"
        ) from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_depth(data)
    if any(word in text for word in ("NaN", "Infinity")):
        return without_unread(data)
    return data


def count_values(text: str | bytes) -> int:
    """About how many values JSON holds: never fewer than it does; signs within its texts are left
    out if there would be many values with them.
    """
    signs: tuple[Any, ...] = (b",", b"[", b"{") if isinstance(text, bytes) else (",", "[", "{")
    count = sum(text.count(sign) for sign in signs) + 1
    if count <= _QUICK:
        return count
    texts = _BYTES if isinstance(text, bytes) else _TEXT
    inside = 0
    for found in texts.finditer(text):  # type: ignore[arg-type]
        inside += sum(text.count(sign, found.start(), found.end()) for sign in signs)
    return count - inside


def parse(data: object) -> Document:
    """Make a document of parsed JSON.

    Raises:
        DocumentError: Every place where the shape is wrong, in one message.
    """
    if isinstance(data, dict) and data.get("weft", FORMAT) not in range(1, FORMAT + 1):
        said = str(data["weft"])[:100]
        raise DocumentError(
            f"The file says format {said!r}; this weft reads formats 1 to {FORMAT}.",
            code="document.version",
            hint="Update weft to open it.",
        )
    if isinstance(data, dict) and "$schema" in data:
        data = {k: v for k, v in data.items() if k != "$schema"}
    try:
        return Document.model_validate(data)
    except pydantic.ValidationError as error:
        places = [
            f"{'.'.join(str(part)[:100] for part in e['loc']) or 'document'}: {e['msg'][:300]}"
            for e in error.errors(include_url=False, include_input=False)[:20]
        ]
        raise DocumentError(
            "This is not a weft document: " + "; ".join(places) + ".",
            hint='A document looks like {"weft": 1, "nodes": {id: {"type": ..., "inputs": {}}}}.',
        ) from error


def dump(document: Document) -> dict[str, Any]:
    """A document as JSON data, in canonical key order, without its empty parts."""
    data: dict[str, Any] = {"weft": document.weft, **_dump_graph(document)}
    if document.subgraphs:
        data["subgraphs"] = {n: _dump_graph(s) for n, s in document.subgraphs.items()}
    for name in ("requires", "layout"):
        if getattr(document, name):
            data[name] = getattr(document, name)
    return data


def _dump_graph(graph: Document | Subgraph) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name in ("title", "description"):
        if getattr(graph, name) is not None:
            data[name] = getattr(graph, name)
    data["nodes"] = {
        node_id: {
            "type": node.type,
            **({"title": node.title} if node.title is not None else {}),
            "inputs": dict(node.inputs),
            **({"map": node.map.model_dump()} if node.map is not None else {}),
            **({"loop": node.loop.model_dump(exclude_none=True)} if node.loop is not None else {}),
        }
        for node_id, node in graph.nodes.items()
    }
    interface = {
        side: dict(ports)
        for side in ("inputs", "outputs")
        if (ports := getattr(graph.interface, side))
    }
    if interface:
        data["interface"] = interface
    return data


def dumps(document: Document) -> str:
    """A document as text: two-space indent, one value a line, so that files diff and merge."""
    return json.dumps(dump(document), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file format, as published."""
    schema = Document.model_json_schema()
    schema["$id"] = "weft-document-1"
    return schema


def read_text(path: Path) -> str:
    """Read a document's file.

    Raises:
        DocumentError: It is missing, unreadable, too large or not UTF-8.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DocumentError(
                f"{path} is larger than {MAX_BYTES} bytes.", code="document.too_large"
            )
        content = path.read_bytes()
        return content.decode(json.detect_encoding(content))  # with or without byte order mark
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path} is not UTF-8 text.", code="document.json") from error
    except OSError as error:
        raise DocumentError(
            f"{path} cannot be read: {error.strerror}.", code="document.not_found"
        ) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise DocumentError(
            f"The name {twice[:100]!r} occurs twice in one object, and one of the two would be "
            "lost.",
            code="document.duplicate_key",
            hint="Rename or remove one of the two.",
        )
    return data


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise DocumentError(f"The number {text[:100]} is too large.", code="document.json")
    return value


def _too_deep() -> DocumentError:
    return DocumentError(
        f"The document is nested deeper than {MAX_DEPTH} levels.", code="document.too_deep"
    )


def _check_depth(data: object) -> None:
    level = [data]
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for item in level:
            if type(item) is dict:
                below.extend(item.values())
            elif type(item) is list:
                below.extend(item)
        if not below:
            return
        level = below
    raise _too_deep()


class _Patient(json.JSONDecoder):
    """Reads in Python and not in C, which would hold the interpreter's lock to the end."""

    def __init__(self, **hooks: Any) -> None:
        super().__init__(**hooks)
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


# Made once: `loads` would make a decoder for each text.
_HOOKS: dict[str, Any] = {"object_pairs_hook": _unique, "parse_float": _finite}
_STRICT = json.JSONDecoder(**_HOOKS)
_PATIENT = _Patient(**_HOOKS)
