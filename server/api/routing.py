"""Routes as typed functions: the annotations of a handler are its schema.

    routes = Routes("jobs")

    @routes.post("/v1/jobs", status=201, errors=(400, 422))
    async def submit(request: web.Request, body: Submission) -> JobModel:
        '''Accept a workflow as a job.'''

`body` and `query` are pydantic models and arrive checked; other parameters are parts of the path;
a returned model becomes the answer, None an empty one, and a `StreamResponse` is sent as it is.
The OpenAPI document is made from the same annotations.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic
from aiohttp import web
from pydantic import BaseModel

from weft.engine.errors import Problem

from .bodies import read_body
from .errors import ApiError, Invalid, json_response

ATTRIBUTE = "__weft_endpoint__"
# A handler may set it where an answer can have another status than the declared one.
STATUS = web.RequestKey("status", int)
_LARGEST = 2**63 - 1  # what a database holds
_DIGITS = 18
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """One operation: what it takes and gives.

    Attributes:
        method: GET, POST, ...
        path: As aiohttp has it, `/v1/jobs/{job}`.
        tag: Under which heading the documentation lists it.
        handler: The typed function.
        body: Model of the request's body, or None.
        query: Model of the query, or None.
        parts: Types of the path's parts by name.
        answer: Model of the answer; None when it is empty or no JSON.
        media_type: Of an answer that is no JSON; None for JSON or nothing.
        status: Status when all is well.
        errors: Other statuses; those of 400 and above come with an `ErrorModel`.
    """

    method: str
    path: str
    tag: str
    handler: Handler
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    parts: Mapping[str, type]
    answer: type[BaseModel] | None
    media_type: str | None
    status: int
    errors: tuple[int, ...]

    @property
    def text(self) -> str:
        """The handler's docstring."""
        return inspect.cleandoc(self.handler.__doc__ or "")


class Routes(Sequence[web.AbstractRouteDef]):
    """The routes of one module; given to `Application.add_routes`.

    Args:
        tag: Heading in the documentation.
    """

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self._routes: list[web.AbstractRouteDef] = []

    def get(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a GET; it answers HEAD as well. Arguments as of `route`."""
        return self.route("GET", path, **about)

    def post(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a POST. Arguments as of `route`."""
        return self.route("POST", path, **about)

    def put(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a PUT. Arguments as of `route`."""
        return self.route("PUT", path, **about)

    def delete(self, path: str, **about: Any) -> Callable[[Handler], Handler]:
        """Declare a DELETE. Arguments as of `route`."""
        return self.route("DELETE", path, **about)

    def route(
        self,
        method: str,
        path: str,
        *,
        status: int | None = None,
        errors: tuple[int, ...] = (),
        media_type: str | None = None,
    ) -> Callable[[Handler], Handler]:
        """Declare an operation.

        Args:
            method: GET, POST, ...
            path: As aiohttp has it.
            status: When all is well; by default 204 for a handler that returns None, else 200.
            errors: Other statuses that the documentation lists, besides 401, 403 and 500.
            media_type: Of an answer that is no JSON.
        """

        def declare(handler: Handler) -> Handler:
            endpoint = _endpoint(handler, method, path, self.tag, status, errors, media_type)
            serve = _adapter(endpoint)
            setattr(serve, ATTRIBUTE, endpoint)
            self._routes.append(web.RouteDef(method, path, serve, {}))
            return handler

        return declare

    def __iter__(self) -> Iterator[web.AbstractRouteDef]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    def __getitem__(self, index: Any) -> Any:
        return self._routes[index]

    def __contains__(self, item: object) -> bool:
        return item in self._routes


def endpoints(app: web.Application) -> list[Endpoint]:
    """Every declared operation of an application, in order of registration."""
    found = (getattr(route.handler, ATTRIBUTE, None) for route in app.router.routes())
    return list(dict.fromkeys(e for e in found if isinstance(e, Endpoint)))


def _endpoint(
    handler: Handler,
    method: str,
    path: str,
    tag: str,
    status: int | None,
    errors: tuple[int, ...],
    media_type: str | None,
) -> Endpoint:
    hints = typing.get_type_hints(handler)
    answer = hints.pop("return")
    hints.pop("request", None)
    body, query = hints.pop("body", None), hints.pop("query", None)
    model: type[BaseModel] | None = None
    if isinstance(answer, type) and issubclass(answer, BaseModel):
        model = answer
    usual = 204 if answer is type(None) else 200
    missing = [name for name in hints if "{" + name not in path]
    assert not missing, f"{path}: {handler.__name__} takes {missing}, which the path has not"
    return Endpoint(
        method=method,
        path=path,
        tag=tag,
        handler=handler,
        body=body,
        query=query,
        parts=hints,
        answer=model,
        media_type=media_type,
        status=status if status is not None else usual,
        errors=errors,
    )


def _adapter(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    takes_request = "request" in inspect.signature(endpoint.handler).parameters

    async def serve(request: web.Request) -> web.StreamResponse:
        arguments: dict[str, Any] = {"request": request} if takes_request else {}
        for name, kind in endpoint.parts.items():
            arguments[name] = _part(request.match_info[name], kind, name)
        if endpoint.query is not None:
            arguments["query"] = _bounded(_checked(endpoint.query, _query(request), "query"))
        if endpoint.body is not None:
            arguments["body"] = _checked(endpoint.body, await read_body(request), "body")
        answer = await endpoint.handler(**arguments)
        if isinstance(answer, web.StreamResponse):
            return answer
        if answer is None:
            return web.Response(status=endpoint.status)
        status: int = request.get(STATUS, endpoint.status)
        return json_response(answer, status=status)

    return serve


def _query(request: web.Request) -> dict[str, str]:
    twice = [name for name in request.query if len(request.query.getall(name)) > 1]
    if twice:
        raise ApiError(400, f'"{twice[0][:100]}" occurs twice in the query.')
    return dict(request.query)


def _bounded(query: BaseModel) -> BaseModel:
    """Refuse numbers that no database can compare with."""
    problems = [
        Problem("request.invalid", f"{name}: the number is too large.", port=name)
        for name, value in query
        if type(value) is int and abs(value) > _LARGEST
    ]
    if problems:
        raise Invalid("The query of the request is invalid:", problems)
    return query


def _part(text: str, kind: type, name: str) -> Any:
    if kind is int:
        if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
            raise ApiError(404, f'"{text[:100]}" is no valid {name}.')
        return int(text)
    return text


def _checked(model: type[BaseModel], data: Any, where: str) -> BaseModel:
    try:
        return model.model_validate(data)
    except pydantic.ValidationError as error:
        problems = [
            Problem(
                "request.invalid",
                f"{'.'.join(str(part)[:100] for part in e['loc']) or where}: {e['msg']}.",
                port=".".join(str(part)[:100] for part in e["loc"]) or where,
                got=str(e["input"])[:100] if not isinstance(e["input"], dict | list) else None,
            )
            for e in error.errors(include_url=False)[:100]
        ]
        raise Invalid(f"The {where} of the request is invalid:", problems) from error
