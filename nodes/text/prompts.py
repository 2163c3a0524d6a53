"""The text type of prompts, which may name embeddings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated

from weft.diffusion.text.embeddings import PATTERN
from weft.engine.declaration.context import Run
from weft.engine.declaration.widgets import Mentions, Multiline, Range

from ..limits import MAX_SIDE
from ..models.model_files import model_path

EMBEDDINGS = Mentions("embeddings", PATTERN)
Prompt = Annotated[str, Multiline(), EMBEDDINGS]
"""A prompt; `embedding:name` in it stands for a textual inversion in models/embeddings."""
Side = Annotated[int, Range(0, MAX_SIDE)]
"""A side of an image in pixels that a prompt states."""


def embeddings_of(run: Run) -> AbstractContextManager[None]:
    """Let prompts inside the `with` block use the embeddings in a run's folders."""
    from weft.diffusion.text.embeddings import use_embeddings

    def find(name: str) -> Path:
        return model_path(run, EMBEDDINGS.kind, EMBEDDINGS.whole(name))

    return use_embeddings(find)
