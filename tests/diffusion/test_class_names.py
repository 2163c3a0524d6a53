"""Classes of the rooms that read and keep model files have names of their own."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("engine", "diffusion", "nodes", "server", "cli", "benchmarks")
ROOMS = ("diffusion/files", "diffusion/formats", "diffusion/networks", "diffusion/weights")


def test_public_class_of_a_model_room_is_defined_once() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places[node.name].append(file.relative_to(ROOT).as_posix())
    twice = {
        name: files
        for name, files in places.items()
        if len(files) > 1 and any(file.startswith(ROOMS) for file in files)
    }
    assert not twice
    assert "ModelSource" in places
