"""The lock: models, versions and settings of a workflow, so that another machine can compare them.

Models and inputs are known by their content (SHA-256, as model sites have it), nodes by id, version
and pack, and the runtime by what decides the numbers: versions, device, precision.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..declaration.named_files import find_file
from ..declaration.node import NodeSpec, Parameter
from ..declaration.registry import Registry
from ..declaration.widgets import InputFile, ModelFile
from ..files.hashes import autov1_of
from ..files.workspace import Workspace
from ..graph.document import Document, as_link, as_links
from ..graph.expand import expand

Sha256 = Callable[[Path], str]
Describe = Callable[[Path], tuple[str | None, str | None]]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Runtime(_Strict):
    """Settings that affect results beside the workflow.

    Attributes:
        weft: Version of weft.
        numerics: Device and precisions, in words.
        packages: Versions of the libraries that compute.
    """

    weft: str
    numerics: str
    packages: dict[str, str] = Field(default_factory=dict)


class NodeLock(_Strict):
    """A node type: its version, and the package that has it."""

    version: int
    pack: str


class ModelLock(_Strict):
    """A model file, by content.

    Attributes:
        folder: Kind of folder it lies in, such as `checkpoints`.
        name: As the workflow names it.
        sha256: Of the file, in hexadecimal.
        autov1: A short form that model sites use; see `hashes`. None where it says nothing.
        autov2: The first ten digits of the SHA-256.
        autov3: Of the tensors alone; None of other files than safetensors, and where nobody has
            worked it out: it takes another reading of the file.
        size: In bytes.
        holds: What its tensors are ("checkpoint", "lora", ...); None if not known.
        family: Such as "sdxl"; None if not known.
        sources: Addresses where it can be had, if the author knows any. Never fetched by itself.
    """

    folder: str
    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    autov1: str | None = Field(default=None, pattern=r"^[0-9a-f]{8}$")
    autov2: str | None = Field(default=None, pattern=r"^[0-9a-f]{10}$")
    autov3: str | None = Field(default=None, pattern=r"^[0-9a-f]{12}$")
    size: int = Field(ge=0)
    holds: str | None = None
    family: str | None = None
    sources: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.autov2 not in (None, self.sha256[:10]):
            raise ValueError("autov2 is not the beginning of sha256")
        return self


class InputLock(_Strict):
    """An input file, by content."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Lock(_Strict):
    """All that a workflow was made with.

    Attributes:
        format: Of this record.
        runtime: Where it ran.
        nodes: Node types by id.
        models: Model files.
        inputs: Input files.
        seeds: Every seed, `node.parameter` -> value.
        effects: What its nodes touch: `reads`, `writes`, `network`.
        open: Inputs that name a file through a link, which only a run can tell.
    """

    format: Literal[1] = 1
    runtime: Runtime
    nodes: dict[str, NodeLock]
    models: list[ModelLock] = Field(default_factory=list)
    inputs: list[InputLock] = Field(default_factory=list)
    seeds: dict[str, int] = Field(default_factory=dict)
    effects: list[str] = Field(default_factory=list)
    open: list[str] = Field(default_factory=list)

    @property
    def versions(self) -> dict[str, int]:
        """Node type -> version."""
        return {name: node.version for name, node in self.nodes.items()}


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a workflow names.

    Attributes:
        target: `node.parameter` that names it.
        kind: What it is.
        name: None if the name comes through a link, which only a run can tell.
        mentioned: Whether a text mentions it among other words ("embedding:style").
    """

    target: str
    kind: ModelFile | InputFile
    name: str | None
    mentioned: bool = False


def named_files(document: Document, registry: Registry) -> Iterator[NamedFile]:
    """Every file that the nodes of a workflow name, subgraphs expanded."""
    for node_id, node in expand(document).document.nodes.items():
        spec = registry.find(node.type)
        if spec is None:
            continue
        for parameter in spec.files:
            target = f"{node_id}.{parameter.name}"
            value = _given(node.inputs, spec, parameter)
            if parameter.mentions is not None:
                kind = ModelFile(parameter.mentions.kind)
                names = parameter.mentions.names(value) if isinstance(value, str) else []
                yield from (NamedFile(target, kind, name, mentioned=True) for name in names)
            elif parameter.file is None:
                continue
            elif isinstance(value, str):
                yield NamedFile(target, parameter.file, value)
            elif as_link(value) is not None or as_links(value) is not None:
                yield NamedFile(target, parameter.file, None)


def make_lock(
    document: Document,
    registry: Registry,
    workspace: Workspace,
    runtime: Runtime,
    *,
    sha256: Sha256,
    describe: Describe,
    autov3: Callable[[Path], str | None] = lambda _: None,
) -> Lock:
    """Write down what a workflow is made with here.

    Args:
        document: A valid workflow whose lists are read and whose seeds are drawn.
        registry: Its node types.
        workspace: Where its files are.
        runtime: Of this place.
        sha256: Digest of a file.
        describe: What a model file holds, and its family.
        autov3: That hash of a safetensors file, where it may take its time.

    Raises:
        FileError: A file that it names is not here.
    """
    flat = expand(document).document
    specs = [s for node in flat.nodes.values() if (s := registry.find(node.type)) is not None]
    models: dict[tuple[str, str], ModelLock] = {}
    inputs: dict[str, InputLock] = {}
    unknown: list[str] = []
    for file in named_files(document, registry):
        kind = file.kind
        if file.name is None:
            unknown.append(file.target)
            continue
        path = find_file(workspace, kind, file.name)
        if not isinstance(kind, ModelFile):
            inputs[file.name] = InputLock(
                name=file.name, sha256=sha256(path), size=path.stat().st_size
            )
        elif (kind.kind, file.name) not in models:
            holds, family = describe(path)
            digest, single = sha256(path), path.is_file()
            tensors = single and path.suffix.lower() in (".safetensors", ".sft")
            models[kind.kind, file.name] = ModelLock(
                folder=kind.kind,
                name=file.name,
                sha256=digest,
                autov1=autov1_of(path) if single else None,
                autov2=digest[:10] if single else None,
                autov3=autov3(path) if tensors else None,
                size=path.stat().st_size,
                holds=holds,
                family=family,
            )
    return Lock(
        runtime=runtime,
        nodes={
            s.type_id: NodeLock(version=s.version, pack=pack_of(s))
            for s in sorted(specs, key=lambda s: s.type_id)
        },
        models=[models[key] for key in sorted(models)],
        inputs=[inputs[name] for name in sorted(inputs)],
        seeds=seeds_of(flat, registry),
        effects=sorted({effect for s in specs for effect in s.effects}),
        open=sorted(unknown),
    )


def seeds_of(document: Document, registry: Registry) -> dict[str, int]:
    """Every seed of a flat document, `node.parameter` -> value."""
    found: dict[str, int] = {}
    for node_id, node in document.nodes.items():
        spec = registry.find(node.type)
        for name in spec.seeds if spec is not None else ():
            assert spec is not None
            value = _given(node.inputs, spec, spec.parameters[name])
            if type(value) is int:
                found[f"{node_id}.{name}"] = value
    return found


def pack_of(spec: NodeSpec) -> str:
    """The package that a node type comes from, with its version if it is installed as one."""
    root = spec.function.__module__.partition(".")[0]
    names = importlib.metadata.packages_distributions().get(root, [root]) if root != "weft" else []
    name = names[0] if names else root
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return name


def _given(inputs: dict[str, Any], spec: NodeSpec, parameter: Parameter) -> Any:
    for name, value in inputs.items():
        if spec.parameter(name) is parameter:
            return value
    return parameter.default
