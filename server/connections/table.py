"""`ConnectionTable`: all open connections by address, and which makes room for a new one."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol

from ..logs import Seldom, log


class ConnectionEntry(Protocol):
    """One counted connection.

    Attributes:
        address: Whose it is, as `party` gives it.
        has_asked: Whether a whole request has come over it.
    """

    address: str
    has_asked: bool

    @property
    def is_waiting(self) -> bool:
        """Whether no request of it is being answered."""
        ...

    def drop(self) -> None:
        """Close it at once; it then leaves the table."""


class _Party:
    """The connections of one address, each kind with the longest unheard first."""

    def __init__(self) -> None:
        self.new: OrderedDict[ConnectionEntry, None] = (
            OrderedDict()
        )  # no whole request has come yet
        self.known: OrderedDict[ConnectionEntry, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self.new) + len(self.known)

    def kind(self, entry: ConnectionEntry) -> OrderedDict[ConnectionEntry, None]:
        return self.known if entry.has_asked else self.new


class ConnectionTable:
    """Counts connections, and keeps them below two bounds.

    A new connection beyond a bound takes the place of one that waits for a request: of the same
    address if that has too many, else of the address that has most. Those that never sent a whole
    request go first. So whoever opens thousands of connections and says nothing keeps nobody out.

    Args:
        most: Connections in all.
        each: Connections of one address.
    """

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each = most, min(each, most)
        self._parties: dict[str, _Party] = {}
        self._count = 0
        self._seldom = Seldom(log)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ConnectionEntry]:
        for party in self._parties.values():
            yield from party.new
            yield from party.known

    def enter(self, entry: ConnectionEntry) -> bool:
        """Count a connection; False if there is no room, because all others are at work."""
        party = self._parties.get(entry.address)
        if party is not None and len(party) >= self.each:
            if not self._make_room(party):
                self.closed("too many connections of one address are in use", entry.address)
                return False
        elif self._count >= self.most:
            largest = max(self._parties.values(), key=len)
            if not self._make_room(largest) and not any(
                self._make_room(other) for other in list(self._parties.values())
            ):
                self.closed("too many connections are in use", entry.address)
                return False
        party = self._parties.setdefault(entry.address, _Party())
        party.kind(entry)[entry] = None
        self._count += 1
        return True

    def heard(self, entry: ConnectionEntry) -> None:
        """Something came over a connection, which is now its address's last to make room."""
        party = self._parties.get(entry.address)
        if party is None:
            return
        if entry.has_asked and party.new.pop(entry, entry) is None:
            party.known[entry] = None
        elif entry in party.known:
            party.known.move_to_end(entry)

    def leave(self, entry: ConnectionEntry) -> None:
        """A connection is gone; one that left already, or never entered, is no trouble."""
        party = self._parties.get(entry.address)
        if party is None or entry not in (kind := party.kind(entry)):
            return
        del kind[entry]
        self._count -= 1
        if not party:
            del self._parties[entry.address]

    def shed(self, count: int) -> None:
        """Close some connections that wait: the system has no more open files for us."""
        for _ in range(count):
            if not self._parties or not self._make_room(max(self._parties.values(), key=len)):
                return

    def closed(self, why: str, address: str) -> None:
        """Log that a connection was closed, not for each of thousands."""
        self._seldom.warning(
            f"a connection was closed: {why}", extra={"address": address, "open": self._count}
        )

    def _make_room(self, party: _Party) -> bool:
        """Close the connection that waits the longest; whether there was one."""
        for kind in (party.new, party.known):
            for _ in range(len(kind)):
                entry = next(iter(kind))
                if entry.is_waiting:
                    self.leave(entry)
                    self.closed("a newer connection replaced it", entry.address)
                    entry.drop()
                    return True
                kind.move_to_end(entry)  # it is at work: the next look begins behind it
        return False


def party(peer: object) -> str:
    """The address that connections are counted by: IPv4, or the /64 network of an IPv6 one.

    Args:
        peer: As a socket names its other end.
    """
    host = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    if address.is_loopback:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))
