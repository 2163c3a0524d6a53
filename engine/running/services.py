"""What runs work with: the parts that an engine lends to all of them, and what belongs to one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..cancel import CancelToken
from ..events import Listener
from ..files.workspace import Workspace
from ..store.cache import MemoryCache
from ..store.disk_cache import DiskCache
from ..store.journal import Journal
from ..store.values import Values
from .diary import Diary
from .lanes import Flights, Lanes
from .purity import Purity


@dataclass(frozen=True, slots=True, kw_only=True)
class RunServices:
    """What an engine lends to its runs.

    Attributes:
        cache: Known results, in memory.
        disk: Known results on disk, or None.
        values: Digests and sizes.
        lanes: Threads.
        flights: Steps under way in any run.
        workspace: Folders.
        numerics: What else decides the numbers that models give (device, precision), for keys of
            steps in the `gpu` lane. Called once a run, in a thread, if there is such a step.
        holdings: Who else holds memory: names and bytes, of models for example.
        release: Lets go of what else takes memory and is not in use; the bytes set free.
        purity: Watches for nodes that change what they are given.
        watch: Called before a call that takes time; what it gives is called after it, and raises
            if the call used what was not what it should have been (a model's file that was
            written over).
    """

    cache: MemoryCache
    disk: DiskCache | None
    values: Values
    lanes: Lanes
    flights: Flights
    workspace: Workspace
    numerics: Callable[[], bytes]
    holdings: Callable[[], Iterable[tuple[str, int]]]
    release: Callable[[], int]
    purity: Purity
    watch: Callable[[], Callable[[], None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """What belongs to one run.

    Attributes:
        run: Its id.
        document: The resolved workflow, for nodes that embed it.
        lock: What the workflow is made with, for nodes that embed it.
        texts: Tells what more texts written files shall carry, by name.
        token: Cancellation.
        listener: Receives the events, or None.
        diary: Notes what each result was made of, to explain this run and the next; or None.
        journal: What an unfinished run before this one has written, to go on from there; or None.
    """

    run: str
    document: Callable[[], Mapping[str, Any]]
    lock: Callable[[], Mapping[str, Any] | None]
    texts: Callable[[], Mapping[str, str]]
    token: CancelToken
    listener: Listener | None
    diary: Diary | None = None
    journal: Journal | None = None
