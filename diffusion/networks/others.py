"""Kinds of files that hold no network that is built here, and words for files of no known kind."""

from __future__ import annotations

from .kind import NetworkKind

HYPERNETWORK = NetworkKind("hypernetwork", "a hypernetwork", folder="hypernetworks")
AMBIGUOUS = NetworkKind("ambiguous", "a file that has the marks of several kinds")
UNKNOWN = NetworkKind("unknown", "a network that weft does not know")
