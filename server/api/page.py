"""The description of the API as one page for people: no scripts, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --line: #ccc; --soft: #f4f4f4; --quiet: #666 }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0; color: #222; background: #fff;
  display: grid; grid-template-columns: 20rem minmax(0, 60rem); gap: 2rem }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; font-size: 14px;
  border-right: 1px solid var(--line); box-sizing: border-box }
nav h2 { font-size: 14px; margin: 1rem 0 .2rem } nav a { display: block; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis }
nav a { color: inherit; text-decoration: none } nav a:hover { text-decoration: underline }
nav b, h3 b { font-weight: 600 } nav b { display: inline-block; width: 3.6rem; font-size: 12px;
  color: var(--quiet) }
main { padding: 1rem 1rem 50vh 0 }
code, pre { font: 14px/1.5 ui-monospace, monospace }
section { border-top: 1px solid var(--line); margin-top: 2rem }
article { margin: 1.5rem 0; scroll-margin-top: 1rem }
h3 { margin: 0; font-weight: 500 } h3 b { display: inline-block; min-width: 4.5rem }
p { margin: .3rem 0 } small { color: var(--quiet) }
table { border-collapse: collapse; margin: .5rem 0 } td { text-align: left; vertical-align: top;
  padding: .1rem 1rem .1rem 0 } td:first-child { white-space: nowrap }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .5rem }
@media (max-width: 60rem) { body { display: block; padding: 0 1rem } nav { position: static;
  height: auto; border: 0; padding: 0 } }
@media (prefers-color-scheme: dark) { :root { --line: #444; --soft: #242424; --quiet: #999 }
  body { color: #ddd; background: #181818 } a { color: #8bf } }
"""
_SHOWN = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
_WORDS = {
    "minimum": "from {}", "maximum": "to {}", "minLength": "at least {} characters",
    "maxLength": "at most {} characters", "minItems": "at least {}", "maxItems": "at most {}",
}  # fmt: skip


def page(document: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI document.

    Args:
        document: As `openapi` makes it.
    """
    sections: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            sections.setdefault(operation["tags"][0], []).append((method, path, operation))
    schemas = document["components"]["schemas"]
    body = "".join(
        f'<section><h2 id="{escape(tag)}">{escape(tag)}</h2>'
        + "".join(_operation(*each, schemas) for each in operations)
        + "</section>"
        for tag, operations in sections.items()
    )
    shapes = "".join(
        f'<article id="{escape(name)}"><h3><b>{escape(name)}</b></h3>{_shape(schema)}</article>'
        for name, schema in sorted(schemas.items())
    )
    info = document["info"]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>weft {info["version"]} API'
        f'</title><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"{_contents(sections)}<main><h1>weft {info['version']}</h1>"
        f"<p>{_text(info['description'])} "
        f'For programs: <a href="openapi.json">openapi.json</a>.</p>'
        "<p>Where a token is asked for, send <code>Authorization: Bearer TOKEN</code>. "
        "Any operation may answer 401, 403 or 500.</p>"
        f'{body}<section><h2 id="shapes">shapes</h2>{shapes}</section></main></html>'
    )


def _contents(sections: Mapping[str, list[tuple[str, str, Mapping[str, Any]]]]) -> str:
    parts = []
    for tag, operations in sections.items():
        parts.append(f'<h2><a href="#{escape(tag)}">{escape(tag)}</a></h2>')
        parts += [
            f'<a href="#{escape(op["operationId"])}"><b>{method.upper()}</b>'
            f"{escape(path.removeprefix('/v1'))}</a>"
            for method, path, op in operations
        ]
    return f'<nav>{"".join(parts)}<h2><a href="#shapes">shapes</a></h2></nav>'


def _operation(
    method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
    rows = []
    for parameter in operation.get("parameters", ()):
        about = _text(parameter.get("description", ""))
        limits = _limits(parameter["schema"], required=parameter["required"])
        name = escape(parameter["name"])
        kind = _kind(parameter["schema"])
        rows.append(f"<tr><td><code>{name}</code><td>{kind}<td>{about} <small>{limits}</small>")
    body = operation.get("requestBody")
    schema = body["content"]["application/json"]["schema"] if body is not None else None
    if schema is not None:
        rows.append(f"<tr><td>body<td>{_kind(schema)}<td>")
    failing = []
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if int(status) < 400:
            kinds = [_kind(c["schema"]) or escape(m) for m, c in content.items()]
            rows.append(f"<tr><td>{status}<td>{' '.join(kinds)}<td>{escape(answer['description'])}")
        elif status not in ("401", "403", "500"):
            failing.append(f"{status} {answer['description']}")
    if failing:
        rows.append(f'<tr><td>refused<td><a href="#ErrorModel">ErrorModel</a><td>'
                    f"<small>{escape(', '.join(failing))}</small>")  # fmt: skip
    text = "".join(f"<p>{_text(p)}</p>" for p in operation.get("description", "").split("\n\n"))
    return (
        f'<article id="{escape(operation["operationId"])}"><h3><b>{method.upper()}</b> '
        f"<code>{escape(path)}</code></h3><p>{_text(operation['summary'])}.</p>{text}"
        f"<table>{''.join(rows)}</table>{_example(method, path, schema, schemas)}</article>"
    )


def _example(method: str, path: str, schema: Any, schemas: Mapping[str, Any]) -> str:
    """A command that sends the least that the operation takes; none for a plain GET."""
    if method == "get":
        return ""
    words = ["curl", f"localhost:8188{path}"]
    if method != "post" or schema is None:
        words.insert(1, f"-X {method.upper()}")
    if schema is not None:
        words.append(f"-d '{json.dumps(_least(schema, schemas, 0))}'")
    return f"<pre>{escape(' '.join(words))}</pre>"


def _least(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int) -> Any:
    """The smallest value of a schema: what must be there and nothing else."""
    if depth > 4:
        return {}
    if "$ref" in schema:
        return _least(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    if "anyOf" in schema:
        return _least(schema["anyOf"][0], schemas, depth)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object":
        known = schema.get("properties", {})
        return {
            name: _least(known[name], schemas, depth + 1) for name in schema.get("required", ())
        }
    if kind == "array":
        few = 1 if schema.get("minItems") else 0
        return [_least(schema.get("items", {}), schemas, depth + 1)] * few
    return {"integer": 0, "number": 0, "boolean": True, "string": "..."}.get(str(kind))


def _shape(schema: Mapping[str, Any]) -> str:
    text = f"<p>{_text(schema.get('description', ''))}</p>"
    required = schema.get("required", ())
    rows = [
        f"<tr><td><code>{escape(name)}</code><td>{_kind(kind)}"
        f"<td>{_text(kind.get('description', ''))} "
        f"<small>{_limits(kind, required=name in required)}</small>"
        for name, kind in schema.get("properties", {}).items()
    ]
    if "enum" in schema:
        rows.append(f"<tr><td>one of<td>{_kind(schema)}<td>")
    return f"{text}<table>{''.join(rows)}</table>"


def _limits(schema: Mapping[str, Any], *, required: bool) -> str:
    """What a value must be besides its type, in words."""
    parts = ["required"] if required else []
    for where in (schema, *schema.get("anyOf", ())):
        parts += [_WORDS[name].format(f"{where[name]:,}") for name in _SHOWN if name in where]
    if schema.get("default") not in (None, {}, []):
        parts.append(f"default {json.dumps(schema['default'])}")
    return escape("; ".join(parts))


def _kind(schema: Mapping[str, Any]) -> str:
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


def _text(text: str) -> str:
    """A sentence, with what stands in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
