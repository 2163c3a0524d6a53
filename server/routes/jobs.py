"""Jobs: submit, look, steer."""

from __future__ import annotations

from aiohttp import web

from ..api.errors import ApiError, json_response
from ..api.jobs import (
    MAX_KEY,
    Batch,
    Job,
    JobDetail,
    JobPage,
    JobQuery,
    Jobs,
    Move,
    Submission,
)
from ..api.routing import STATUS, Routes
from ..jobs.order import Order
from ..keys import JOBS, asking, is_admin, owner_of

routes = Routes("jobs")


@routes.post("/v1/jobs", status=201, errors=(200, 400, 409, 413, 422, 429, 503))
async def submit(request: web.Request, body: Submission) -> Job:
    """Accept a workflow as a job.

    When this answers, the job is stored and survives a crash. Random seeds are drawn now. With an
    idempotency key that was used before, the answer is the job of then, with status 200; the key
    may stand in the header `Idempotency-Key` instead of the body.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        body = _keyed(body, key)
    job, is_new = await request.app[JOBS].submit(_order(request, body))
    if not is_new:
        request[STATUS] = 200
    return job


@routes.post("/v1/jobs/batch", status=201, errors=(200, 400, 409, 413, 422, 429, 503))
async def submit_all(request: web.Request, body: Batch) -> Jobs:
    """Accept several workflows as jobs, all or none, stored together.

    As many submissions one after another, and much cheaper. They run in this order. If some cannot
    run, every finding says which job it is about, from 0, and none is accepted. Of two with the
    same idempotency key the second gives the job of the first.
    """
    found = await request.app[JOBS].submit_all([_order(request, each) for each in body.jobs])
    if not any(is_new for _, is_new in found):
        request[STATUS] = 200
    return Jobs(jobs=[job for job, _ in found])


def _keyed(body: Submission, key: str) -> Submission:
    """A submission with the key of its header, which is to obey what one in the body does."""
    if body.idempotency_key not in (None, key) or not 1 <= len(key) <= MAX_KEY:
        raise ApiError(
            422,
            "The header Idempotency-Key cannot be used.",
            code="request.invalid",
            expected=f"1 to {MAX_KEY} characters, and no other key in the body",
            got=key[:100],
        )
    return body.model_copy(update={"idempotency_key": key})


def _order(request: web.Request, body: Submission) -> Order:
    if body.priority > 0 and not is_admin(request):
        raise ApiError(
            403,
            "Only an administrator may move jobs in front of those of others.",
            code="jobs.priority",
            expected="a priority of 0 or below",
            got=str(body.priority),
        )
    key = body.idempotency_key
    # No database takes a NUL, or half of a pair of UTF-16.
    if key is not None and not key.isprintable():
        raise ApiError(
            422,
            "The idempotency key has characters that cannot be printed.",
            code="request.invalid",
            expected="letters, digits and punctuation",
            got=ascii(key[:100]),
        )
    return Order(
        workflow=body.workflow,
        owner=owner_of(request),
        values=body.set,
        outputs=tuple(body.outputs) if body.outputs is not None else None,
        priority=body.priority,
        idempotency_key=key,
        title=body.title,
        scope=body.scope,
        accepts=tuple(body.accepts) if body.accepts is not None else None,
    )


@routes.get("/v1/jobs", errors=(422,))
async def list_jobs(request: web.Request, query: JobQuery) -> JobPage:
    """List jobs, newest first, a page at a time."""
    return await request.app[JOBS].list(
        asking(request), state=query.state, limit=query.limit, before=query.before
    )


@routes.get("/v1/jobs/{job}", errors=(404,))
async def get_job(request: web.Request, job: str) -> JobDetail:
    """Tell all that is known of a job: states of its nodes, files, results, problems."""
    return await request.app[JOBS].get(job, asking(request))


@routes.get("/v1/jobs/{job}/workflow", errors=(404,))
async def get_workflow(request: web.Request, job: str) -> web.StreamResponse:
    """Give the workflow that a job runs, with values set and seeds drawn, as a weft document."""
    return json_response(await request.app[JOBS].document(job, asking(request)))


@routes.post("/v1/jobs/{job}/cancel", errors=(404,))
async def cancel(request: web.Request, job: str) -> Job:
    """Cancel a job.

    One that waits is cancelled at once. One that runs is asked to stop, and its worker is ended if
    it does not within the time of grace. One that is over stays as it is.
    """
    return await request.app[JOBS].cancel(job, asking(request))


@routes.post("/v1/jobs/{job}/retry", errors=(404, 409))
async def retry(request: web.Request, job: str) -> Job:
    """Queue a job that failed, was cancelled or got lost once more, with the same seeds."""
    return await request.app[JOBS].retry(job, asking(request))


@routes.post("/v1/jobs/{job}/move", errors=(403, 404, 409, 422))
async def move(request: web.Request, job: str, body: Move) -> Job:
    """Give a waiting job another place in the queue, or another priority."""
    if body.priority is not None and body.priority > 0 and not is_admin(request):
        raise ApiError(
            403, "Only an administrator may set a priority above 0.", code="jobs.priority"
        )
    if body.to is not None and body.before is not None:
        raise ApiError(422, '"to" and "before" exclude each other.')
    return await request.app[JOBS].move(job, asking(request), body)


@routes.delete("/v1/jobs/{job}", errors=(404, 409))
async def delete(request: web.Request, job: str) -> None:
    """Forget a job that is over. Its files stay."""
    await request.app[JOBS].delete([job], asking(request))
