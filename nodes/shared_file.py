"""Shared files: a bundle, an image with an embedded workflow, or a workflow file.

Their content is untrusted: sizes are checked, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weft.engine.declaration.registry import Registry
from weft.engine.errors import DocumentError, FileError
from weft.engine.graph.document import Document, as_link, read_json
from weft.engine.graph.expand import expand
from weft.engine.infotext.graph import Finder, workflow_of
from weft.engine.infotext.read import read_infotext
from weft.engine.share.bundle import PNG, Manifest, is_bundle, read_bundle
from weft.engine.share.lock import Lock
from weft.engine.workflows.workflow import Workflow

BUNDLES = (".weft.png", ".weft.zip")
_HEADS = (PNG, b"RIFF", b"\xff\xd8")


@dataclass(frozen=True, slots=True)
class SharedFile:
    """The content of a shared file.

    Attributes:
        workflow: As it was saved; a bundle's as it ran.
        lock: What it was made with; None if the file does not say.
        inputs: Input files that came along, by name.
        picture: The picture as PNG; None if there is none, or it is of another kind.
        manifest: Title, author, licence.
        is_bundle: Whether it is one.
    """

    workflow: Workflow
    lock: Lock | None = None
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    picture: bytes | None = None
    manifest: Manifest = field(default_factory=Manifest)
    is_bundle: bool = False


def open_shared(file: Path, registry: Registry, find: Finder | None = None) -> SharedFile:
    """Open a file by its content, whatever its name.

    Args:
        file: A bundle, a picture or a workflow file.
        registry: Node types.
        find: Finds the model files that generation parameters name (`infotext.graph`); None for
            the names as they stand.

    Raises:
        FileError: A picture that holds no workflow, or a damaged or hostile bundle.
        DocumentError: It cannot be read as a workflow.
    """
    try:
        with file.open("rb") as opened:
            head = opened.read(8)
            opened.seek(0)
            bundled = is_bundle(opened)
    except OSError as error:
        raise _unreadable(file, error) from error
    if bundled:
        found = read_bundle(file)
        return SharedFile(
            found.workflow.migrated(registry, found.lock.versions),
            found.lock,
            found.inputs,
            found.picture,
            found.manifest,
            is_bundle=True,
        )
    if not head.startswith(_HEADS):
        return SharedFile(Workflow.load(file, registry))
    texts = picture_texts(file)
    lock = lock_text(texts)
    versions = lock.versions if lock is not None else None
    info = read_infotext(texts.get("parameters", ""))
    if info is not None and not {"weft", "prompt"} & texts.keys():
        document, remarks = workflow_of(info, find) if find is not None else workflow_of(info)
        picture = file.read_bytes() if head.startswith(PNG) else None
        return SharedFile(Workflow(document, remarks=remarks), lock, picture=picture)
    workflow = Workflow.from_json(read_json(workflow_text(texts, file)), registry, versions)
    if "prompt" in texts and "workflow" in texts and "weft" not in texts:
        workflow = _with_remark(_as_drawn(workflow, texts["workflow"], registry))
    picture = file.read_bytes() if head.startswith(PNG) else None
    return SharedFile(workflow, lock, picture=picture)


def _as_drawn(workflow: Workflow, text: str, registry: Registry) -> Workflow:
    """What ran, in the places that ComfyUI's editor drew it in.

    ComfyUI runs a drawing without its subgraphs. Where what ran is what was drawn, they come back;
    else the nodes that both have get their places, and notes and groups are kept.
    """
    try:
        drawn = Workflow.from_json(read_json(text), registry).document
    except DocumentError:
        return workflow
    document = workflow.document
    if set(drawn.nodes) == set(document.nodes):
        return Workflow(document.model_copy(update={"layout": drawn.layout}))
    if drawn.subgraphs and _flat(drawn) == _flat(document):
        return Workflow(drawn)
    places = drawn.layout.get("nodes", {})
    kept: dict[str, Any] = {
        "nodes": {name: place for name, place in places.items() if name in document.nodes},
        **{part: drawn.layout[part] for part in ("groups", "notes") if part in drawn.layout},
    }
    return Workflow(document.model_copy(update={"layout": kept}))


def _flat(document: Document) -> dict[str, tuple[str, dict[str, Any]]]:
    """Types and inputs of all nodes by the ids that ComfyUI gives them, subgraphs in place."""

    def value_there(value: Any) -> Any:
        link = as_link(value)
        return value if link is None else {"link": link.replace("/", ":")}

    return {
        name.replace("/", ":"): (
            node.type,
            {key: value_there(value) for key, value in node.inputs.items() if value is not None},
        )
        for name, node in expand(document).document.nodes.items()
    }


def _with_remark(workflow: Workflow) -> Workflow:
    """The workflow with a remark where some of what ran has no place in what was drawn."""
    document = workflow.document
    places = document.layout.get("nodes", {})
    loose = sum(name not in places for name in document.nodes)
    if loose == 0:
        return workflow
    remark = (
        "The image holds two workflows of ComfyUI that differ: the one that ran and the one in the "
        f"editor. The one that ran is opened; {loose} of its {len(document.nodes)} nodes have no "
        "position in the editor's."
    )
    return Workflow(document, workflow.path, (*workflow.remarks, remark))


def workflow_text(texts: Mapping[str, str], file: Path) -> str:
    """The workflow among the texts of a picture: weft's, else what ComfyUI ran, else its drawing.

    Raises:
        FileError: There is none.
    """
    text = texts.get("weft") or texts.get("prompt") or texts.get("workflow")
    if text is None:
        raise FileError(
            f"The image {file.name} holds no workflow.",
            code="share.no_workflow",
            hint="Use the original file: editors and messengers remove the workflow.",
        )
    return text


def lock_text(texts: Mapping[str, str]) -> Lock | None:
    """The lock in the metadata of an image; None if there is none, or of a later weft.

    Raises:
        FileError: `share.damaged`: there is something else in its place.
        DocumentError: It is no JSON.
    """
    text = texts.get("weft_lock")
    if text is None:
        return None
    data = read_json(text)
    try:
        return Lock.model_validate(data)
    except ValidationError as error:
        if isinstance(data, dict) and data.get("format") not in (None, 1):
            return None
        raise FileError(
            "The lock in the image is damaged.",
            code="share.damaged",
            hint="Ask the author for another copy of the image.",
        ) from error


def picture_texts(file: Path) -> dict[str, str]:
    """The metadata texts of an image, by keyword.

    Raises:
        FileError: It is no picture, or cannot be read.
    """
    from weft.diffusion import DiffusionError
    from weft.diffusion.pictures.texts import read_texts

    try:
        return read_texts(file)
    except DiffusionError as error:
        raise FileError(str(error), code=error.code) from error
    except OSError as error:
        raise _unreadable(file, error) from error


def described(path: Path) -> tuple[str | None, str | None]:
    """The kind of a model file and its family; None if they are unknown."""
    from weft.diffusion import DiffusionError, inspect_file

    try:
        report = inspect_file(path)
    except DiffusionError:
        return None, None
    return report.kind, report.family


def _unreadable(file: Path, error: OSError) -> FileError:
    return FileError(f"{file} cannot be read: {error.strerror or error}.", code="files.unreadable")
