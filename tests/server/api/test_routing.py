"""Typed handlers, the one shape of errors, and the description made from both."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel, Field

from tests.server.running import settings
from weft.engine.errors import DocumentError, FileError, Problem, ValidationError
from weft.server.api.answering import answer_errors
from weft.server.api.errors import ApiError, from_json
from weft.server.api.openapi import openapi
from weft.server.api.routing import Routes, endpoints
from weft.server.app import create_app
from weft.server.keys import LARGE_BODIES, SETTINGS
from weft.server.settings import Limits

routes = Routes("toys")


class Thing(BaseModel):
    """A thing."""

    name: str = Field(min_length=1)
    count: int = 1
    note: str | None = None


class Which(BaseModel):
    """Which things."""

    limit: int = Field(10, ge=1)


@routes.post("/things/{number}", status=201, errors=(422,))
async def make(number: int, body: Thing, query: Which) -> Thing:
    """Make a thing.

    It is made at once.
    """
    return Thing(name=f"{body.name} {number} {query.limit}")


@routes.delete("/things/{number}")
async def unmake(number: int) -> None:
    """Take it away."""


RAISED: dict[str, Exception] = {
    "weft": ValidationError("2 problems:", [Problem("a.b", "One."), Problem("c.d", "Two.")]),
    "document": DocumentError("No.", code="document.too_large"),
    "file": FileError("No file.", hint="Find it."),
    "api": ApiError(429, "Slowly.", headers={"Retry-After": "3"}),
    "fault": ZeroDivisionError("secret"),
}


@routes.get("/raise/{what}")
async def fail(what: str) -> None:
    """Raise."""
    raise RAISED[what]


@pytest.fixture
async def client(tmp_path: Path) -> Any:
    app = web.Application(middlewares=[answer_errors], client_max_size=1000)
    app[SETTINGS] = settings(tmp_path, limits=Limits(json_bytes=1000))
    app[LARGE_BODIES] = asyncio.Semaphore(1)
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_parts_query_and_body_arrive_typed(client: Any) -> None:
    answer = await client.post("/things/7?limit=3", json={"name": "x"})
    assert answer.status == 201
    assert await answer.json() == {"name": "x 7 3", "count": 1}
    assert (await client.delete("/things/7")).status == 204


async def test_body_is_json_whatever_its_type_says(client: Any) -> None:
    answer = await client.post(
        "/things/7", data=b'{"name": "x"}', headers={"Content-Type": "text/plain"}
    )
    assert answer.status == 201


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "ports"),
    [
        ("/things/7", '{"name": "", "count": "x"}', 422, "request.invalid", ["name", "count"]),
        ("/things/7?limit=0", '{"name": "x"}', 422, "request.invalid", ["limit"]),
        ("/things/7?limit=1&limit=2", '{"name": "x"}', 400, "request.invalid", []),
        (f"/things/7?limit={2**64}", '{"name": "x"}', 422, "request.invalid", ["limit"]),
        (f"/things/{2**64}", '{"name": "x"}', 404, "request.invalid", []),
        ("/things/x", '{"name": "x"}', 404, "request.invalid", []),
        ("/things/7", "{", 400, "document.json", []),
        ("/things/7", '{"name": "' + "x" * 2000 + '"}', 413, "request.too_large", []),
        ("/nothing", "{}", 404, "request.unknown_path", []),
        ("/raise/api", "{}", 405, "request.method", []),
    ],
)
async def test_bad_requests_are_told_where_they_are_bad(
    client: Any, path: str, body: str, status: int, code: str, ports: list[str]
) -> None:
    answer = await client.post(path, data=body)
    found = await answer.json()
    assert (answer.status, found["error"]["code"]) == (status, code)
    assert [problem["port"] for problem in found.get("problems", [])] == ports


async def test_every_error_has_the_same_shape(client: Any) -> None:
    expected = {"weft": 422, "document": 413, "file": 422, "api": 429, "fault": 500}
    for what, status in expected.items():
        answer = await client.get(f"/raise/{what}")
        found = await answer.json()
        assert answer.status == status
        assert {"code", "message"} <= set(found["error"])
        assert "secret" not in str(found)
        if what == "weft":
            assert [p["code"] for p in found["problems"]] == ["a.b", "c.d"]
        if what == "api":
            assert answer.headers["Retry-After"] == "3"


def test_errors_of_other_processes_come_back_as_they_were() -> None:
    one = ApiError(422, "No.", code="x.y", node="n", hint="Do.")
    assert from_json(one.to_json()).to_json() == one.to_json()
    several = RAISED["weft"]
    assert isinstance(several, ValidationError)
    assert from_json(several.to_json()).to_json() == several.to_json()


def test_description_is_made_from_the_annotations() -> None:
    app = web.Application()
    app.add_routes(routes)
    document = openapi(endpoints(app), version="1")
    operation = document["paths"]["/things/{number}"]["post"]
    assert operation["summary"] == "Make a thing"
    assert operation["description"] == "It is made at once."
    assert [(p["name"], p["in"], p["required"]) for p in operation["parameters"]] == [
        ("number", "path", True),
        ("limit", "query", False),
    ]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body["$ref"] == "#/components/schemas/Thing"
    assert {"201", "401", "403", "422", "500"} == set(operation["responses"])


def test_every_route_of_v1_is_described_and_every_reference_resolves(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    document = openapi(endpoints(app), version="1")
    described = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    there = {
        (route.method, re.sub(r"\{(\w+):[^}]*\}", r"{\1}", str(route.resource.canonical)))
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith("/v1/")
    }
    assert {r for r in there if r[0] != "HEAD"} - described == {("GET", "/v1/openapi.json")}
    schemas = document["components"]["schemas"]
    names = re.findall(r"#/components/schemas/([^\"']+)['\"]", str(document))
    assert names
    assert set(names) <= set(schemas)
    operations = [o["operationId"] for ms in document["paths"].values() for o in ms.values()]
    assert len(operations) == len(set(operations))
    assert all(o["summary"] for ms in document["paths"].values() for o in ms.values())
