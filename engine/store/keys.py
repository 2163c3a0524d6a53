"""Cache keys: a hash of everything that decides a step's result.

key = hash(type id, version, source of nodes that are not weft's own, plain inputs with their
           types, names of the linked inputs, content digests of the linked values, content of
           named files, fingerprint)

Because links count by the *content* they deliver, not by where they come from, an edit that ends in
an equal value changes no key further down.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from blake3 import blake3

from ..leaving import leaving_refused
from .values import Values, seal

# Raised when the way keys or digests are computed changes: old results are then never found.
SCHEME = b"weft-key-3"
_PLAIN = Values()


@lru_cache(maxsize=4096)
def type_key(type_id: str, version: int) -> bytes:
    """The part of a key that all nodes of one type share."""
    return SCHEME + _sealed(type_id) + seal(b"i%d" % version)


def static_key(
    type_id: str,
    version: int,
    literals: Mapping[str, Any],
    links: Iterable[tuple[str, int]],
    code: bytes = b"",
) -> bytes:
    """The part of a key that is known before a run.

    Args:
        type_id: The node's type.
        version: Its version.
        literals: Plain inputs, defaults included.
        links: Names of linked inputs, with the count of values for one that collects, else -1.
        code: Digest of the node's source; empty for weft's own nodes, which their version names.
    """
    parts = [type_key(type_id, version), seal(code), b"%d:" % len(literals)]
    for name in sorted(literals):
        digest = _PLAIN.digest(literals[name])
        # JSON data always has a digest; a default of another class would be a fault of @node.
        assert digest is not None, f"{type_id}: the plain input {name} is not plain"
        parts.append(_sealed(name))
        parts.append(digest)
    for name, count in links:
        parts.append(_sealed(name))
        parts.append(b"%d;" % count)
    return b"".join(parts)


@lru_cache(maxsize=4096)
def _sealed(name: str) -> bytes:
    return seal(b"s" + name.encode())


def step_key(static: bytes, digests: Iterable[bytes]) -> bytes:
    """The whole key: 32 bytes.

    Args:
        static: From `static_key`.
        digests: Sealed digests of linked values in the order of the links, then of files.
    """
    return blake3(b"%d:" % len(static) + static + b"".join(digests)).digest()


def outside_digest(
    fingerprint: Callable[..., Any], literals: Mapping[str, Any], values: Values
) -> bytes:
    """The result of a node's `fingerprint`, as part of the key.

    Args:
        fingerprint: From the node's declaration; given those plain inputs that it takes.
        literals: Plain inputs.
        values: Digests.
    """
    accepted = inspect.signature(fingerprint).parameters
    with leaving_refused():
        said = fingerprint(**{n: v for n, v in literals.items() if n in accepted})
    digest = values.digest(said)
    # What has no digest cannot be compared: then nothing equals it.
    return digest if digest is not None else seal(os.urandom(32))


def result_digest(key: bytes, output: int) -> bytes:
    """Stand-in digest for a value whose class defines no content: the computation names it."""
    return seal(b"k" + key + output.to_bytes(2, "big"))
