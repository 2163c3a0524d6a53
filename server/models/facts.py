"""Metadata of a model file's header, for the index. No tensor is read."""

from __future__ import annotations

from pathlib import Path

from weft.diffusion import DiffusionError, inspect_file
from weft.nodes.standard.folders import home

from .index import ModelIndex
from .rows import Facts


def read_facts(path: Path) -> Facts:
    """The facts of a file or folder; never an error, because one bad file must not stop others."""
    try:
        report = inspect_file(path)
    except DiffusionError as error:
        return Facts(trouble=str(error)[:500])
    except Exception as error:  # whatever a stranger's file does to a parser
        return Facts(trouble=f"{type(error).__name__}: {error}"[:500])
    return Facts(
        holds=report.kind if report.kind != "unknown" else None,
        family=report.family if report.family != "unknown" else None,
        precision=report.precision,
        tensors=report.tensors,
        metadata={k: v for k, v in report.metadata.items() if isinstance(v, str)},
    )


def standard_index() -> ModelIndex:
    """The index that the command line and the servers of a person share."""
    return ModelIndex(home() / "models.sqlite", read_facts)
