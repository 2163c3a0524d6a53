"""The OpenAPI 3.1 document, made from the declared routes and their models."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from .errors import ErrorModel
from .events import Event
from .routing import Endpoint

_REF = "#/components/schemas/{model}"
_EVERYWHERE = (401, 403, 500)
# Where the schema of a model is: by the model, and whether it is read or written.
Refs = Mapping[tuple[Any, JsonSchemaMode], Mapping[str, Any]]


def openapi(endpoints: Iterable[Endpoint], *, version: str) -> dict[str, Any]:
    """The document.

    Args:
        endpoints: The operations to describe.
        version: Of weft.
    """
    found = [endpoint for endpoint in endpoints if not endpoint.path.startswith("/v1/openapi")]
    modes: list[tuple[Any, JsonSchemaMode]] = [(ErrorModel, "serialization")]
    modes.extend((kind, "serialization") for kind in get_args(Event))
    for endpoint in found:
        if endpoint.body is not None:
            modes.append((endpoint.body, "validation"))
        if endpoint.answer is not None:
            modes.append((endpoint.answer, "serialization"))
    found_refs, schemas = models_json_schema(list(dict.fromkeys(modes)), ref_template=_REF)
    refs: Refs = {(model, mode): ref for (model, mode), ref in found_refs.items()}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in found:
        path = re.sub(r"\{(\w+):[^}]*\}", r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "weft",
            "version": version,
            "description": "Runs workflows that make images. Every error has the same shape, "
            "`ErrorModel`. The schemas from `Snapshot` to `PreviewShown` describe "
            "the events of `/v1/events`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(endpoint: Endpoint, refs: Refs) -> dict[str, Any]:
    summary, _, rest = endpoint.text.partition("\n")
    operation: dict[str, Any] = {
        "operationId": f"{endpoint.tag}.{endpoint.handler.__name__}",
        "tags": [endpoint.tag],
        "summary": summary.rstrip("."),
        "responses": _responses(endpoint, refs),
    }
    if rest.strip():
        operation["description"] = rest.strip()
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "integer" if kind is int else "string"},
        }
        for name, kind in endpoint.parts.items()
    ]
    if endpoint.query is not None:
        parameters += _query_parameters(endpoint.query)
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        schema = refs[endpoint.body, "validation"]
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _query_parameters(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema()
    shared, required = schema.get("$defs", {}), schema.get("required", [])
    parameters = []
    for name, kind in schema["properties"].items():
        about = _inlined(kind, shared)
        parameter = {"name": name, "in": "query", "required": name in required}
        if "description" in about:
            parameter["description"] = about.pop("description")
        parameters.append({**parameter, "schema": about})
    return parameters


def _inlined(schema: Any, shared: Mapping[str, Any]) -> Any:
    """A schema with what it refers to put in place; queries are flat, so this ends."""
    if isinstance(schema, list):
        return [_inlined(item, shared) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(shared[schema["$ref"].rpartition("/")[2]], shared)
    # An absent parameter is absent: no query says null.
    if isinstance(schema.get("anyOf"), list):
        kinds = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
        if len(kinds) == 1:
            rest = {k: v for k, v in schema.items() if k not in ("anyOf", "default")}
            return _inlined({**kinds[0], **rest}, shared)
    return {name: _inlined(value, shared) for name, value in schema.items()}


def _responses(endpoint: Endpoint, refs: Refs) -> dict[str, Any]:
    good: dict[str, Any] = {"description": HTTPStatus(endpoint.status).phrase}
    if endpoint.answer is not None:
        schema = refs[endpoint.answer, "serialization"]
        good["content"] = {"application/json": {"schema": schema}}
    elif endpoint.media_type is not None:
        good["content"] = {endpoint.media_type: {"schema": {}}}
    responses = {str(endpoint.status): good}
    failed = {"application/json": {"schema": refs[ErrorModel, "serialization"]}}
    for status in sorted({*endpoint.errors, *_EVERYWHERE}):
        phrase = HTTPStatus(status).phrase
        if status == HTTPStatus.NOT_MODIFIED:
            responses[str(status)] = {"description": phrase}
        elif status < 400:
            responses[str(status)] = {**good, "description": phrase}
        else:
            responses[str(status)] = {"description": phrase, "content": failed}
    return responses
