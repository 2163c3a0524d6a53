"""`weft share`: pack a workflow with what it needs, check one, run one and compare."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from weft.engine.cancel import CancelToken
from weft.engine.declaration.registry import Registry
from weft.engine.errors import Cancelled, FileError, RunError, ValidationError, WeftError
from weft.engine.files.atomic import write_atomically
from weft.engine.files.digest import FileDigests
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import Document
from weft.engine.graph.listing import listed
from weft.engine.share.bundle import Bundle, Manifest, inputs_of, read_bundle, unpack_inputs
from weft.engine.share.check import Report, check
from weft.engine.share.limits import limited
from weft.engine.share.lock import Lock, make_lock
from weft.engine.share.names_here import renamed
from weft.engine.workflows.workflow import Workflow
from weft.nodes.shared_file import BUNDLES, SharedFile, described, open_shared
from weft.nodes.standard.engine import StandardEngine
from weft.nodes.standard.folders import home, own_places
from weft.nodes.standard.numerics import standard_runtime

from . import say
from .main import BAD_WORKFLOW, DONE, FAILED, INTERRUPTED
from .packs import load_registry
from .pictures import Difference, compare, first_picture
from .share_report import show
from .workspace import workspace_of

ACCEPTABLE = {"reads", "writes", "network", "packs"}


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        if options.verb == "pack":
            return _pack(options)
        if options.verb == "check":
            return _check(options)
        return _run(options)
    except (RunError, Cancelled) as error:
        say.error(error)
        return INTERRUPTED if isinstance(error, Cancelled) else FAILED
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW


# -- pack -----------------------------------------------------------------------------------------


def _pack(options: argparse.Namespace) -> int:
    file = Path(options.file)
    target = Path(options.to) if options.to else file.with_name(file.stem + BUNDLES[0])
    if not target.name.endswith(BUNDLES):
        raise FileError(
            f"{target.name} is no file name for a bundle.",
            code="share.bad_name",
            expected=" or ".join(f"NAME{suffix}" for suffix in BUNDLES),
            got=target.name,
        )
    registry = load_registry()
    opened = open_shared(file, registry)
    workflow, picture = opened.workflow, opened.picture
    workspace = workspace_of(options, file)
    if options.no_picture and target.name.endswith(".png"):
        raise FileError(
            "A bundle without an image cannot be a PNG file.",
            code="share.no_picture",
            hint="Use the name NAME.weft.zip.",
        )
    if picture is None and not options.no_picture:
        workflow, picture = _drawn(workflow, registry, workspace)
    document = listed(workflow.document, registry, workspace)
    document = Workflow(document).resolve(registry).document
    problems = Workflow(document).validate(registry)
    if problems:
        raise ValidationError("It cannot run:", problems)
    lock = _lock(document, registry, workspace)
    inputs = inputs_of(lock, workspace.input)
    title = document.title
    manifest = Manifest(title=title, author=options.author, license=options.license)
    bundle = Bundle(
        Workflow(document), lock, inputs, None if options.no_picture else picture, manifest
    )
    data = bundle.to_png() if target.name.endswith(".png") else bundle.to_zip()
    write_atomically(target, data)
    say.out(f"packed {target} ({len(data) / 1e6:.2f} MB)")
    for model in lock.models:
        say.out(f"  needs {model.folder}/{model.name}  {model.sha256[:10]}  {model.family or ''}")
    for name in inputs:
        say.out(f"  holds {name}")
    for where in lock.open:
        say.err(f"  not packed: {where} names its file through a link")
    return DONE


def _drawn(
    workflow: Workflow, registry: Registry, workspace: Workspace
) -> tuple[Workflow, bytes | None]:
    """The workflow with its seeds drawn, and the first picture that it gives."""
    with tempfile.TemporaryDirectory() as folder:
        with StandardEngine(registry=registry, workspace=workspace.writing_to(Path(folder))) as e:
            result = e.run(workflow)
        return result.workflow, first_picture(result.artifacts)


def _lock(document: Document, registry: Registry, workspace: Workspace) -> Lock:
    return make_lock(
        document,
        registry,
        workspace,
        standard_runtime(),
        sha256=_digests().digest,
        describe=described,
        autov3=_autov3,
    )


def _autov3(path: Path) -> str | None:
    """From the index, which keeps what it once worked out."""
    from weft.server.models.facts import standard_index

    with contextlib.closing(standard_index()) as index:
        return index.hashes(path.absolute()).get("autov3")


def _digests() -> FileDigests:
    return FileDigests(home() / "sha256.json", "sha256")


# -- check ----------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    file = Path(options.file)
    registry = load_registry()
    workspace = workspace_of(options, file)
    opened = open_shared(file, registry)
    report = _report(opened, registry, workspace)
    if options.json:
        say.out_json(report.to_json())
    else:
        show(report, opened.manifest)
    return DONE if report.ready else BAD_WORKFLOW


def _report(shared: SharedFile | Bundle, registry: Registry, workspace: Workspace) -> Report:
    return check(
        listed(shared.workflow.document, registry, workspace),
        shared.lock,
        registry,
        workspace,
        standard_runtime(),
        sha256=_digests().digest,
        bundled=shared.inputs,
    )


# -- run ------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    bundle = read_bundle(Path(options.file))
    registry = load_registry()
    workflow = bundle.workflow.migrated(registry, bundle.lock.versions)
    own = workspace_of(options)
    report = _report(replace(bundle, workflow=workflow), registry, own)
    report = report.with_choices(_choices(options.use))
    show(report, bundle.manifest)
    for remark in workflow.remarks:
        say.err(say.plain(remark))
    if not report.ready:
        return BAD_WORKFLOW
    if not _accepted(report, options.accept):
        return BAD_WORKFLOW
    document = renamed(workflow.document, registry, report.renamed)
    with tempfile.TemporaryDirectory(prefix="weft-share-") as folder:
        unpack_inputs(bundle, Path(folder))
        workspace = own.reading_first(Path(folder))
        workspace.output.mkdir(parents=True, exist_ok=True)
        with StandardEngine(registry=registry, workspace=workspace) as engine:
            token = CancelToken()
            folders = [workspace.output, *own_places()]
            network, reads = ("network" in report.effects), ("reads" in report.effects)
            readable = workspace.readable if reads else ()
            with (
                limited(folders, network=network, readable=readable) as confine,
                engine.apart(confine) as held,
            ):
                if confine is None and report.packs:
                    say.err("warning: permissions cannot be enforced on native code of packs here")
                result = held.run(Workflow(document), token=token)
    for artifact in result.artifacts:
        say.out(f"{'shown' if artifact.temporary else 'saved'}  {artifact.path}")
    if not options.verify:
        return DONE
    return _verify(bundle, first_picture(result.artifacts), report)


def _verify(bundle: Bundle, made: bytes | None, report: Report) -> int:
    if bundle.picture is None or made is None:
        say.err("not verified: the bundle or the run has no image")
        return FAILED
    found = compare(bundle.picture, made)
    if found == Difference(0, None):
        say.out("verified: the image is the same")
        return DONE
    say.err(f"the image differs: {found}")
    for reason in report.differs or ("the lock records no difference",):
        say.err(f"  {reason}")
    return FAILED


def _choices(given: list[str]) -> dict[tuple[str, str], str]:
    chosen: dict[tuple[str, str], str] = {}
    for each in given:
        wanted, equals, other = each.partition("=")
        folder, slash, name = wanted.partition("/")
        if not (equals and slash and other):
            raise FileError(
                f"--use {each!r} cannot be read.",
                code="share.bad_choice",
                expected="FOLDER/NAME=OTHER, such as checkpoints/a.safetensors=b.safetensors",
                got=each,
            )
        chosen[folder, name] = other
    return chosen


def _accepted(report: Report, accept: str | None) -> bool:
    """Whether a flag or the user permits the effects of the workflow."""
    wanted = set(report.to_accept)
    if accept is not None:
        given = {word.strip() for word in accept.split(",") if word.strip()}
        unknown = given - ACCEPTABLE
        if unknown:
            raise FileError(
                f"--accept does not know {', '.join(sorted(unknown))}.",
                code="share.bad_choice",
                expected=", ".join(sorted(ACCEPTABLE)),
                got=accept,
            )
        if wanted <= given:
            return True
        more = ", ".join(sorted(wanted - given))
        say.err(f"not run: these effects are not permitted: {more}; see --accept")
        return False
    if not sys.stdin.isatty():
        say.err(f"not run: permit its effects with --accept {','.join(sorted(wanted)) or 'reads'}")
        return False
    say.err("Run it? [y/N] ")
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
