"""Check what a shared workflow needs and does here. Nothing runs, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ..comfy.foreign import foreign_hint
from ..declaration.registry import Registry
from ..declaration.widgets import ModelFile
from ..errors import FileError, Problem
from ..files.workspace import Workspace
from ..graph.document import Document
from ..graph.expand import expand
from ..validate import validate
from .lock import (
    InputLock,
    Lock,
    ModelLock,
    NamedFile,
    NodeLock,
    Runtime,
    Sha256,
    named_files,
    pack_of,
)

State = Literal["here", "other name", "bundled", "other content", "missing"]
MISSING = "files are missing"
_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file that the workflow needs.

    Attributes:
        what: `model` or `input`.
        folder: Kind of model folder; None for an input.
        name: As the workflow names it.
        state: `here` (same name and content), `other name` (same content, see `found`), `bundled`,
            `other content` (a file of that name that is not the one), `missing`.
        found: Name of the file that would be used instead; None where none is.
        sha256: Of the file that is wanted.
        size: Of the file that is wanted, in bytes.
        candidates: Names that are near; never used unless somebody says so.
        sources: Where the author had it from.
    """

    what: Literal["model", "input"]
    folder: str | None
    name: str
    state: State
    found: str | None = None
    sha256: str | None = None
    size: int | None = None
    candidates: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether the very file is at hand."""
        return self.state in ("here", "other name", "bundled")

    @property
    def advice(self) -> str | None:
        """How to get it; None if it is at hand."""
        if self.ready:
            return None
        if self.what == "input":
            return (
                "Ask the author for the bundle, which includes the inputs, or copy the file "
                "into the input folder."
            )
        place = f"models/{self.folder}"
        if self.sha256 is None:
            return f"Copy a file of this name into {place}, or choose another."
        return (
            f"Search for its SHA-256 (AutoV2 {self.sha256[:10].upper()}) on its model site, and "
            f"copy the file into {place}, under any name."
        )


@dataclass(frozen=True, slots=True)
class NodeCheck:
    """One node type that the workflow needs.

    Attributes:
        state: `here`, `other version` (results may differ) or `missing`.
        here: The version here; None if it is missing.
        wanted: Version and pack that the lock names; None without a lock.
        migrates: Whether the type here brings inputs of another version up to date.
        pack: The package that has it, as the lock or else the workflow itself says under
            `requires.packs`; None if neither does.
    """

    type: str
    state: Literal["here", "other version", "missing"]
    here: int | None
    wanted: NodeLock | None
    migrates: bool = False
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check.

    Attributes:
        nodes: Node types.
        files: Models and inputs.
        problems: Everything else that keeps it from running.
        differs: Why the picture may differ from the author's; empty when nothing says so.
        effects: What the run would touch: `reads`, `writes`, `network`.
        packs: Packages other than weft whose code would run.
        renamed: (Kind of model folder, or "" for inputs; name) -> name here.
        unknown: Why it cannot be told whether the picture would be the same; empty when it can.
        touching: Effect -> ids of the nodes that have it, subgraphs expanded.
    """

    nodes: tuple[NodeCheck, ...]
    files: tuple[FileCheck, ...]
    problems: tuple[Problem, ...]
    differs: tuple[str, ...]
    effects: tuple[str, ...]
    packs: tuple[str, ...] = ()
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    touching: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether it can run here."""
        return not self.problems and all(f.ready for f in self.files)

    @property
    def same_picture(self) -> bool | None:
        """Whether the image will match the author's here; None if unknown."""
        if not self.ready or self.differs:
            return False
        return None if self.unknown else True

    @property
    def to_accept(self) -> tuple[str, ...]:
        """The permissions that it needs before it runs: the effects, and `packs` if any."""
        return (*self.effects, *(["packs"] if self.packs else []))

    def with_choices(self, chosen: Mapping[tuple[str, str], str]) -> Report:
        """The report when other models stand in for some.

        Args:
            chosen: (Kind of model folder, name) -> name of the model to use instead.

        Raises:
            FileError: A choice is for a file that the workflow does not need.
        """
        wanted = {(f.folder, f.name) for f in self.files if f.what == "model"}
        for folder, name in chosen:
            if (folder, name) not in wanted:
                raise FileError(
                    f"The workflow needs no model {folder}/{name[:200]}.",
                    code="share.bad_choice",
                    hint="Run `weft share check` for the list of models that it needs.",
                )
        if not chosen:
            return self
        files = tuple(
            replace(f, state="here", found=chosen[f.folder or "", f.name])
            if (f.folder, f.name) in chosen
            else f
            for f in self.files
        )
        why = tuple(f"{name} is replaced by {other}" for (_, name), other in sorted(chosen.items()))
        left = tuple(d for d in self.differs if d != MISSING or not all(f.ready for f in files))
        return replace(self, files=files, differs=(*left, *why), renamed={**self.renamed, **chosen})

    def to_json(self) -> dict[str, Any]:
        """The report as JSON data."""
        return {
            "ready": self.ready,
            "same_picture": self.same_picture,
            "nodes": [asdict(n) | {"wanted": _data(n.wanted)} for n in self.nodes],
            "files": [asdict(f) for f in self.files],
            "problems": [p.to_json() for p in self.problems],
            "differs": list(self.differs),
            "unknown": list(self.unknown),
            "effects": list(self.effects),
            "touching": {effect: list(nodes) for effect, nodes in self.touching.items()},
            "packs": list(self.packs),
        }


