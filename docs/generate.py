"""Write the generated files of docs/: the node reference and the file format's JSON Schema.

python docs/generate.py            write them
python docs/generate.py --check    exit 1 if one is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path

from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.widgets import ModelFile, Range
from weft.engine.graph.document import json_schema
from weft.nodes.standard.registry import standard_registry

HERE = Path(__file__).parent


def files() -> dict[Path, str]:
    """Every generated file and its content."""
    return {
        HERE / "nodes.md": node_reference(),
        HERE / "workflow.schema.json": json.dumps(json_schema(), indent=2) + "\n",
    }


def node_reference() -> str:
    """All nodes as one Markdown page, by category."""
    lines = [
        "# Nodes",
        "",
        "Made from the declarations by `python docs/generate.py`; do not edit.",
    ]
    specs = sorted(standard_registry(packs=False).values(), key=lambda s: (s.category, s.type_id))
    for category, group in groupby(specs, key=lambda s: s.category):
        lines += ["", f"## {category}"]
        for spec in group:
            lines += ["", *_node(spec)]
    return "\n".join(lines) + "\n"


def _node(spec: NodeSpec) -> list[str]:
    lines = [f"### {spec.type_id}", "", spec.doc.summary]
    if spec.aliases:
        lines += ["", f"Also called {', '.join(f'`{a}`' for a in spec.aliases)}."]
    if spec.doc.body:
        lines += ["", spec.doc.body]
    if spec.parameters:
        lines += ["", "| input | type | default | |", "| --- | --- | --- | --- |"]
        lines += [_row(p) for p in spec.parameters.values()]
    if spec.outputs:
        named = ", ".join(f"`{o.name}` {_cell(str(o.type))}" for o in spec.outputs)
        lines += ["", f"Gives {named}. {spec.doc.sections.get('Returns', '')}".rstrip()]
    if "Source" in spec.doc.sections:
        lines += ["", f"Source: {spec.doc.sections['Source']}"]
    return lines


def _row(parameter: Parameter) -> str:
    kind = str(parameter.type)
    if parameter.type.choices:
        kind = ", ".join(f"`{c}`" for c in parameter.type.choices)
    for widget in parameter.widgets:
        if isinstance(widget, Range):
            kind += f" {widget.low} to {widget.high}"
        elif isinstance(widget, ModelFile):
            kind += f" in `{widget.kind}/`"
    default = "required" if parameter.required else f"`{parameter.default!r}`"
    return f"| `{parameter.name}` | {_cell(kind)} | {_cell(default)} | {_cell(parameter.text)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = 0
    for path, content in files().items():
        if path.exists() and path.read_text("utf-8") == content:
            continue
        stale += 1
        if check:
            sys.stderr.write(f"{path.name} is out of date: run python docs/generate.py\n")
        else:
            path.write_text(content, "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
