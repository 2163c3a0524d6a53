"""The state of the server: health, statistics, metrics, caches."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from ..api.errors import ApiError
from ..api.model import ApiModel, Body
from ..api.routing import Routes
from ..catalog import in_thread_if_large
from ..jobs.dispatch import no_worker
from ..keys import CATALOG, HUB, JOBS, PROBES, SETTINGS, TALLY, is_admin, owner_of
from ..metrics import exposition

routes = Routes("system")

_BEGAN = time.monotonic()
_PATIENCE = 10.0  # seconds for workers to answer


class Health(ApiModel):
    """Whether the server can do its work."""

    status: Literal["ok", "degraded"]
    workers: int = Field(description="Workers that are ready.")
    trouble: list[str] = Field(description="Problems that prevent the server from working.")


class WorkerInfo(ApiModel):
    """One worker."""

    number: int
    ready: bool
    busy: bool
    jobs: int = Field(description="Number of jobs that it ran.")
    job: str | None = Field(None, description="Id of its running job.")
    trouble: str | None = Field(None, description="The reason why the worker before it ended.")


class System(ApiModel):
    """The state of the server."""

    version: str
    python: str
    platform: str
    processors: int
    uptime: float = Field(description="Seconds.")
    memory: int = Field(description="Peak memory of the server process in bytes.")
    workers: list[WorkerInfo]
    jobs: dict[str, int] = Field(description="Number of jobs by state.")
    listeners: int
    output: str = Field(description="The output folder's name.")


class ExplainRequest(Body):
    """A workflow that could be run."""

    workflow: dict[str, Any]
    set: dict[str, Any] = Field(default_factory=dict)
    outputs: list[str] | None = None
    scope: str | None = Field(None, max_length=500, description="State of the job.")


class Explained(ApiModel):
    """The plan of the next run for one node, and the reason."""

    node: str
    type: str
    state: Literal["hit", "trivial", "runs", "depends", "always"]
    why: list[str]


class Explanation(ApiModel):
    """The plan of the next run."""

    nodes: list[Explained]


class CacheStats(ApiModel):
    """Statistics of the cache."""

    memory: dict[str, int] = Field(description="Cache of the worker that answered.")
    disk: dict[str, int] | None = Field(None, description="None if the disk cache is off.")


class ModelHeld(ApiModel):
    """One network in memory."""

    name: str = Field(description="The file that it was loaded from, and its patches.")
    kind: str = Field(description="unet, vae, text_encoder, ...")
    device: str
    nbytes: int = Field(description="Bytes of tensors that no other network counts.")
    resident: int = Field(description="Bytes on its compute device.")
    state: Literal["loaded", "streamed", "parked"] = Field(
        description="streamed: weights that are not resident are loaded block by block; parked: "
        "in host memory."
    )
    in_use: bool


class DeviceHeld(ApiModel):
    """The memory of one device, in bytes."""

    name: str
    held: int = Field(description="Bytes in use by weights.")
    budget: int = Field(description="Budget for weights in bytes.")
    free: int
    total: int


class WorkerMemory(ApiModel):
    """The models in memory of one worker."""

    holdings: list[ModelHeld] = Field(description="Models in memory, the latest used first.")
    devices: list[DeviceHeld]
    lines: list[str] = Field(description="The same as lines of text.")


class Memory(ApiModel):
    """The models in memory."""

    workers: list[WorkerMemory]


class Freed(ApiModel):
    """The freed memory."""

    freed: int = Field(description="Bytes.")


@routes.get("/v1/health", errors=(503,))
async def health(request: web.Request) -> Health:
    """Say whether the server answers, can store jobs and run them. Needs no token."""
    jobs = request.app[JOBS]
    trouble = [f"a worker ended: {s.trouble}" for s in jobs.dispatcher.slots if s.trouble]
    if not jobs.can_store:
        trouble.append("the database refuses changes")
    trouble += [text for text in await request.app[PROBES].trouble() if text not in trouble]
    ready = sum(slot.ready for slot in jobs.dispatcher.slots)
    return Health(
        status="degraded" if trouble else "ok",
        workers=ready,
        trouble=trouble,
    )


@routes.get("/v1/system")
async def system(request: web.Request) -> System:
    """Tell what runs here, and how busy it is."""
    from weft import __version__

    jobs = request.app[JOBS]
    return System(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        processors=os.cpu_count() or 1,
        uptime=time.monotonic() - _BEGAN,
        memory=peak_memory(),
        workers=[
            WorkerInfo(
                number=slot.number,
                ready=slot.ready,
                busy=bool(slot.given),
                jobs=slot.done,
                job=slot.running.record.id if slot.running is not None else None,
                trouble=slot.trouble,
            )
            for slot in jobs.dispatcher.slots
        ],
        jobs=await jobs.counts(),
        listeners=request.app[HUB].listeners,
        output=request.app[SETTINGS].output.name,
    )


def peak_memory() -> int:
    """The peak memory of this process in bytes; 0 if the system does not report it."""
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@routes.get("/metrics", media_type="text/plain")
async def metrics(request: web.Request) -> web.Response:
    """Give numbers for Prometheus."""
    jobs = request.app[JOBS]
    listeners = request.app[HUB].listeners
    text = exposition(jobs, request.app[TALLY], await jobs.counts(), listeners)
    return web.Response(body=text, headers={"Content-Type": "text/plain; version=0.0.4"})


@routes.get("/v1/cache", errors=(503,))
async def cache(request: web.Request) -> CacheStats:
    """Count what is remembered, in memory and on disk."""
    return CacheStats(**await request.app[JOBS].dispatcher.ask("stats"))


@routes.get("/v1/memory")
async def memory(request: web.Request) -> Memory:
    """Say which models each worker holds in memory, and what its devices have left."""
    answers = await request.app[JOBS].dispatcher.ask_all("memory", _PATIENCE)
    return Memory(workers=[WorkerMemory(**answer) for answer in answers])


@routes.post("/v1/cache/free", errors=(403, 503))
async def free(request: web.Request) -> Freed:
    """Let go of results and models in the memory of every worker; those on disk stay."""
    if not is_admin(request):
        raise ApiError(403, "Only an administrator may do this.", code="request.forbidden")
    answers = await request.app[JOBS].dispatcher.ask_all("free", _PATIENCE)
    if not answers:
        raise no_worker("none has started yet, or all are busy")
    return Freed(freed=sum(answer["freed"] for answer in answers))


@routes.post("/v1/explain", errors=(400, 422, 503))
async def explain(request: web.Request, body: ExplainRequest) -> Explanation:
    """Say of each node whether a run would answer it from the cache, and why not.

    Nothing is run.
    """

    catalog = request.app[CATALOG]
    outputs = tuple(body.outputs) if body.outputs is not None else None
    owner = owner_of(request)

    def check() -> str:
        workflow = catalog.checked(body.workflow, body.set, outputs, owner=owner)
        return json.dumps(catalog.drawn(workflow)[0])

    document = await in_thread_if_large([body.workflow, body.set], check)
    nodes = await request.app[JOBS].dispatcher.ask(
        "explain", document=document, outputs=body.outputs, scope=body.scope
    )
    return Explanation(nodes=[Explained(**each) for each in nodes])
