"""Hypernetworks, which are built elsewhere, and words for files of no known kind."""

from __future__ import annotations

from .identity import Identity
from .kind import NetworkKind
from .names import Names


def _hypernetwork(names: Names) -> Identity | None:
    return Identity("hypernetwork", "unknown") if names.start("hypernetwork.") else None


HYPERNETWORK = NetworkKind(
    "hypernetwork", "a hypernetwork", folder="hypernetworks", recognise=_hypernetwork
)
AMBIGUOUS = NetworkKind("ambiguous", "a file that has the marks of several kinds")
UNKNOWN = NetworkKind("unknown", "a network that weft does not know")
