"""Checks and bundles of shared workflows as clients see them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .errors import ProblemModel
from .jobs import Effect
from .model import Body, Model

Text = dict[str, Any]


class CheckRequest(Body):
    """A workflow to look at."""

    document: dict[str, Any] = Field(
        description="A weft document, or a workflow in ComfyUI's API format."
    )
    lock: dict[str, Any] | None = Field(
        None, description="What it was made with, as a bundle or a picture has it."
    )


class ComfyRequest(Body):
    """A workflow to write for ComfyUI."""

    document: dict[str, Any] = Field(description="A weft document.")


class ComfyWorkflow(Model):
    """A workflow in ComfyUI's API format."""

    prompt: dict[str, Any]
    obstacles: list[str] = Field(
        description="Why ComfyUI itself would not run it, or not the same way; empty if it would."
    )


class PackRequest(Body):
    """What to pack: a workflow, or a job that is done."""

    document: dict[str, Any] | None = Field(None, description="A workflow; or give `job`.")
    job: str | None = Field(
        None, max_length=64, description="A finished job: its workflow, seeds drawn, and picture."
    )
    artifact: int | None = Field(
        None, ge=0, description="Which file of the job is the picture; by default the first."
    )
    format: Literal["png", "zip"] = Field(
        "png", description="`png` is the picture itself with everything inside."
    )
    name: str | None = Field(None, max_length=200, description="Of the file, without its suffix.")
    title: str | None = Field(None, max_length=1000, description="None for the workflow's own.")
    author: str | None = Field(None, max_length=1000)
    license: str | None = Field(
        None, max_length=10_000, description="Of the workflow and its input pictures."
    )


class FileCheckModel(Model):
    """One file that a workflow needs."""

    what: Literal["model", "input"]
    folder: str | None = Field(None, description="Kind of model; none for an input.")
    name: str = Field(description="As the workflow names it.")
    state: Literal["here", "other name", "bundled", "other content", "missing"] = Field(
        description="`here`; `other name`: the same content under the name `found`; `bundled`: it "
        "came along; `other content`: a file of that name which is not the one; `missing`."
    )
    ready: bool = Field(description="Whether the very file is at hand.")
    found: str | None = Field(None, description="Name of the file that would be used.")
    sha256: str | None = None
    autov2: str | None = Field(None, description="First ten digits, as model sites show them.")
    size: int | None = Field(None, description="In bytes.")
    holds: str | None = Field(None, description="What it is: checkpoint, lora, ...")
    family: str | None = None
    candidates: list[str] = Field(
        description="Names here that are near: those of the same base name first. Never used "
        "unless somebody chooses one."
    )
    sources: list[str] = Field(description="Where the author had it from.")
    advice: str | None = Field(None, description="How to get it; none if it is ready.")


class NodeCheckModel(Model):
    """One node type that a workflow needs."""

    type: str
    state: Literal["here", "other version", "missing"]
    here: int | None = Field(None, description="Version here.")
    wanted: int | None = Field(None, description="Version that the lock names.")
    migrates: bool = Field(
        False, description="Whether the version here brings inputs of another one up to date."
    )
    pack: str | None = Field(None, description="Package that has it, as the lock or the file says.")


class ShareReport(Model):
    """What a workflow would need and do here. Nothing was run or written."""

    ready: bool = Field(description="Whether it can run here.")
    same_picture: bool | None = Field(
        None, description="Whether the author's picture is to be expected; none if unknown."
    )
    files: list[FileCheckModel]
    nodes: list[NodeCheckModel]
    problems: list[ProblemModel] = Field(description="What else keeps it from running.")
    differs: list[str] = Field(description="Why the picture may differ, in words.")
    unknown: list[str] = Field(description="Why that cannot be told, in words.")
    effects: list[Effect] = Field(
        description="What it would do, to be sent as `accepts` of the job once a person agrees."
    )
    touching: dict[str, list[str]] = Field(description="Effect -> ids of the nodes that have it.")
    packs: list[str] = Field(description="Packages other than weft whose code would run.")


class SharedModel(Model):
    """What a bundle or picture holds, and a check of it."""

    document: dict[str, Any] = Field(description="The workflow in weft's format, as it was saved.")
    is_bundle: bool = Field(description="Whether it carries its inputs and its lock.")
    title: str | None = None
    author: str | None = None
    license: str | None = None
    inputs: list[str] = Field(description="Names of the input files that came along.")
    has_picture: bool
    lock: dict[str, Any] | None = None
    remarks: list[str] = Field(
        default_factory=list,
        description="What was changed in reading it: inputs brought up to date, or what a document "
        "cannot say of a ComfyUI file. A sentence each.",
    )
    report: ShareReport


class PlacedInput(Model):
    """An input file of a bundle."""

    name: str = Field(description="In the bundle.")
    file: str = Field(description="In the input folder now.")
    new: bool = Field(description="Whether it was written; not if the same content was there.")


class Opened(SharedModel):
    """A bundle or picture that was opened: its inputs lie in the input folder."""

    document: dict[str, Any] = Field(
        description="The workflow with the names that its files have here."
    )
    placed: list[PlacedInput]
