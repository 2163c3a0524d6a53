"""A check of a shared workflow, as text."""

from __future__ import annotations

from weft.engine.share.bundle import Manifest
from weft.engine.share.check import FileCheck, Report

from . import say

_WORDS = {
    "here": "here",
    "bundled": "in the bundle",
    "missing": "MISSING",
    "other content": "OTHER CONTENT with this name",
}


def show(report: Report, manifest: Manifest) -> None:
    """Print a report: author, files, nodes, effects."""
    for word, text in (
        ("title", manifest.title),
        ("author", manifest.author),
        ("license", manifest.license),
    ):
        if text:
            say.out(f"{word:<8} {_one_line(text)}")
    for file in report.files:
        _show_file(file)
    for node in report.nodes:
        if node.state == "other version" and node.wanted is not None:
            how = ", inputs are migrated" if node.migrates else ""
            versions = f"version {node.wanted.version} wanted, {node.here} here{how}"
            say.out(f"node     {node.type}  {versions}")
    for problem in report.problems:
        say.out(f"problem  [{problem.code}] {_one_line(str(problem))}")
    say.out(f"effects  {', '.join(report.effects) or 'none'}")
    for pack in report.packs:
        say.out(f"code     of pack {_one_line(pack)}")
    for reason in report.differs:
        say.out(f"differs  {_one_line(reason)}")
    for reason in report.unknown:
        say.out(f"unknown  {_one_line(reason)}")
    if not report.ready:
        say.out("It cannot run here yet.")
    elif report.differs:
        say.out("It can run here; the image may differ.")
    elif report.same_picture is None:
        say.out("It can run here; whether the image matches the author's is unknown.")
    else:
        say.out("It can run here, and no known difference would change the image.")


def _show_file(file: FileCheck) -> None:
    name = f"{file.folder}/{file.name}" if file.folder else file.name
    state = f"here as {file.found}" if file.state == "other name" else _WORDS[file.state]
    if file.state == "here" and file.found != file.name:
        state = f"replaced by {file.found}"
    say.out(f"{file.what:<8} {_one_line(name)}  {state}")
    if file.ready:
        return
    if file.sha256:
        say.out(f"         sha256 {file.sha256} (AutoV2 {file.sha256[:10].upper()})")
    if file.size is not None:
        say.out(f"         {file.size} bytes")
    for source in file.sources:
        say.out(f"         source: {_one_line(source)}")
    if file.advice:
        say.out(f"         {_one_line(file.advice)}")
    for near in file.candidates:
        say.out(f"         similar: {_one_line(near)}  (--use {_one_line(name)}={_one_line(near)})")


def _one_line(text: str) -> str:
    return say.plain(text)[:500]
