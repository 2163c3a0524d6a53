"""Write the generated files: the node reference, the file format's JSON Schema, and the node
schemas that the editor's tests use. Translation tables are sorted and indented.

python docs/generate.py            write them, and list what is not translated yet
python docs/generate.py --check    exit 1 if one is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from weft.engine.declaration.node import NodeSpec, Parameter
from weft.engine.declaration.schema import node_schema
from weft.engine.declaration.translation import Table, Translation, languages
from weft.engine.declaration.widgets import ModelFile, Range
from weft.engine.graph.document import json_schema
from weft.nodes.standard.own_nodes import OWN_PACKAGE
from weft.nodes.standard.registry import standard_registry
from weft.nodes.untranslated import untranslated

ROOT = Path(__file__).parents[1]
PARTS = tuple(Table.model_fields)


def files(specs: Sequence[NodeSpec]) -> dict[Path, str]:
    """Every generated file and its content."""
    schemas = {spec.type_id: node_schema(spec) for spec in specs}
    tables = sorted((ROOT / "nodes").rglob("locales/*.json"))
    return {
        ROOT / "docs" / "nodes.md": node_reference(specs),
        ROOT / "docs" / "workflow.schema.json": json.dumps(json_schema(), indent=2) + "\n",
        ROOT / "web" / "tests" / "fixtures" / "nodes.json": _json(schemas),
        **{path: translation_table(path) for path in tables},
    }


def translation_table(path: Path) -> str:
    """A translation table with its parts in the usual order and the entries of each sorted.

    Raises:
        SystemExit: An entry is there twice, of which a reader would drop one; or there is a part
            that no reader knows.
    """

    def entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        for name in set(names):
            if names.count(name) > 1:
                raise SystemExit(f'{path} has "{name}" twice: remove one.')
        return dict(pairs)

    table = json.loads(path.read_text("utf-8"), object_pairs_hook=entries)
    if unknown := sorted(table.keys() - set(PARTS)):
        raise SystemExit(f"{path} has the part {unknown[0]}: use one of {', '.join(PARTS)}.")
    return _json({part: dict(sorted(table[part].items())) for part in PARTS if table.get(part)})


def _json(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def node_reference(specs: Iterable[NodeSpec]) -> str:
    """All nodes as one Markdown page, by category."""
    lines = [
        "# Nodes",
        "",
        "Made from the declarations by `python docs/generate.py`; do not edit.",
    ]
    by_category = sorted(specs, key=lambda s: (s.category, s.type_id))
    for category, group in groupby(by_category, key=lambda s: s.category):
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


def report(specs: Sequence[NodeSpec]) -> str:
    """What is not translated yet, a line an entry; empty when everything is."""
    lines = [
        line
        for language in languages(specs, common=OWN_PACKAGE)
        for line in untranslated(specs, Translation(language, common=OWN_PACKAGE))
    ]
    head = "Not translated yet, shown in English (docs/guide/translations.md says how to add it):"
    return "\n".join([head, *lines, ""]) if lines else ""


def main() -> int:
    """Write or check; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    registry = standard_registry(packs=False)
    for fault in registry.faults:
        sys.stderr.write(f"{fault.text} {fault.hint}\n")
    if registry.faults:
        return 1
    specs = list(registry.values())
    stale = 0
    for path, content in files(specs).items():
        if path.exists() and path.read_text("utf-8") == content:
            continue
        stale += 1
        if check:
            name = path.relative_to(ROOT)
            sys.stderr.write(f"{name} is out of date: run python docs/generate.py\n")
        else:
            path.write_text(content, "utf-8")
    if not check:
        sys.stdout.write(report(specs))
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
