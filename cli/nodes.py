"""`weft nodes`: the node types, and the inputs and outputs of each."""

from __future__ import annotations

import argparse
import textwrap
from itertools import groupby

from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.schema import node_schema
from weft.engine.declaration.widgets import Choice, ModelFile, Range

from . import say
from .main import BAD_WORKFLOW, DONE
from .packs import load_registry


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    registry = load_registry()
    if options.type is None:
        if options.json:
            say.out_json({name: node_schema(spec) for name, spec in registry.items()})
            return DONE
        ordered = sorted(registry.values(), key=lambda s: (s.category, s.type_id))
        for category, specs in groupby(ordered, key=lambda s: s.category):
            say.out(category)
            for spec in specs:
                say.out(f"  {spec.type_id:<20} {spec.doc.summary}")
        return DONE
    found = registry.find(options.type)
    if found is None and (fault := registry.fault_of(options.type)) is not None:
        say.err(say.plain(f'error: the node type "{options.type}" is not loaded. {fault.text}'))
        return BAD_WORKFLOW
    if found is None:
        close = registry.similar(options.type)
        hint = f' Did you mean "{close}"?' if close else ""
        say.err(f'error: there is no node type "{options.type}".{hint}')
        return BAD_WORKFLOW
    if options.json:
        say.out_json(node_schema(found))
    else:
        _describe(found)
    return DONE


def _describe(spec: NodeSpec) -> None:
    say.out(f"{spec.type_id}  ({spec.category}, version {spec.version})")
    if spec.aliases:
        say.out(f"also: {', '.join(spec.aliases)}")
    say.out()
    say.out(spec.doc.summary)
    if spec.doc.body:
        say.out()
        say.out(spec.doc.body)
    say.out()
    say.out("inputs")
    for parameter in spec.parameters.values():
        said = f"  {parameter.name:<18} {_type(parameter)}"
        for line in textwrap.wrap(said, 96, subsequent_indent=" " * 21, break_on_hyphens=False):
            say.out(line)
        for line in textwrap.wrap(parameter.text, 76):
            say.out(f"      {line}")
    say.out("outputs")
    for output in spec.outputs:
        say.out(f"  {output.name:<18} {output.type}")
    for title in ("Returns", "Raises", "Source"):
        if title in spec.doc.sections:
            say.out(f"{title.lower()}: {spec.doc.sections[title]}")


def _type(parameter: Parameter) -> str:
    parts = [str(parameter.type)]
    for widget in parameter.widgets:
        if isinstance(widget, Range):
            parts.append(f"{'above ' if widget.above else ''}{widget.low} to {widget.high}")
            if widget.multiple is not None:
                parts.append(f"multiples of {widget.multiple}")
        elif isinstance(widget, ModelFile):
            parts.append(f"file in {widget.kind}/")
        elif isinstance(widget, Choice):
            parts.append(" | ".join(widget.options))
    if parameter.type.choices and not any(isinstance(w, Choice) for w in parameter.widgets):
        parts.append(" | ".join(str(c) for c in parameter.type.choices))
    parts.append("required" if parameter.required else f"default {parameter.default!r}")
    return ", ".join(parts)
