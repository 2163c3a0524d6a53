"""`/prompt`, `/queue`, `/interrupt`, `/history`, `/free`."""

from __future__ import annotations

import itertools
import re
import uuid
from typing import Any

from aiohttp import web

from weft.engine.errors import DocumentError, ValidationError

from ..api.errors import ApiError
from ..api.jobs import FINAL, JobDetail
from ..catalog import in_thread_if_large
from ..jobs.order import Order
from ..keys import CATALOG, JOBS, asking, owner_of
from .bridge import Bridge
from .prompt import accept
from .record import KeptOutput, as_prompt, entry, kept_of, picture_texts, without_secrets
from .refusals import Refused
from .routing import Twins, answer, read_object, texts

routes = Twins()
BRIDGE = web.AppKey("bridge", Bridge)
_ID = re.compile(r"[\w-]{1,64}")
_MOST_QUEUED = 1000
_USUAL_HISTORY, _MOST_HISTORY = 200, 10_000
_numbers = itertools.count(1)


@routes.get("/prompt")
async def remaining(request: web.Request) -> web.Response:
    """How many prompts wait or run."""
    queue = await request.app[JOBS].queue(asking(request), limit=1)
    count = queue.waiting + len(queue.running)
    return answer({"exec_info": {"queue_remaining": count}})


@routes.post("/prompt")
async def submit(request: web.Request) -> web.Response:
    """Accept a prompt as a job; once this answers, the job survives a crash."""
    try:
        body = await read_object(request)
        return await _submit(request, body)
    except Refused as refused:
        return answer(refused.body, status=400)
    except ApiError as error:
        told = Refused(error.code, error.problem.message, error.problem.hint or "")
        return answer(told.body, status=error.status)


async def _submit(request: web.Request, body: dict[str, Any]) -> web.Response:
    if "prompt" not in body:
        raise Refused("no_prompt", 'The body has no "prompt".')
    prompt_id = str(body.get("prompt_id") or uuid.uuid4())
    if not _ID.fullmatch(prompt_id):
        raise Refused("invalid_prompt_id", "A prompt_id is 1 to 64 letters, digits, - and _.")
    extra = body.get("extra_data")
    extra = without_secrets(extra) if isinstance(extra, dict) else {}
    client = body.get("client_id", extra.get("client_id"))
    if client is not None:
        extra["client_id"] = client = str(client)[:200]
    targets = body.get("partial_execution_targets")
    wanted = texts(targets) if targets is not None else None
    catalog = request.app[CATALOG]
    prompt = body["prompt"]
    owner = owner_of(request)
    found = await in_thread_if_large([prompt], lambda: accept(prompt, catalog, wanted, owner=owner))
    number, front = _number(body)
    kept = KeptOutput(number, prompt, extra, client, found.outputs, found.ids)
    bridge = request.app[BRIDGE]
    bridge.expect(prompt_id, owner, kept)
    order = Order(
        workflow=found.prompt,
        checked=found.checked,
        owner=owner,
        front=front,
        id=prompt_id,
        scope=f"comfy {client}" if client is not None else None,
        texts=picture_texts(prompt, extra),
        meta=kept.meta(),
    )
    try:
        await request.app[JOBS].submit(order)
    except (ValidationError, DocumentError) as error:
        bridge.forget(prompt_id)
        raise Refused("invalid_prompt", str(error)) from error
    except BaseException:
        bridge.forget(prompt_id)
        raise
    told: dict[str, Any] = {
        "prompt_id": prompt_id,
        "number": number,
        "node_errors": found.node_errors,
    }
    return answer(told | ({"warnings": found.warnings} if found.warnings else {}))


def _number(body: dict[str, Any]) -> tuple[float, bool]:
    """The place that the client is told, and whether the prompt goes before its others."""
    given = body.get("number")
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given, given < 0
    number = next(_numbers)
    return (-number, True) if body.get("front") is True else (number, False)


