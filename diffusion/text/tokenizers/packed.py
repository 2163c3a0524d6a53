"""The tokenizer in a GGUF file of a T5 encoder, as the text of a tokenizer.json. No torch."""

from __future__ import annotations

from pathlib import Path

from ...errors import ModelError
from ...formats.gguf_header import read_gguf_values
from .stored import unigram_text

_FRONT = "tokenizer.ggml."


def packed_tokenizer_text(path: Path) -> str | None:
    """A GGUF file's own tokenizer.

    Returns:
        The text of a tokenizer.json; None if the file has none, or no unigram model as T5 has it.

    Raises:
        ModelError: It is damaged.
    """
    values = read_gguf_values(path)
    texts, scores = values.get(f"{_FRONT}tokens"), values.get(f"{_FRONT}scores")
    if values.get(f"{_FRONT}model") != "t5" or not isinstance(texts, list):
        return None
    unknown = values.get(f"{_FRONT}unknown_token_id", 2)
    table = values.get(f"{_FRONT}precompiled_charsmap", [])
    sound = (
        isinstance(scores, list)
        and len(scores) == len(texts)
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(score, float) for score in scores)
        and isinstance(unknown, int)
        and 0 <= unknown < len(texts)
        and isinstance(table, list)
        and all(isinstance(byte, int) for byte in table)
    )
    try:
        if not sound or scores is None:
            raise ValueError("its lists differ in length")
        pieces = list(zip(texts, scores, strict=True))
        return unigram_text(pieces, unknown, bytes(byte & 255 for byte in table))
    except Exception as error:  # the library raises bare Exception
        raise ModelError(
            "model.bad_tokenizer",
            f'The tokenizer in "{path.name}" is damaged: {error}',
            hint="Download or copy the file again, or put its tokenizer.json beside it.",
        ) from error
