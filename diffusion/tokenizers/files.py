"""Tokenizers in the folders of diffusers models, as the text of a tokenizer.json. No torch."""

from __future__ import annotations

from pathlib import Path


def tokenizer_text(folder: Path) -> str | None:
    """A folder's tokenizer.

    Args:
        folder: Holds tokenizer.json, or spiece.model (T5), or vocab.txt (BERT). CLIP's own
            vocab.json and merges.txt are not read: weft has them.

    Returns:
        The text of a tokenizer.json; None if there is no tokenizer that weft lacks.
    """
    if (folder / "tokenizer.json").is_file():
        return (folder / "tokenizer.json").read_text("utf-8")
    return None