@routes.get("/queue")
async def queue(request: web.Request) -> web.Response:
    """The running and the waiting jobs, in the order in which they will run."""
    jobs = request.app[JOBS]
    now = await jobs.queue(asking(request), limit=_MOST_QUEUED)
    return answer(
        {
            "queue_running": [(await _kept(request, j.id)).item(j.id) for j in now.running],
            "queue_pending": [(await _kept(request, j.id)).item(j.id) for j in now.queued],
        }
    )


@routes.post("/queue")
async def change_queue(request: web.Request) -> web.Response:
    """Take waiting prompts out; unknown ids are passed over."""
    body = await read_object(request)
    jobs = request.app[JOBS]
    if body.get("clear") is True:
        await jobs.clear(asking(request))
    for job_id in texts(body.get("delete")):
        job = await _find(request, job_id)
        if job is not None and job.state == "queued":
            await jobs.cancel(job_id, asking(request))
    return web.Response()


@routes.post("/interrupt")
async def interrupt(request: web.Request) -> web.Response:
    """Stop what runs, or one prompt if it is that which runs."""
    body = await read_object(request)
    jobs = request.app[JOBS]
    only = body.get("prompt_id")
    for job in (await jobs.queue(asking(request), limit=1)).running:
        if only is None or job.id == only:
            await jobs.cancel(job.id, asking(request))
    return web.Response()


@routes.get("/history")
async def history(request: web.Request) -> web.Response:
    """Finished prompts, oldest first."""
    jobs = request.app[JOBS]
    most = min(_whole(request, "max_items", _USUAL_HISTORY), _MOST_HISTORY)
    offset = _whole(request, "offset", -1)
    wanted = most if offset < 0 else _MOST_HISTORY
    ids: list[str] = []
    before: int | None = None
    while len(ids) < wanted:
        page = await jobs.list(asking(request), state=None, limit=500, before=before)
        ids += [job.id for job in page.jobs if job.state in FINAL and job.started is not None]
        before = page.next
        if before is None:
            break
    ids = ids[:wanted][::-1]
    chosen = ids if offset < 0 else ids[offset : offset + most]
    found = {}
    for job_id in chosen:
        job = await _find(request, job_id)
        if job is not None:
            found[job_id] = entry(job, await _kept(request, job_id))
    return answer(found)


@routes.get("/history/{prompt_id}")
async def one_entry(request: web.Request) -> web.Response:
    """One finished prompt; nothing for one that is unknown or goes on."""
    job_id = request.match_info["prompt_id"]
    job = await _find(request, job_id)
    if job is None or job.state not in FINAL or job.started is None:
        return answer({})
    return answer({job_id: entry(job, await _kept(request, job_id))})


@routes.post("/history")
async def change_history(request: web.Request) -> web.Response:
    """Forget finished prompts. Their files stay."""
    body = await read_object(request)
    jobs = request.app[JOBS]
    if body.get("clear") is True:
        before: int | None = None
        while True:
            page = await jobs.list(asking(request), state=None, limit=500, before=before)
            over = [job.id for job in page.jobs if job.state in FINAL]
            await jobs.delete(over, asking(request))
            before = page.next
            if before is None:
                break
    await jobs.delete(texts(body.get("delete")), asking(request))
    return web.Response()


async def _find(request: web.Request, job_id: str) -> JobDetail | None:
    if not _ID.fullmatch(job_id):
        return None
    try:
        return await request.app[JOBS].get(job_id, asking(request))
    except ApiError as error:
        if error.status != 404:
            raise
        return None


async def _kept(request: web.Request, job_id: str) -> KeptOutput:
    """What the client gave along; for a job of another way, what it would have."""
    jobs = request.app[JOBS]
    kept = kept_of(await jobs.meta(job_id))
    if kept is None:
        document = await jobs.document(job_id, asking(request))
        kept = as_prompt(document, request.app[CATALOG].registry)
    return kept


def _whole(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name)
    if text is None:
        return usual
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise ApiError(400, f"{name} is no whole number.", code="request.invalid")
    return int(text)
