"""Write the node schema that the editor's tests use: python web/scripts/fixture.py."""

import json
from pathlib import Path

from weft.engine.declaration.schema import node_schema
from weft.nodes.standard.registry import standard_registry

TARGET = Path(__file__).parents[1] / "tests" / "fixtures" / "nodes.json"
schemas = {s.type_id: node_schema(s) for s in standard_registry(packs=False).values()}
TARGET.write_text(json.dumps(schemas, indent=1, ensure_ascii=False) + "\n", "utf-8")
