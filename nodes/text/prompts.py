"""What prompts share: text that may name embeddings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

from ...diffusion.text.embeddings import PATTERN
from ...engine.declaration.context import Run
from ...engine.declaration.widgets import Mentions, Multiline, Range
from ..limits import MAX_SIDE
from ..models.model_files import model_path

EMBEDDINGS = Mentions("embeddings", PATTERN)
Prompt = Annotated[str, Multiline(), EMBEDDINGS]
"""A prompt; `embedding:name` in it stands for a textual inversion in models/embeddings."""
Side = Annotated[int, Range(0, MAX_SIDE)]
"""A side of an image in pixels that a prompt states."""


def embeddings_of(run: Run) -> AbstractContextManager[None]:
    """Let prompts that are encoded inside the block name the embeddings of a run's folders."""
    from ...diffusion.text.embeddings import use_embeddings

    def find(name: str) -> Path:
        return model_path(run, EMBEDDINGS.kind, EMBEDDINGS.whole(name))

    return use_embeddings(find)
