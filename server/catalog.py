"""The node types and folders that the server knows: reads documents and finds their problems.

No torch: node schemas load without it, and functions are called in workers only.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import InputFile, ModelFile
from weft.engine.errors import DocumentError, Problem, ValidationError, refused
from weft.engine.files.paths import MAX_NAME
from weft.engine.files.workspace import Workspace
from weft.engine.graph.document import dump
from weft.engine.graph.expand import expand
from weft.engine.graph.listing import listed
from weft.engine.share.check import effects_of
from weft.engine.validate import validate
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.folders import standard_workspace
from weft.nodes.standard.registry import standard_registry

from .settings import Settings

log = logging.getLogger(__name__)
T = TypeVar("T")
_LONG = 100_000  # characters of a text
_LARGE = 3000  # values: about 300 nodes


class Catalog:
    """Node types and folders of one server.

    Attributes:
        registry: Every node type, those of packs and of `node_modules` too; packs that cannot be
            loaded are among its `faults`.
        workspace: Model, input and output folders, as workers have them.

    Raises:
        DeclarationError: There is no module of a name in `node_modules`.
        FileError: A named file with model folders cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._limit = settings.limits.nodes
        self._uploads = settings.uploads
        self._sees: Callable[[str, str], bool] | None = None
        self.registry: Registry = standard_registry(
            packs=settings.packs, modules=settings.node_modules
        )
        for fault in self.registry.faults:
            log.warning("%s %s", fault.text, fault.hint)
        self.workspace: Workspace = standard_workspace(
            models=settings.models,
            inputs=[settings.uploads, *settings.inputs],
            output=settings.output,
            extra_model_paths=settings.extra_model_paths,
        )

    def hide(self, sees: Callable[[str, str], bool]) -> None:
        """Let people use only those uploaded files that they may see.

        Args:
            sees: Whether an owner may see an uploaded file, by owner and name.
        """
        self._sees = sees

    def sees(self, owner: str, name: str) -> bool:
        """Whether an owner may see an uploaded file of that name."""
        return self._sees is None or self._sees(owner, name)

    def seen_by(self, owner: str) -> Workspace:
        """The folders without the input files that an owner may not see."""
        if self._sees is None:
            return self.workspace
        return self.workspace.hiding(
            lambda folder, name: folder == self._uploads and not self.sees(owner, name)
        )

    def read(self, data: object, values: Mapping[str, Any] | None = None) -> Workflow:
        """A workflow from parsed JSON, in weft's format or ComfyUI's API format.

        Args:
            data: The document.
            values: `node.parameter` or public input name -> value, put over the document's.

        Raises:
            DocumentError: The data has neither shape, or too many nodes.
            ValidationError: A value is for an input that there is not; all such are listed.
        """
        workflow = Workflow.from_json(data, self.registry)
        self.bounded(workflow)
        problems: list[Problem] = []
        for target, value in (values or {}).items():
            public = workflow.document.interface.inputs.get(target)
            try:
                workflow = workflow.set(public if public is not None else target, value)
            except ValidationError as error:
                problems.extend(error.problems)
        if problems:
            raise ValidationError("The values cannot be set:", problems)
        return workflow

    def bounded(self, workflow: Workflow) -> None:
        """Refuse a workflow that is too large for this server.

        Raises:
            DocumentError: It has too many nodes, or cannot be expanded.
        """
        found = expand(workflow.document, limit=self._limit)
        count = len(found.document.nodes)
        if count > self._limit or any(p.code == "graph.too_large" for p in found.problems):
            raise DocumentError(
                f"The workflow has more nodes than this server allows ({self._limit}).",
                code="document.too_large",
                expected=f"at most {self._limit} nodes",
                got=str(count) if count > self._limit else None,
            )

    def problems(
        self, workflow: Workflow, outputs: tuple[str, ...] | None = None, *, owner: str
    ) -> list[Problem]:
        """Everything that keeps a workflow of an owner from running."""
        return validate(
            workflow.document, self.registry, workspace=self.seen_by(owner), outputs=outputs
        )

    def checked(
        self,
        data: object,
        values: Mapping[str, Any] | None = None,
        outputs: tuple[str, ...] | None = None,
        *,
        owner: str,
    ) -> Workflow:
        """`read`, and refuse what cannot run for an owner.

        Raises:
            DocumentError: As `read`.
            ValidationError: With every problem.
        """
        workflow = self.read(data, values)
        problems = self.problems(workflow, outputs, owner=owner)
        if problems:
            raise refused("workflow", problems)
        return workflow

    def held_to(self, workflow: Workflow, accepts: Iterable[str]) -> None:
        """Refuse what would do more than was accepted.

        Raises:
            ValidationError: With one problem for each effect that was not.
        """
        effects, packs, touching = effects_of(workflow.document, self.registry)
        given = set(accepts)
        more = [e for e in (*effects, *(["packs"] if packs else [])) if e not in given]
        if more:
            raise ValidationError(
                "The workflow has effects without permission:",
                [
                    Problem(
                        "share.not_accepted",
                        _would(effect, packs),
                        node=touching[effect][0] if effect in touching else None,
                        expected=f"at most {', '.join(sorted(given)) or 'nothing'}",
                        got=effect,
                        hint=f'Permit "{effect}" too, if you trust the workflow.',
                    )
                    for effect in more
                ],
            )

    def drawn(self, workflow: Workflow) -> tuple[dict[str, Any], dict[str, int]]:
        """The document as JSON with its random seeds drawn, and all seeds by `node.parameter`.

        A job draws its seeds when it is accepted, so that it gives the same picture however
        often it has to be started.
        """
        resolved = workflow.resolve(self.registry)
        seeds: dict[str, int] = {}
        for node_id, node in resolved.document.nodes.items():
            spec = self.registry.find(node.type)
            for name in spec.seeds if spec is not None else ():
                value = node.inputs.get(name)
                if type(value) is int:
                    seeds[f"{node_id}.{name}"] = value
        return dump(resolved.document), seeds

    def with_inputs_listed(self, workflow: Workflow, owner: str) -> Workflow:
        """A workflow whose patterns of input files, which maps go over, are lists of their names.

        So a job takes the files that there are when it is submitted, however long it waits.
        """
        document = listed(workflow.document, self.registry, self.seen_by(owner), only=InputFile)
        return workflow if document is workflow.document else Workflow(document, workflow.path)

    def input_names(self, workflow: Workflow) -> frozenset[str]:
        """Texts of a workflow that may name input files; none where no node reads one.

        Every text counts, whichever node it is given to: a link may bring it to one that reads.
        """
        document = workflow.document
        nodes = list(document.nodes.values())
        for subgraph in document.subgraphs.values():
            nodes += subgraph.nodes.values()
        specs = {node.type: self.registry.find(node.type) for node in nodes}
        if not any(
            isinstance(p.file, InputFile) for spec in specs.values() if spec for p in spec.files
        ):
            return frozenset()
        found: set[str] = set()
        defaults = (p.default for s in specs.values() if s for p in s.files)
        waiting: list[object] = [*defaults, *(node.inputs for node in nodes)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, str):
                found.add(value)
            elif isinstance(value, dict):
                waiting += value.values()
            elif isinstance(value, list | tuple):
                waiting += value
        return frozenset(text for text in found if len(text) <= MAX_NAME)

    def models_of(self, workflow: Workflow) -> str:
        """The model files that a workflow names, as one text: jobs with the same text share
        loaded weights.
        """
        names: set[str] = set()
        for node in expand(workflow.document).document.nodes.values():
            spec = self.registry.find(node.type)
            for parameter in spec.files if spec is not None else ():
                value = node.inputs.get(parameter.name, parameter.default)
                if isinstance(parameter.file, ModelFile) and isinstance(value, str):
                    names.add(f"{parameter.file.kind}/{value}")
        return "\n".join(sorted(names))


async def in_thread_if_large(documents: Iterable[object], work: Callable[[], T]) -> T:
    """Do what takes long for large documents, in a thread then: others need not wait.

    Args:
        documents: Parsed JSON that nobody has read yet.
        work: What is done with them.
    """
    return await asyncio.to_thread(work) if _is_large(documents) else work()


def _is_large(documents: Iterable[object]) -> bool:
    """Whether there are many values in them; not many are looked at to find out."""
    waiting, count = list(documents), 0
    while waiting:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict | list):
            if count + len(waiting) + len(value) > _LARGE:
                return True
            waiting += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str) and len(value) > _LONG:
            return True
    return False


def _would(effect: str, packs: Iterable[str]) -> str:
    texts = {
        "reads": "It reads files.",
        "writes": "It writes files.",
        "network": "It uses the network.",
        "packs": f"It runs code of {', '.join(packs)[:300]}.",
    }
    return texts[effect]
