"""The shape of every error in a response. `answering` turns exceptions into these."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel, Field
from pydantic_core import PydanticSerializationError

from weft.engine.errors import (
    DocumentError,
    FileError,
    OutputError,
    Problem,
    SeveralProblems,
    ValidationError,
    WeftError,
    refused,
)

from .model import ApiModel

_LONGEST = 4000  # characters of a text in a finding


class ProblemModel(ApiModel):
    """One finding, addressed so that an editor can mark the place."""

    code: str = Field(description="Stable identifier such as `graph.type_mismatch`.")
    message: str = Field(description="The whole message.")
    node: str | None = Field(None, description="Id of the node that it belongs to.")
    port: str | None = Field(None, description="Name of the input or output.")
    expected: str | None = Field(None, description="The expected value.")
    got: str | None = Field(None, description="The value that was found.")
    hint: str | None = Field(None, description="One thing to do.")


class ErrorModel(ApiModel):
    """The body of every answer with a status of 400 and above."""

    error: ProblemModel
    problems: list[ProblemModel] = Field(
        default_factory=list, description="All problems, if there are several."
    )


class ApiError(WeftError):
    """A request that cannot be done, with the HTTP status that says so.

    Args:
        status: 400 to 599.
        message: What is wrong.
        headers: More headers of the answer, such as `Retry-After`.
        where: `code`, `expected`, `got`, `hint` as of any `WeftError`.
    """

    code = "request.invalid"

    def __init__(
        self,
        status: int,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        **where: str | None,
    ) -> None:
        super().__init__(message, **where)
        self.status = status
        self.headers = dict(headers or {})


class Invalid(SeveralProblems):
    """A body or a query has the wrong shape; every place is named."""

    code = "request.invalid"


def not_found(what: str, name: str) -> ApiError:
    """A 404 that says what there is not."""
    return ApiError(404, f'There is no {what} "{name[:100]}".', code=f"{what}s.unknown")


def error_json(error: WeftError) -> dict[str, Any]:
    """An error as the body of an answer, `{"error": ..., "problems": [...]}`."""
    if isinstance(error, SeveralProblems):
        first = str(error).partition("\n")[0]
        return {
            "error": {"code": error.code, "message": first},
            "problems": [problem_json(p) for p in error.problems],
        }
    return {"error": problem_json(error.problem)}


def problem_json(problem: Problem) -> dict[str, Any]:
    """A finding as JSON. What it says back of what it was given is cut, however long that was."""
    return {
        name: value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
        for name, value in problem.to_json().items()
    }


def status_of(error: WeftError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, ApiError):
        return error.status
    if isinstance(error, DocumentError):
        return 413 if error.code == "document.too_large" else 400
    if isinstance(error, Invalid | ValidationError | OutputError | FileError):
        return 422
    return 500


def error_response(error: WeftError) -> web.Response:
    """An error as an answer."""
    headers = error.headers if isinstance(error, ApiError) else None
    return json_response(error_json(error), status=status_of(error), headers=headers)


def json_response(
    data: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """JSON data, or a model, as an answer that nothing keeps."""
    return web.Response(
        body=_body(data),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def _body(data: Any) -> bytes:
    if isinstance(data, BaseModel):
        try:
            return data.model_dump_json(exclude_none=True, by_alias=True).encode()
        except PydanticSerializationError:  # a lone surrogate
            data = data.model_dump(mode="json", exclude_none=True, by_alias=True)
    return _COMPACT(data).encode(
        "utf-8",
        "replace",  # a lone surrogate in a name must not make an answer impossible
    )


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    raise TypeError(f"{type(value).__name__} is no JSON")


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain).encode


def from_json(data: Mapping[str, Any]) -> WeftError:
    """The error that another process has sent as JSON; as `WeftError.to_json` made it."""
    if "problems" in data:
        problems = [Problem(**problem) for problem in data["problems"]]
        return refused("workflow", problems)
    return ApiError(422, **data)
