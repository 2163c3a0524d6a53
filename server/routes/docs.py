"""The description of the API, for programs and for people."""

from __future__ import annotations

from html import escape
from typing import Any

from aiohttp import web

from ... import __version__
from ..api.errors import json_response
from ..api.openapi import openapi
from ..api.routing import Routes, endpoints

routes = Routes("documentation")

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff }
code, pre { font: 14px/1.5 ui-monospace, monospace }
section { border-top: 1px solid #ccc; margin-top: 2rem }
article { margin: 1.5rem 0 }
h3 { margin: 0; font-weight: 500 }
h3 b { display: inline-block; min-width: 4.5rem }
table { border-collapse: collapse } td, th { text-align: left; padding: .1rem 1rem .1rem 0;
  vertical-align: top }
pre { white-space: pre-wrap; background: #f5f5f5; padding: .5rem }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #181818 }
  pre { background: #242424 } section { border-color: #444 } a { color: #8bf } }
"""


@routes.get("/v1/openapi.json", media_type="application/json")
async def openapi_document(request: web.Request) -> web.StreamResponse:
    """Give this description as OpenAPI 3.1."""
    return json_response(openapi(endpoints(request.app), version=__version__))


@routes.get("/v1/docs", media_type="text/html")
async def docs(request: web.Request) -> web.StreamResponse:
    """Show this description to people."""
    page = _page(openapi(endpoints(request.app), version=__version__))
    return web.Response(text=page, content_type="text/html")


def _page(document: dict[str, Any]) -> str:
    sections: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            article = _operation(method, path, operation)
            sections.setdefault(operation["tags"][0], []).append(article)
    body = "".join(
        f"<section><h2>{escape(tag)}</h2>{''.join(articles)}</section>"
        for tag, articles in sections.items()
    )
    schemas = "".join(
        f'<article id="{escape(name)}"><h3><b>{escape(name)}</b></h3>{_schema(schema)}</article>'
        for name, schema in sorted(document["components"]["schemas"].items())
    )
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>weft {info["version"]} API'
        f'</title><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>weft {info['version']}</h1><p>{escape(info['description'])} "
        f'For programs: <a href="openapi.json">openapi.json</a>.</p>{body}'
        f"<section><h2>shapes</h2>{schemas}</section></html>"
    )


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = []
    for parameter in operation.get("parameters", ()):
        kind = _kind(parameter["schema"])
        text = escape(parameter.get("description", ""))
        rows.append(f"<tr><td><code>{escape(parameter['name'])}</code><td>{kind}<td>{text}")
    body = operation.get("requestBody")
    if body is not None:
        rows.append(f"<tr><td>body<td>{_kind(body['content']['application/json']['schema'])}<td>")
    for status, answer in operation["responses"].items():
        if int(status) < 400:
            content = answer.get("content", {})
            kinds = [_kind(c["schema"]) or escape(m) for m, c in content.items()]
            rows.append(f"<tr><td>{status}<td>{' '.join(kinds)}<td>{escape(answer['description'])}")
    text = "".join(f"<p>{escape(p)}</p>" for p in operation.get("description", "").split("\n\n"))
    return (
        f"<article><h3><b>{method.upper()}</b> <code>{escape(path)}</code></h3>"
        f"<p>{escape(operation['summary'])}.</p>{text}<table>{''.join(rows)}</table></article>"
    )


def _schema(schema: dict[str, Any]) -> str:
    text = f"<p>{escape(schema.get('description', ''))}</p>"
    rows = [
        f"<tr><td><code>{escape(name)}</code><td>{_kind(kind)}"
        f"<td>{escape(kind.get('description', ''))}"
        for name, kind in schema.get("properties", {}).items()
    ]
    return f"{text}<table>{''.join(rows)}</table>"


def _kind(schema: dict[str, Any]) -> str:
    """A type in a few words, with links to the shapes that it names."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(filter(None, map(_kind, schema["anyOf"])))
    if "enum" in schema:
        return escape(", ".join(map(str, schema["enum"])))
    if "const" in schema:
        return escape(repr(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_kind(schema['additionalProperties']) or 'anything'}"
    return escape(str(schema.get("format", schema.get("type", ""))))
