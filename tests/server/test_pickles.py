"""A pickle that runs code, under every name, given to every node that reads a file."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.widgets import InputFile
from weft.engine.errors import WeftError
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

pytestmark = pytest.mark.slow
REGISTRY = standard_registry([], packs=False)
SUFFIXES = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".pkl", ".gguf", ".sft")
PICTURES = (".png", ".latent", ".webp")
# What gives a socket its value, and the nodes of which one does so.
GIVERS = {"MODEL": "thimble.model", "CLIP": "thimble.clip", "VAE": "thimble.vae"}
GIVERS |= {"CLIP_VISION": "vision.clip_vision"}
THIMBLE: dict[str, Any] = {
    "thimble": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "thimble.safetensors"}},
    "vision": {"type": "LoadCLIPVision", "inputs": {"clip_name": "thimble-vision.safetensors"}},
}


class Gadget:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def disguises(marker: Path) -> list[bytes]:
    """A plain pickle, and one within the archive that torch writes."""
    plain = pickle.dumps({"state_dict": Gadget(marker)})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", plain)
        archive.writestr("archive/version", "3")
    return [plain, file.getvalue()]


def readers() -> list[NodeSpec]:
    return [
        spec
        for spec in REGISTRY.values()
        if any(parameter.file is not None for parameter in spec.parameters.values())
    ]


def reading(spec: NodeSpec, name: str) -> Workflow:
    """A workflow in which a node reads a file."""
    inputs: dict[str, Any] = {}
    for parameter in spec.parameters.values():
        if parameter.file is not None:
            inputs[parameter.name] = name
        elif parameter.is_socket and parameter.required:
            inputs[parameter.name] = {"link": GIVERS[parameter.type.name]}
    nodes = {**THIMBLE, "read": {"type": spec.type_id, "inputs": inputs}}
    return Workflow.from_json({"nodes": nodes}, REGISTRY)


@pytest.mark.parametrize("spec", readers(), ids=lambda spec: spec.type_id)
async def test_pickle_given_to_every_node_that_reads_files_runs_nothing(
    tmp_path: Path, spec: NodeSpec
) -> None:
    marker = tmp_path / "marker"
    pickle.loads(pickle.dumps(Gadget(tmp_path / "proof")))
    assert (tmp_path / "proof").exists()  # so that a missing marker means something
    files = [p.file for p in spec.parameters.values() if p.file is not None]
    suffixes = PICTURES if isinstance(files[0], InputFile) else SUFFIXES
    names = []
    for number, content in enumerate(disguises(marker)):
        for suffix in suffixes:
            names.append(f"x{number}{suffix}")
            for file in files:
                kind = "input" if isinstance(file, InputFile) else f"models/{file.kind}"
                (tmp_path / kind).mkdir(parents=True, exist_ok=True)
                (tmp_path / kind / names[-1]).write_bytes(content)
    workspace = standard_workspace(
        models=[tmp_path / "models"], inputs=[tmp_path / "input"], output=tmp_path / "out"
    )
    wanted = [f"read.{output.name}" for output in spec.outputs]
    with StandardEngine(registry=REGISTRY, workspace=workspace) as engine:
        for name in names:
            with pytest.raises(WeftError):
                await engine.arun(reading(spec, name), outputs=wanted)
            assert not marker.exists(), name
