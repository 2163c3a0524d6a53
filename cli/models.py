"""`weft models`: list, inspect, convert and fetch model files."""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

from weft.engine.errors import WeftError
from weft.engine.files.workspace import Workspace
from weft.nodes.standard.folders import home

from . import say
from .main import BAD_WORKFLOW, DONE, FAILED
from .workspace import workspace_of


def execute(options: argparse.Namespace) -> int:
    """Do it; the exit code."""
    try:
        if options.verb == "list":
            return _list(options)
        if options.verb in ("index", "find"):
            from .models_index import find, index

            return index(options) if options.verb == "index" else find(options)
        if options.verb == "inspect":
            return _inspect(options)
        if options.verb == "convert":
            return _convert(options)
        return _pull(options)
    except WeftError as error:
        say.error(error)
        return BAD_WORKFLOW


def _list(options: argparse.Namespace) -> int:
    if options.long:
        from .models_index import long_list

        return long_list(options)
    workspace = workspace_of(options)
    kinds = [options.kind] if options.kind else list(workspace.kinds)
    found = {kind: workspace.list_models(kind) for kind in kinds}
    if options.json:
        say.out_json(found)
        return DONE
    for kind, names in found.items():
        if names or options.kind:
            say.out(f"{kind} ({len(names)})")
        for name in names:
            say.out(f"  {name}")
    return DONE


def _inspect(options: argparse.Namespace) -> int:
    from weft.diffusion import DiffusionError, inspect_file
    from weft.diffusion.formats.words import family_words

    path = _find(workspace_of(options), options.model)
    try:
        report = inspect_file(path)
    except DiffusionError as error:
        say.err(f"error [{error.code}]: {error}")
        return FAILED
    facts: dict[str, object] = {
        "path": str(path),
        "kind": report.kind,
        "family": report.family,
        "holds": report.words,
        "precision": report.precision,
        "tensors": report.tensors,
        "bytes": report.bytes,
        **(_hashes(path) if path.is_file() else {}),
        **_lora_facts(path, report.kind),
        "metadata": dict(report.metadata),
    }
    if options.json:
        say.out_json(facts)
        return DONE
    metadata = report.metadata
    facts.pop("metadata")
    words = family_words(report.family)
    if report.family not in (words, "unknown"):
        facts["family"] = f"{report.family} ({words})"
    for name, value in facts.items():
        if value is not None:
            say.out(f"{name:<11} {value}")
    for name, text in metadata.items():
        line = say.plain(" ".join(text.split()))
        say.out(f"  {say.plain(name)}: {line if len(line) <= 100 else line[:97] + '...'}")
    return DONE


def _hashes(path: Path) -> dict[str, str]:
    """From the index, if it knows the file as it is."""
    from weft.server.models.facts import standard_index

    with contextlib.closing(standard_index()) as index:
        return index.hashes(path.absolute())


def _lora_facts(path: Path, kind: str) -> dict[str, object]:
    """What matters of a LoRA: how many layers, which algorithms, which ranks."""
    if kind != "lora":
        return {}
    from collections import Counter

    from weft.diffusion.patches.lora.file import load_lora

    lora = load_lora(path)
    algorithms = Counter(entry.algorithm for entry in lora.entries.values())
    ranks = {
        lora.shapes[entry.fields["down"]][0]
        for entry in lora.entries.values()
        if "down" in entry.fields
    }
    return {
        "layers": len(lora.entries),
        "algorithms": ", ".join(f"{name} {count}" for name, count in algorithms.most_common()),
        "ranks": ", ".join(map(str, sorted(ranks))) or None,
    }


def _convert(options: argparse.Namespace) -> int:
    from weft.diffusion import DiffusionError, inspect_file
    from weft.diffusion.files.convert.model import convert_model

    source = _find(workspace_of(options), options.source)
    try:
        target = convert_model(source, options.target)
        report = inspect_file(target)
    except DiffusionError as error:
        say.err(f"error [{error.code}]: {error}")
        return FAILED
    if options.json:
        say.out_json({"path": str(target), "kind": report.kind, "family": report.family})
    else:
        say.out(f"{target}: {report.kind}, {report.family}, {report.tensors} tensors")
    return DONE


def _find(workspace: Workspace, name: str) -> Path:
    """A model by path, or as `KIND/NAME` in the model folders."""
    if Path(name).exists():
        return Path(name)
    kind, _, rest = name.partition("/")
    return workspace.model(kind, rest) if rest else workspace.model("checkpoints", name)


def _pull(options: argparse.Namespace) -> int:
    from .pull import pull, read_manifest

    root = Path(options.models) if options.models else home() / "models"
    return DONE if pull(read_manifest(Path(options.manifest)), root) else FAILED
