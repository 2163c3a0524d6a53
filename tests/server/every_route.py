"""A request for each route of the server, which leads to its disk or its database."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient

from tests.server.outer import form, png

FLOAT = {"nodes": {"n": {"type": "Float", "inputs": {"value": 2.5}}}}
PROMPT = {"1": {"class_type": "EmptyImage", "inputs": {"width": 8, "height": 8, "batch_size": 1}}}
SAVED = PROMPT | {"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}}}
JOB = {"workflow": FLOAT, "outputs": ["n.value"]}
STREAMS = {("GET", "/ws")}  # a websocket only; `/v1/events` answers others too


@dataclass
class Known:
    """What there is, so that routes find it."""

    parts: dict[str, str]
    bodies: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)


async def furnish(client: TestClient[Any, Any]) -> Known:
    """Make a workflow, a job, a file, a setting and a user file."""

    async def made(method: str, path: str, **more: Any) -> Any:
        async with client.request(method, path, **more) as answer:
            assert answer.status < 300, (path, await answer.text())
            return await answer.json() if answer.content_type == "application/json" else None

    saved = await made("POST", "/v1/workflows", json={"name": "kept", "document": FLOAT})
    link = await made("POST", f"/v1/workflows/{saved['id']}/link")
    job = await made("POST", "/v1/jobs", json=JOB)
    await made("PUT", "/v1/files/input/a.png", data=png())
    await made("POST", "/userdata/note.txt", data=b"text")
    await made("POST", "/settings/colour", json="red")
    workflow = {"workflow": FLOAT}
    text = {"document": FLOAT}
    document = json.dumps({"weft": 1, **FLOAT}).encode()
    parts = {
        "workflow": saved["id"], "link": link["link"], "job": job["id"], "prompt_id": job["id"],
        "name": "a.png", "kind": "input", "file": "note.txt", "to": "other.txt", "id": "colour",
        "type": "Float", "language": "zh", "person": "ann", "index": "0",
    }  # fmt: skip
    bodies: dict[tuple[str, str], dict[str, Any]] = {
        ("POST", "/v1/jobs"): {"json": JOB},
        ("POST", "/v1/jobs/batch"): {"json": {"jobs": [JOB, JOB]}},
        ("POST", "/v1/jobs/{job}/move"): {"json": {"to": "front"}},
        ("POST", "/v1/validate"): {"json": workflow},
        ("POST", "/v1/explain"): {"json": {**workflow, "outputs": ["n.value"]}},
        ("POST", "/v1/workflows"): {"json": {"name": "new", **text}},
        ("POST", "/v1/workflows/{workflow}/revisions"): {"json": {"base": 1, **text}},
        ("PATCH", "/v1/workflows/{workflow}"): {"json": {"name": "other"}},
        ("POST", "/v1/workflows/{workflow}/fork"): {"json": {"name": "fork"}},
        ("POST", "/v1/workflows/{workflow}/restore"): {"json": {}},
        ("POST", "/v1/workflows/shared/{link}/fork"): {"json": {"name": "fork"}},
        ("PUT", "/v1/workflows/{workflow}/shares/{person}"): {"json": {"role": "viewer"}},
        ("POST", "/v1/users"): {"json": {"name": "ann", "role": "runner"}},
        ("POST", "/v1/files/{kind}"): form(png(), "b.png"),
        ("PUT", "/v1/files/{kind}/{name}"): {"data": png(9, 9)},
        ("POST", "/v1/share/comfyui"): {"json": text},
        ("POST", "/v1/share/check"): {"json": text},
        ("POST", "/v1/share/check/file"): form(document, "b.json"),
        ("POST", "/v1/share/open"): form(document, "b.json"),
        ("POST", "/v1/share/pack"): {"json": text},
        ("POST", "/prompt"): {"json": {"prompt": SAVED}},
        ("POST", "/settings"): {"json": {"size": 3}},
        ("POST", "/settings/{id}"): {"json": "blue"},
        ("POST", "/userdata/{file}"): {"data": b"more"},
        ("POST", "/upload/image"): form(png(), "c.png", field="image"),
        ("POST", "/upload/mask"): form(
            png(), "d.png", field="image", original_ref='{"filename":"a.png","type":"input"}'
        ),
        ("PATCH", "/internal/logs/subscribe"): {"json": {"clientId": "c", "enabled": True}},
        ("POST", "/queue"): {"json": {"clear": True}},
        ("POST", "/history"): {"json": {"clear": True}},
        ("POST", "/login"): {"data": {"token": "wrong"}},
        ("GET", "/view"): {"params": {"filename": "a.png", "type": "input", "preview": "webp"}},
        ("GET", "/userdata"): {"params": {"dir": ".", "recurse": "true"}},
        ("GET", "/v1/workflows/{workflow}/diff"): {"params": {"before": "1", "after": "1"}},
        ("GET", "/v1/files/{kind}/{name}"): {"params": {"thumbnail": "64"}},
    }
    return Known(parts, bodies)


def routes_of(client: TestClient[Any, Any]) -> list[tuple[str, str]]:
    """Method and pattern of every route, those that change most last: they delete what others
    need.
    """
    assert client.app is not None
    found = {
        (route.method, route.resource.canonical)
        for route in client.app.router.routes()
        if route.resource is not None
        and route.method != "HEAD"
        and not route.resource.canonical.startswith("/api/")  # the same handlers once more
    }
    order = ("GET", "POST", "PUT", "PATCH", "DELETE")
    return sorted(found - STREAMS, key=lambda each: (order.index(each[0]), each[1]))


async def ask(
    client: TestClient[Any, Any], known: Known, method: str, pattern: str
) -> tuple[int, bytes]:
    """Ask a route; the status, and the body unless it is a stream without end."""
    path = pattern
    for name, value in known.parts.items():
        path = path.replace(f"{{{name}}}", value)
    more = known.bodies.get((method, pattern), {})
    if "data" in more and hasattr(more["data"], "seek"):
        more["data"].seek(0)
        more = {**more, "data": more["data"].read()}
    if not more and method in ("POST", "PUT", "PATCH"):
        more = {"json": {}}
    async with client.request(method, path, allow_redirects=False, **more) as answer:
        stream = answer.content_type == "text/event-stream"
        return answer.status, b"" if stream else await answer.read()
