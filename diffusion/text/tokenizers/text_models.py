"""Tokenizers of sentence encoders (T5, BERT), from the text of a tokenizer.json. No torch."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ...errors import ModelError
from .stored import unigram_text

T5_VOCABULARIES = (32100, 32128)
"""Rows of the token embedding of T5 and T5 v1.1, without and with those that fill it up."""


@dataclass(frozen=True, slots=True)
class SentenceTokenizer:
    """Turns plain text into token ids.

    Attributes:
        start: Ids that open a text: none for T5, one for BERT.
        end: Id that closes it.
        pad: Id that fills it up.
    """

    backend: Any
    start: tuple[int, ...]
    end: int
    pad: int

    def ids(self, text: str) -> list[int]:
        """Ids of a text without start, end and padding; none for an empty text."""
        if not text:
            return []
        return list(self.backend.encode(text, add_special_tokens=False).ids)


@lru_cache(maxsize=8)
def sentence_tokenizer(
    stored: str | None, name: str, vocabulary: int | None = None
) -> SentenceTokenizer:
    """The tokenizer of a sentence encoder.

    Args:
        stored: The text of a tokenizer.json; None if the file came without one.
        name: The encoder's file, for messages.
        vocabulary: Rows of its token embedding. T5's own needs nothing stored; None = unknown.

    Raises:
        ModelError: There is none, or it is damaged.
    """
    from tokenizers import Tokenizer

    if stored is None and vocabulary in T5_VOCABULARIES:
        stored = t5_tokenizer_text()
    if stored is None:
        raise ModelError(
            "model.no_tokenizer",
            f'The text encoder "{name}" has no tokenizer, and weft includes only those of CLIP '
            "and T5.",
            expected="a tokenizer.json beside the file or in its folder",
            got="none" if vocabulary is None else f"none, and an encoder of {vocabulary} tokens",
            hint="Copy the tokenizer.json of the model's diffusers folder beside the file, as "
            f'"{name.rpartition(".")[0] or name}.tokenizer.json".',
        )
    try:
        backend = Tokenizer.from_str(stored)
    except Exception as error:  # the library raises bare Exception
        raise ModelError(
            "model.bad_tokenizer", f'The tokenizer of "{name}" is damaged: {error}'
        ) from error
    backend.no_padding()
    backend.no_truncation()
    for start, end, pad in (((), "</s>", "<pad>"), (("[CLS]",), "[SEP]", "[PAD]")):
        found = [backend.token_to_id(word) for word in (*start, end, pad)]
        ids = [number for number in found if number is not None]
        if len(ids) == len(found):
            return SentenceTokenizer(backend, tuple(ids[:-2]), ids[-2], ids[-1])
    raise ModelError(
        "model.bad_tokenizer",
        f'The tokenizer of "{name}" lacks a special token.',
        expected="</s> and <pad> (T5), or [CLS], [SEP] and [PAD] (BERT)",
        got="none of these sets",
    )


def t5_tokenizer_text() -> str:
    """The text of a tokenizer.json of T5 (v1 and v1.1), from the vocabulary that ships with weft.

    Source: Raffel et al. 2020 (T5), Apache-2.0; the file's way here stands in NOTICE.
    """
    raw = files(__name__.rpartition(".")[0]).joinpath("t5_vocabulary.json.gz").read_bytes()
    data = json.loads(gzip.decompress(raw))
    pieces = [(text, score) for text, score in data["pieces"]]
    return unigram_text(pieces, data["unknown"], base64.b64decode(data["characters"]))
