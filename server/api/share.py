"""Checks and bundles of shared workflows as clients see them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from .errors import ProblemModel
from .jobs import Effect
from .model import ApiModel, Body

Text = dict[str, Any]


class CheckRequest(Body):
    """A workflow to look at."""

    document: dict[str, Any] = Field(
        description="A weft document, or a workflow in ComfyUI's API format."
    )
    lock: dict[str, Any] | None = Field(
        None, description="The lock: models and versions, from a bundle or an image."
    )


class ComfyRequest(Body):
    """A workflow to write for ComfyUI."""

    document: dict[str, Any] = Field(description="A weft document.")


class ComfyWorkflow(ApiModel):
    """A workflow in ComfyUI's API format."""

    prompt: dict[str, Any]
    obstacles: list[str] = Field(
        description="The reasons why ComfyUI would not run it, or not in the same way; empty if "
        "it would."
    )


class PackRequest(Body):
    """The content of a bundle: a workflow, or a finished job."""

    document: dict[str, Any] | None = Field(None, description="A workflow, or use `job`.")
    job: str | None = Field(
        None,
        max_length=64,
        description="A finished job: its workflow with the seeds drawn, and its image.",
    )
    artifact: int | None = Field(
        None, ge=0, description="The file of the job to use as the image; by default the first."
    )
    format: Literal["png", "zip"] = Field(
        "png", description="`png` is the image itself, which holds the whole bundle."
    )
    name: str | None = Field(None, max_length=200, description="File name without its suffix.")
    title: str | None = Field(
        None, max_length=1000, description="Title; none for the workflow's own."
    )
    author: str | None = Field(None, max_length=1000)
    license: str | None = Field(
        None, max_length=10_000, description="License of the workflow and its input images."
    )


class FileCheckModel(ApiModel):
    """One file that a workflow needs."""

    what: Literal["model", "input"]
    folder: str | None = Field(None, description="Kind of model; none for an input.")
    name: str = Field(description="Name in the workflow.")
    state: Literal["here", "other name", "bundled", "other content", "missing"] = Field(
        description="`here`; `other name`: the same content with the name `found`; `bundled`: "
        "included in the bundle; `other content`: a file of this name with other "
        "content; `missing`."
    )
    ready: bool = Field(description="Whether the file with this content is available.")
    found: str | None = Field(None, description="Name of the file that would be used.")
    sha256: str | None = None
    autov2: str | None = Field(
        None, description="First ten digits of the SHA-256, as model sites show them."
    )
    size: int | None = Field(None, description="Size in bytes.")
    holds: str | None = Field(None, description="Kind of model: checkpoint, lora, ...")
    family: str | None = None
    candidates: list[str] = Field(
        description="Similar names here, those with the same file name first. They are used only "
        "if the user chooses one."
    )
    sources: list[str] = Field(description="The author's sources.")
    advice: str | None = Field(None, description="How to get the file; none if it is available.")


class NodeCheckModel(ApiModel):
    """One node type that a workflow needs."""

    type: str
    state: Literal["here", "other version", "missing"]
    here: int | None = Field(None, description="Version here.")
    wanted: int | None = Field(None, description="Version in the lock.")
    migrates: bool = Field(
        False, description="Whether the version here can migrate inputs of another version."
    )
    pack: str | None = Field(None, description="Pack of the node, by the lock or the file.")


class ShareReport(ApiModel):
    """A check of what a workflow needs and does here. Nothing was run or written."""

    ready: bool = Field(description="Whether it can run here.")
    same_picture: bool | None = Field(
        None, description="Whether the image will match the author's; none if unknown."
    )
    files: list[FileCheckModel]
    nodes: list[NodeCheckModel]
    problems: list[ProblemModel] = Field(description="Other problems that prevent a run.")
    differs: list[str] = Field(description="Reasons why the image may differ.")
    unknown: list[str] = Field(description="Reasons why it is unknown whether the image matches.")
    effects: list[Effect] = Field(
        description="Effects of the workflow. Send them as `accepts` of the job once the user "
        "has permitted them."
    )
    touching: dict[str, list[str]] = Field(description="Effect -> ids of the nodes that have it.")
    packs: list[str] = Field(description="Packs other than weft whose code would run.")


class SharedModel(ApiModel):
    """The content of a bundle or image, and a check of it."""

    document: dict[str, Any] = Field(description="The workflow in weft's format, as it was saved.")
    is_bundle: bool = Field(description="Whether it includes its inputs and its lock.")
    title: str | None = None
    author: str | None = None
    license: str | None = None
    inputs: list[str] = Field(description="Names of the input files in the bundle.")
    has_picture: bool
    lock: dict[str, Any] | None = None
    remarks: list[str] = Field(
        default_factory=list,
        description="Changes made while reading it: migrated inputs, or parts of a ComfyUI file "
        "that a document cannot hold. One sentence each.",
    )
    report: ShareReport


class PlacedInput(ApiModel):
    """An input file of a bundle."""

    name: str = Field(description="Name in the bundle.")
    file: str = Field(description="Name in the input folder.")
    new: bool = Field(
        description="Whether it was written; false if the same content was already there."
    )


class Opened(SharedModel):
    """An opened bundle or image: its inputs are in the input folder."""

    document: dict[str, Any] = Field(
        description="The workflow with the names of its files on this server."
    )
    placed: list[PlacedInput]
