"""Values as bytes, for the disk tier: only classes that were named, never whatever a file says.

A stored value is a line naming its format, then the payload. Plain values are written as JSON with
their types; other classes by a `Format` that the layer owning the class provides. What no format
takes stays in memory.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from .values import class_name, is_plain

_PLAIN = b"plain"


class Format(Protocol):
    """How values of one class are written and read."""

    def encode(self, value: Any) -> bytes | None:
        """The value's bytes; None when this value cannot be stored (it refers to weights, say)."""
        ...

    def decode(self, data: bytes) -> Any:
        """The value again, equal in content.

        Raises:
            Exception: Any; the bytes are damaged.
        """
        ...


class Formats:
    """The formats in use, by `class_name`.

    Args:
        formats: Format by name such as `torch.Tensor`. The name is written into the file, so it
            must go on meaning the same.
    """

    def __init__(self, formats: Mapping[str, Format] | None = None) -> None:
        self._formats = dict(formats or {})

    def dump(self, value: object) -> bytes | None:
        """A value as bytes; None when it has no format."""
        if is_plain(value):
            return _PLAIN + b"\n" + json.dumps(_tagged(value)).encode()
        name = class_name(type(value))
        form = self._formats.get(name)
        payload = form.encode(value) if form is not None else None
        return None if payload is None else name.encode() + b"\n" + payload

    def load(self, data: bytes) -> Any:
        """The value of such bytes.

        Raises:
            ValueError: The format is not one of those in use.
            Exception: Whatever a format raises for damaged bytes.
        """
        name, newline, payload = data.partition(b"\n")
        if newline and name == _PLAIN:
            return _untagged(json.loads(payload))
        form = self._formats.get(name.decode("ascii", "replace")) if newline else None
        if form is None:
            raise ValueError(f"unknown format {name[:80]!r}")
        return form.decode(payload)


def _tagged(value: Any) -> Any:
    """JSON data that keeps apart what JSON mixes up: floats as hex, lists and tuples by name."""
    if isinstance(value, float):
        return {"f": value.hex()}
    if isinstance(value, bytes):
        return {"b": value.hex()}
    if isinstance(value, list | tuple):
        return {"t" if isinstance(value, tuple) else "l": [_tagged(v) for v in value]}
    if isinstance(value, dict):
        return {"d": [[_tagged(k), _tagged(v)] for k, v in value.items()]}
    return value


def _untagged(data: Any) -> Any:
    if not isinstance(data, dict):
        return data
    ((tag, inner),) = data.items()
    match tag:
        case "f":
            return float.fromhex(inner)
        case "b":
            return bytes.fromhex(inner)
        case "l":
            return [_untagged(v) for v in inner]
        case "t":
            return tuple(_untagged(v) for v in inner)
        case "d":
            return {_untagged(k): _untagged(v) for k, v in inner}
    raise ValueError(f"unknown tag {tag!r}")