def check(
    document: Document,
    lock: Lock | None,
    registry: Registry,
    workspace: Workspace,
    runtime: Runtime | None,
    *,
    sha256: Sha256,
    bundled: Iterable[str] = (),
) -> Report:
    """Compare a workflow and its lock with this place.

    Files that the workflow names and the lock does not are looked for by name, so that a lock that
    keeps silent hides nothing.

    Args:
        document: The workflow, its lists read.
        lock: What it was made with; None if it came without one.
        registry: The node types here.
        workspace: The files here.
        runtime: Of this place; None if it is not known now.
        sha256: Digest of a file.
        bundled: Names of the input files that came along.
    """
    nodes = tuple(_nodes(document, lock, registry))
    carried = set(bundled)
    files = [_model(each, workspace, sha256) for each in (lock.models if lock else ())]
    files = _as_mentioned(files, document, registry)
    files += [_input(each, workspace, sha256, carried) for each in (lock.inputs if lock else ())]
    files += _unlocked(document, registry, workspace, {(f.folder, f.name) for f in files})
    missing = {(f.folder, f.name) for f in files if not f.ready}
    replaced = {
        (f.folder or "", f.name): f.found
        for f in files
        if f.state == "other name" and f.found is not None
    }
    effects, packs, touching = effects_of(document, registry)
    unknown_types = ("graph.unknown_type", "graph.pack_failed")
    problems = [p for p in validate(document, registry) if p.code not in unknown_types]
    problems += [_missing_node(n, registry) for n in nodes if n.state == "missing"]
    differs: list[str] = []
    unknown: list[str] = []
    if lock is None:
        unknown.append("it has no lock, which would record its models and versions")
    if runtime is None:
        unknown.append("no worker has reported its device and versions yet")
    if lock is not None:
        differs = list(_differences(lock, runtime or lock.runtime, nodes, bool(missing)))
        if any(f.sha256 is None for f in files):
            unknown.append("the lock does not list every file")
    return Report(
        nodes=nodes,
        files=tuple(files),
        problems=tuple(problems),
        differs=tuple(differs),
        effects=effects,
        packs=packs,
        renamed=replaced,
        unknown=tuple(unknown),
        touching=touching,
    )


