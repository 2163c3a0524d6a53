"""The host names that this server answers to, and the web pages that may call it.

A web page of another site can make a browser send requests here. The browser says which page it
was (`Origin`, `Sec-Fetch-Site`) and which name it looked up (`Host`); a name that is not ours means
that a foreign name was pointed at our address (DNS rebinding), so it is refused even on loopback.
"""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_HOST = re.compile(
    r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_])?)(?::(\d{1,5}))?"
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class HostName:
    """A `Host` header in parts: the name in lower case, and the port if it says one."""

    name: str
    port: int | None

    @property
    def is_address(self) -> bool:
        """Whether it is an IP address, which no rebinding can lead astray."""
        try:
            ipaddress.ip_address(self.name)
        except ValueError:
            return False
        return True

    @property
    def is_loopback(self) -> bool:
        """Whether it names this very machine."""
        if self.name == "localhost":
            return True
        return self.is_address and ipaddress.ip_address(self.name).is_loopback


def parse_host(header: str) -> HostName | None:
    """Read a `Host` header; None when it is malformed."""
    found = _HOST.fullmatch(header.lower())
    if found is None:
        return None
    port = int(found[2]) if found[2] else None
    if port is not None and port > 65535:
        return None
    name = found[1]
    if name.startswith("["):
        name = name[1:-1]
        try:
            ipaddress.IPv6Address(name)
        except ValueError:
            return None
    return HostName(name, port)


def same_origin(origin: str, host: HostName) -> bool:
    """Whether a page of `origin` came from the server that `host` names.

    The scheme is not compared, because a proxy in front may speak TLS for us; a port that a URL
    leaves out is its scheme's.
    """
    try:
        page = urlsplit(origin)
        port = page.port
    except ValueError:
        return False
    default = _PORTS.get(page.scheme)
    if default is None or page.path or page.query or page.fragment or page.username is not None:
        return False
    return (page.hostname, port or default) == (host.name, host.port or default)


@dataclass(frozen=True, slots=True)
class Hosts:
    """The names that this server answers to.

    Attributes:
        names: Allowed names beside loopback ones, lower case, without port.
        any_address: Whether every IP address is allowed (the server listens on more than
            loopback).
        origins: Foreign pages that may call, as `scheme://host[:port]`.
    """

    names: frozenset[str] = frozenset()
    any_address: bool = False
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, bound: Iterable[str], names: Iterable[str] = (), origins: Iterable[str] = ()
    ) -> Hosts:
        """The names for a server that listens on `bound`, with `names` and `origins` added."""
        wide = [b.lower() for b in bound if not is_loopback(b)]
        return cls(
            frozenset([*wide, *(n.lower() for n in names)]),
            bool(wide),
            frozenset(o.rstrip("/").lower() for o in origins),
        )

    @functools.lru_cache(maxsize=256)  # noqa: B019  (one lives as long as the server)
    def find(self, header: str) -> HostName | None:
        """The parsed `Host` header if this server answers to it, else None."""
        host = parse_host(header)
        if host is None:
            return None
        known = host.is_loopback or host.name in self.names
        return host if known or (self.any_address and host.is_address) else None


def is_loopback(bound: str) -> bool:
    """Whether listening on `bound` reaches no further than this machine."""
    bound = bound.strip("[]").lower()
    if bound == "localhost":
        return True
    try:
        return ipaddress.ip_address(bound).is_loopback
    except ValueError:
        return False  # a name, or empty for all interfaces
