"""The workflow library as clients see it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .model import ApiModel, Body

Visibility = Literal["private", "public"]
ShareRole = Literal["viewer", "editor"]
Access = Literal["owner", "editor", "viewer"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(pattern=r"^[^,\x00-\x1f\x7f]{1,50}$", strip_whitespace=True)]
Document = dict[str, Any]


class NewWorkflow(Body):
    """A workflow to keep."""

    name: Name
    description: str = Field("", max_length=20_000)
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    visibility: Visibility = "private"
    document: Document = Field(description="A weft document, or one in ComfyUI's API format.")
    message: str | None = Field(None, max_length=2000)


class WorkflowChange(Body):
    """Changed properties of a workflow; missing ones stay unchanged."""

    name: Name | None = None
    description: str | None = Field(None, max_length=20_000)
    tags: list[Tag] | None = Field(None, max_length=50)
    visibility: Visibility | None = None


class NewRevision(Body):
    """A save."""

    document: Document
    base: int = Field(ge=0, description="Number of the revision that was edited.")
    message: str | None = Field(None, max_length=2000)
    automatic: bool = Field(
        False, description="Whether this is an autosave, which replaces earlier autosaves."
    )


class Fork(Body):
    """A copy of one's own."""

    name: Name | None = Field(None, description="The new name; none keeps the name.")
    revision: int | None = Field(
        None, ge=1, description="The revision to copy; none for the latest."
    )


class Share(Body):
    """Access of a user to a workflow."""

    role: ShareRole


class DeleteQuery(Body):
    """How to delete a workflow."""

    forever: bool = Field(
        False,
        description="Whether to delete a workflow in the trash permanently, which cannot "
        "be undone.",
    )


class WorkflowQuery(Body):
    """Filters for a list of workflows."""

    search: str | None = Field(
        None, max_length=200, description="Words that must all occur in the name."
    )
    tag: Tag | None = None
    owner: str | None = Field(None, max_length=255)
    starred: bool = False
    deleted: bool = Field(False, description="Whether to list the user's trash instead.")
    limit: int = Field(50, ge=1, le=500)
    before: float | None = Field(
        None, description="`changed` of the last workflow of the page before."
    )


class RevisionQuery(Body):
    """Selects a revision."""

    revision: int | None = Field(
        None, ge=1, description="The revision to copy; none for the latest."
    )


class DiffQuery(Body):
    """Selects two revisions."""

    before: int = Field(ge=1)
    after: int | None = Field(None, ge=1, description="The revision to copy; none for the latest.")
    layout: bool = False


class Revision(ApiModel):
    """One save."""

    number: int
    author: str
    message: str | None = None
    automatic: bool
    nodes: int
    bytes: int
    created: float = Field(description="Seconds since 1970, UTC.")


class Workflow(ApiModel):
    """A workflow of the library, without its document."""

    id: str
    name: str
    description: str
    tags: list[str]
    owner: str
    access: Access = Field(description="Access of the user who asks.")
    visibility: Visibility
    revision: int = Field(description="Number of the latest revision.")
    starred: bool
    forked_from: str | None = Field(None, description="`ID@REVISION`.")
    link: str | None = Field(None, description="Secret of the share link; only editors see it.")
    shares: dict[str, ShareRole] | None = Field(None, description="Only the owner sees it.")
    created: float
    changed: float
    deleted: float | None = None


class WorkflowPage(ApiModel):
    """Workflows, the latest changed first."""

    workflows: list[Workflow]
    more: bool


class Revisions(ApiModel):
    """Saves, the latest first."""

    revisions: list[Revision]


class DiffChange(ApiModel):
    """One difference; see `weft.engine.graph.diff`."""

    kind: str
    node: str | None = None
    port: str | None = None
    before: Any = None
    after: Any = None


class Diff(ApiModel):
    """The differences of two revisions."""

    before: int
    after: int
    changes: list[DiffChange]


class Shared(ApiModel):
    """The content of a share link."""

    workflow: Workflow
    document: Document
