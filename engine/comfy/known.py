"""The classes of ComfyUI itself, and their inputs."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path


@functools.cache
def comfy_inputs() -> Mapping[str, list[list[str]]]:
    """Names of required and of optional inputs, in order, by class of ComfyUI 0.3.64."""
    path = Path(__file__).with_name("inputs.json")
    table: dict[str, list[list[str]]] = json.loads(path.read_text("utf-8"))
    return table
