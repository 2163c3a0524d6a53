"""The digest and the size in bytes of any value.

A digest is one length byte and then at most 32 bytes. Small plain values are their own digest (an
encoding that tells 1 from 1.0, True and "1"), everything else is hashed with BLAKE3. Because the
length stands in front, digests can be joined without ambiguity.

Values of other libraries are described by codecs, found by the name of the value's class or of one
of its bases, so that naming a codec imports nothing.
"""

from __future__ import annotations

import dataclasses
import enum
import itertools
import struct
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Protocol

from blake3 import blake3

_OWN = __name__.partition(".")[0]
_INLINE = 31
PLAIN = frozenset({str, int, float, bool, type(None), bytes})
"""Classes of values that nobody can change."""
_THREADED = 1 << 20  # bytes from which hashing on several cores pays
_SAMPLED = 4096  # items of a list or dict, of which more are not looked at for a sign


class Codec(Protocol):
    """How the engine sees the values of one class."""

    def parts(self, value: Any) -> Iterable[bytes | memoryview]:
        """The content in pieces: equal content gives equal pieces, and only then."""
        ...

    def nbytes(self, value: Any) -> int:
        """Size in memory."""
        ...

    def mark(self, value: Any) -> Hashable:
        """A sign of the content that costs little: another one after most changes of the value,
        and the same one again if nothing changed it."""
        ...


class Unknown(Exception):  # noqa: N818  (a signal inside this module, not a fault)
    """A value has no content digest."""


def class_name(cls: type) -> str:
    """How a class is called in digests, codecs and stored files: package, module and name.

    weft's own classes go without their module, so that moving one does not forget what was kept.
    A test sees to it that no two dataclasses of weft have the same name and fields.
    """
    package, _, _ = cls.__module__.partition(".")
    return f"{package if package == _OWN else cls.__module__}.{cls.__qualname__}"


def seal(payload: bytes) -> bytes:
    """A digest from an encoding: the encoding itself if short, else its hash."""
    if len(payload) <= _INLINE:
        return bytes((len(payload),)) + payload
    return b"\x20" + blake3(payload).digest()


class Values:
    """Digests and sizes of values, given the codecs of the classes in use.

    Args:
        codecs: Codec by `class_name`, such as `torch.Tensor`.
    """

    def __init__(self, codecs: Mapping[str, Codec] | None = None) -> None:
        self._codecs = dict(codecs or {})
        self._by_class: dict[type, Codec | None] = {}

    def digest(self, value: object) -> bytes | None:
        """Digest of a value's content; None when the value's class does not define content."""
        try:
            return seal(self._encode(value))
        except Unknown:
            return None

    def mark(self, value: object) -> Hashable:
        """A sign by which a change of a value shows, at little cost; None where its class does not
        define content.

        Equal signs mean that nothing of what was looked at changed: all of what is small, samples
        of what is large. Different signs do not mean that the content differs.
        """
        try:
            return self._mark(value)
        except Unknown:
            return None

    def _mark(self, value: object) -> Hashable:
        cls: Any = type(value)
        if cls in PLAIN:
            return (cls, value) if value == value else (cls, "nan")  # noqa: PLR0124
        if isinstance(value, list | tuple):
            step = len(value) // _SAMPLED + 1
            return (cls, len(value), *(self._mark(each) for each in value[::step]))
        if isinstance(value, dict):
            step = len(value) // _SAMPLED + 1
            items = itertools.islice(value.items(), 0, None, step)
            return (cls, len(value), *((self._mark(k), self._mark(v)) for k, v in items))
        codec = self._codec(cls)
        if codec is not None:
            return (cls, codec.mark(value))
        content = getattr(value, "content_digest", None)
        if isinstance(content, str):
            return (cls, content)
        if isinstance(value, enum.Enum):
            return (cls, value.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            return (cls, *(self._mark(getattr(value, field.name)) for field in fields))
        raise Unknown

    def nbytes(self, value: object) -> int:
        """Size of a value in memory, with what it refers to."""
        if type(value) in PLAIN:
            return sys.getsizeof(value)
        codec = self._codec(type(value))
        if codec is not None:
            return codec.nbytes(value)
        if isinstance(value, list | tuple):
            return 56 + sum(self.nbytes(v) + 8 for v in value)
        if isinstance(value, dict):
            return 64 + sum(self.nbytes(k) + self.nbytes(v) + 16 for k, v in value.items())
        size = getattr(value, "nbytes", None)
        if isinstance(size, int):
            return size
        if dataclasses.is_dataclass(value):
            fields = dataclasses.fields(value)
            return 48 + sum(self.nbytes(getattr(value, f.name)) for f in fields)
        return sys.getsizeof(value)

    def _codec(self, cls: type) -> Codec | None:
        try:
            return self._by_class[cls]
        except KeyError:
            names = map(class_name, cls.__mro__)
            codec = next((self._codecs[n] for n in names if n in self._codecs), None)
            self._by_class[cls] = codec
            return codec

    def _encode(self, value: object) -> bytes:
        plain = encode_scalar(value)
        if plain is not None:
            return plain
        if isinstance(value, list | tuple):
            inner = b"".join(seal(self._encode(v)) for v in value)
            return b"l%d:" % len(value) + inner
        if isinstance(value, dict):
            pairs = sorted((seal(self._encode(k)), seal(self._encode(v))) for k, v in value.items())
            return b"d%d:" % len(pairs) + b"".join(k + v for k, v in pairs)
        cls = type(value)
        codec = self._codec(cls)
        name = class_name(cls).encode()
        if codec is not None:
            threads = blake3.AUTO if codec.nbytes(value) > _THREADED else 1
            hasher = blake3(seal(name), max_threads=threads)
            for part in codec.parts(value):
                hasher.update(part)
            return b"o" + hasher.digest()
        content = getattr(value, "content_digest", None)
        if isinstance(content, str):
            return b"c" + seal(name) + content.encode()
        if isinstance(value, enum.Enum):
            return b"e" + seal(name) + value.name.encode()
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return (
                b"D"
                + seal(name)
                + b"".join(
                    seal(f.name.encode()) + seal(self._encode(getattr(value, f.name)))
                    for f in dataclasses.fields(value)
                )
            )
        raise Unknown


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    str: lambda value: b"s" + value.encode("utf-8", "surrogatepass"),
    int: lambda value: b"i%d" % value,
    float: lambda value: b"f" + struct.pack(">d", value),
    bool: lambda value: b"T" if value else b"F",
    type(None): lambda value: b"N",
    bytes: lambda value: b"b" + value,
}


def encode_scalar(value: object) -> bytes | None:
    """Injective encoding of None, bool, int, float, str and bytes; None for other classes.

    Exact classes only: a subclass may mean something else, as the members of an enum do.
    """
    encoder = _ENCODERS.get(type(value))
    return None if encoder is None else encoder(value)


def is_plain(value: object) -> bool:
    """Whether a value consists of scalars, lists, tuples and dicts only."""
    if type(value) in PLAIN:
        return True
    if type(value) in (list, tuple):
        return all(is_plain(v) for v in value)  # type: ignore[attr-defined]
    if type(value) is dict:
        return all(is_plain(k) and is_plain(v) for k, v in value.items())
    return False
