"""The parts that live as long as the server: database, events, jobs, workers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from aiohttp import web

from weft.nodes.threads import thread_settings

from .events.hub import Hub
from .files.owners import OwnerStatements
from .files.pins import Pins
from .files.service import OWNERS
from .jobs.ledger import Ledger
from .jobs.queries import Queries
from .jobs.record import MUTABLE
from .jobs.service import JobService
from .keys import CATALOG, HUB, JOBS, LIBRARY, MAKE_WORKER, PROBES, SETTINGS, TALLY
from .library.queries import LibraryQueries
from .library.service import Library
from .library.statements import LibraryStatements
from .lock import DataLock
from .probes import Probes
from .settings import Settings
from .store.database import close_database, open_database
from .store.sender import sender_for
from .store.statements import Statements
from .store.writer import Writer
from .worker.base import Worker
from .worker.local import LocalWorker
from .worker.messages import Setup

_PREVIEWS = {"none": "off", "auto": "auto", "latent2rgb": "latent", "taesd": "auto"}


async def end_streams(app: web.Application) -> None:
    """Let listeners go when the server stops; else it would wait for them."""
    app[HUB].close()


async def services(app: web.Application) -> AsyncIterator[None]:
    """Start them with the application and stop them with it, the last one first."""
    settings = app[SETTINGS]
    with contextlib.ExitStack() as stack:
        stack.enter_context(DataLock(settings.data))
        engine = await open_database(settings)
        try:
            queries = Queries(engine)
            statements = Statements(engine.dialect.name, MUTABLE)
            kept = LibraryStatements(engine.dialect.name)
            owned = OwnerStatements(engine.dialect.name)
            writer = Writer(
                sender_for(engine),
                [*statements.in_order, *kept.in_order, *owned.in_order],
                lambda: statements.fact("probe", str(time.time())),
            )
            owners = app[OWNERS]
            owners.open(await queries.files(), writer, owned)
            keep = settings.limits.events_kept
            last_job, last_artifact, last_event = await queries.highest()
            hub = Hub(keep, last_event, await queries.events(keep))
            ledger = Ledger(
                hub,
                writer,
                statements,
                keep=keep,
                last_job=last_job,
                last_artifact=last_artifact,
                owners=owners,
            )
            catalog = app[CATALOG]
            pins = Pins(settings.pins, settings.uploads, catalog.workspace.digests)
            await asyncio.to_thread(pins.begin, await queries.pins())
            jobs = JobService(
                catalog, queries, ledger, settings, app[MAKE_WORKER], app[TALLY].job, pins
            )
            app[HUB], app[JOBS] = hub, jobs
            app[PROBES] = Probes(
                queries.ping,
                {
                    "data": settings.data,
                    "uploads": settings.uploads,
                    "output files": settings.output,
                },
            )
            app[LIBRARY] = Library(
                LibraryQueries(engine),
                writer,
                kept,
                app[CATALOG].registry,
                most_bytes=settings.limits.library_bytes,
            )
            writer.start()
            try:
                await jobs.start()
                yield
            finally:
                app[PROBES].close()
                await jobs.close()
                await writer.close()
        finally:
            await close_database(engine)


def local_workers(settings: Settings) -> Callable[[int], Worker]:
    """Makes the worker processes of this machine."""
    setup = Setup(
        path=sys.path,
        node_modules=list(settings.node_modules),
        packs=settings.packs,
        models=[str(path.absolute()) for path in settings.models],
        inputs=[str(path.absolute()) for path in (settings.uploads, *settings.inputs)],
        output=str(settings.output.absolute()),
        extra_model_paths=[str(path.absolute()) for path in settings.extra_model_paths],
        warm=settings.warm,
        metadata=settings.metadata,
        pins=str(settings.pins.absolute()),
        private=settings.private,
        level=logging.getLevelName(logging.getLogger().getEffectiveLevel()),
    )

    def make(number: int) -> Worker:
        return LocalWorker(f"worker-{number}", setup, _environment(settings, number))

    return make


def _environment(settings: Settings, number: int) -> dict[str, str]:
    """What makes several workers share a machine well."""
    found = thread_settings(settings.workers)
    if settings.previews is not None:
        found["WEFT_PREVIEW"] = _PREVIEWS[settings.previews]
    if settings.cpu:
        return found | {"WEFT_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": ""}
    if settings.workers > 1:
        cards = len(list(Path("/dev").glob("nvidia[0-9]*")))
        if cards > 1 and "WEFT_DEVICE" not in os.environ:
            found["WEFT_DEVICE"] = f"cuda:{number % cards}"
    return found