def effects_of(
    document: Document, registry: Registry
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The effects of a workflow, as its nodes declare them.

    Returns:
        Its effects; the packages other than weft whose code would run; effect -> node ids.
    """
    touching: dict[str, list[str]] = {}
    packs: set[str] = set()
    for node_id, node in expand(document).document.nodes.items():
        spec = registry.find(node.type)
        if spec is None:
            continue
        packs.add(pack_of(spec))
        for effect in spec.effects:
            touching.setdefault(effect, []).append(node_id)
    return (
        tuple(sorted(touching)),
        tuple(sorted(p for p in packs if p.partition(" ")[0] != "weft")),
        {effect: tuple(touching[effect]) for effect in sorted(touching)},
    )


def _nodes(document: Document, lock: Lock | None, registry: Registry) -> Iterable[NodeCheck]:
    packs = document.requires.get("packs")
    for name in sorted({node.type for node in expand(document).document.nodes.values()}):
        spec = registry.find(name)
        known = lock.nodes if lock is not None else {}
        wanted = known.get(spec.type_id if spec is not None else name)
        said = packs.get(name) if isinstance(packs, dict) else None
        pack = wanted.pack if wanted is not None else said if isinstance(said, str) else None
        if spec is None:
            yield NodeCheck(name, "missing", None, wanted, pack=pack)
        elif wanted is not None and wanted.version != spec.version:
            migrates = spec.migrate is not None
            yield NodeCheck(name, "other version", spec.version, wanted, migrates, pack)
        else:
            yield NodeCheck(name, "here", spec.version, wanted, pack=pack)


def _unlocked(
    document: Document,
    registry: Registry,
    workspace: Workspace,
    locked: set[tuple[str | None, str]],
) -> Iterable[FileCheck]:
    """The files that a workflow names and its lock does not, by name alone."""
    sources = _sources(document)
    for file in named_files(document, registry):
        folder = file.kind.kind if isinstance(file.kind, ModelFile) else None
        if file.name is None or (folder, file.name) in locked:
            continue
        locked.add((folder, file.name))
        found = _by_name(file, folder, workspace)
        yield replace(found, sources=sources.get((folder, file.name), ()))


def _sources(document: Document) -> dict[tuple[str | None, str], tuple[str, ...]]:
    """Where models can be had, as the workflow itself says under `requires.models`."""
    found: dict[tuple[str | None, str], tuple[str, ...]] = {}
    models = document.requires.get("models")
    for model in models if isinstance(models, list) else ():
        if not isinstance(model, dict):
            continue
        kind, name, url = (model.get(key) for key in ("kind", "name", "url"))
        if isinstance(kind, str) and isinstance(name, str) and isinstance(url, str):
            found[kind, name] = (*found.get((kind, name), ()), url)
    return found


def _as_mentioned(
    files: list[FileCheck], document: Document, registry: Registry
) -> list[FileCheck]:
    """A text that mentions a file cannot be made to name another: that one is only near."""
    mentioned = {
        (file.kind.kind, file.name)
        for file in named_files(document, registry)
        if file.mentioned and isinstance(file.kind, ModelFile)
    }
    return [
        replace(f, state="missing", found=None, candidates=(f.found,))
        if f.state == "other name" and f.found and (f.folder, f.name) in mentioned
        else f
        for f in files
    ]


def _by_name(file: NamedFile, folder: str | None, workspace: Workspace) -> FileCheck:
    assert file.name is not None
    what: Literal["model", "input"] = "input" if folder is None else "model"
    try:
        path = workspace.input(file.name) if folder is None else workspace.model(folder, file.name)
    except FileError:
        names = (
            workspace.list_models(folder)
            if folder is not None
            else workspace.inputs_instead_of(file.name)
        )
        near = tuple(_near(file.name, names))
        return FileCheck(what, folder, file.name, "missing", candidates=near)
    size = path.stat().st_size if path.is_file() else None
    return FileCheck(what, folder, file.name, "here", file.name, size=size)


def _model(wanted: ModelLock, workspace: Workspace, sha256: Sha256) -> FileCheck:
    names = workspace.list_models(wanted.folder)
    state: State = "missing"
    if wanted.name in names:
        if sha256(workspace.model(wanted.folder, wanted.name)) == wanted.sha256:
            return _file(wanted, "here", wanted.name)
        state = "other content"
    for name in names:  # by content: sizes first, because hashing takes long
        path = workspace.model(wanted.folder, name)
        if path.is_file() and path.stat().st_size == wanted.size and sha256(path) == wanted.sha256:
            return _file(wanted, "other name", name)
    return _file(wanted, state, None, _near(wanted.name, names))


def _input(wanted: InputLock, workspace: Workspace, sha256: Sha256, bundled: set[str]) -> FileCheck:
    if wanted.name in bundled:
        return _file(wanted, "bundled", wanted.name)
    try:
        path = workspace.input(wanted.name)
    except FileError:
        near = _near(wanted.name, workspace.inputs_instead_of(wanted.name))
        return _file(wanted, "missing", None, near)
    same = sha256(path) == wanted.sha256
    return _file(wanted, "here" if same else "other content", wanted.name if same else None)


def _file(
    wanted: ModelLock | InputLock, state: State, found: str | None, near: Sequence[str] = ()
) -> FileCheck:
    model = isinstance(wanted, ModelLock)
    return FileCheck(
        "model" if model else "input",
        wanted.folder if isinstance(wanted, ModelLock) else None,
        wanted.name,
        state,
        found,
        wanted.sha256,
        wanted.size,
        tuple(near),
        tuple(wanted.sources) if isinstance(wanted, ModelLock) else (),
    )


def _near(name: str, names: Sequence[str]) -> list[str]:
    """Names of the same base first (in another folder), then those that look alike."""
    import difflib  # noqa: PLC0415  (only where something is missing)

    base = Path(name).name.casefold()
    same = [n for n in names if Path(n).name.casefold() == base]
    alike = difflib.get_close_matches(name, names, n=_CANDIDATES)
    return list(dict.fromkeys([*same, *alike]))[:_CANDIDATES]


def _differences(
    lock: Lock, here: Runtime, nodes: Iterable[NodeCheck], unready: bool
) -> Iterable[str]:
    there = lock.runtime
    if there.weft != here.weft:
        yield f"weft version: {there.weft} there, {here.weft} here"
    if there.numerics != here.numerics:
        yield f"device and precision: {there.numerics} there, {here.numerics} here"
    for name in sorted(there.packages.keys() | here.packages.keys()):
        one, other = there.packages.get(name), here.packages.get(name)
        if one != other:
            yield f"{name} {one or 'not installed'} there, {other or 'not installed'} here"
    for node in nodes:
        if node.state == "other version" and node.wanted is not None:
            yield f"node {node.type} version {node.wanted.version} there, {node.here} here"
    if unready:
        yield MISSING


def _missing_node(node: NodeCheck, registry: Registry) -> Problem:
    fault, pack = registry.fault_of(node.type), node.pack
    if fault is not None:
        return Problem(
            "graph.pack_failed",
            f'The node type "{node.type[:100]}" is not loaded. {fault.text}',
            expected="a known node type",
            got=node.type[:100],
            hint=fault.hint or None,
        )
    foreign = foreign_hint(node.type, pack) if node.wanted is None else None
    return Problem(
        "graph.unknown_type",
        f'The node type "{node.type[:100]}" is not installed'
        + (f"; the author's pack is {pack[:200]}." if pack else "."),
        expected="a known node type",
        got=node.type[:100],
        hint=foreign
        or (
            f"Install the pack {pack[:200]} if you trust it."
            if pack
            else "Find and install its pack."
        ),
    )


def _data(wanted: NodeLock | None) -> dict[str, Any] | None:
    return wanted.model_dump() if wanted is not None else None
