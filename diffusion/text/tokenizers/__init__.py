"""Tokenizers of text encoders. Needs the `tokenizers` library only, no torch."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ...errors import ModelError

START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_VOCABULARY = 49408
_CLIP_MERGES = slice(1, 49152 - 256 - 2 + 1)


@dataclass(frozen=True, slots=True)
class TextTokenizer:
    """Turns plain text into token ids.

    Attributes:
        start, end: Ids that open and close every chunk; `end` also pads, as SD1.x does.
    """

    backend: Any
    start: int
    end: int

    def ids(self, text: str) -> list[int]:
        """Ids of a text without start, end and padding."""
        return list(self.backend.encode(text, add_special_tokens=False).ids)


def tokenizer_for(vocabulary: int, stored: str | None) -> TextTokenizer:
    """The tokenizer of a text encoder.

    Args:
        vocabulary: Rows of its token embedding. 49408 means OpenAI CLIP's own byte pairs.
        stored: The text of a tokenizer.json from the model file, for any other vocabulary. It must
            know "<|startoftext|>" and "<|endoftext|>".

    Raises:
        ModelError: Another vocabulary and nothing stored, or the two do not fit.
    """
    if vocabulary == CLIP_VOCABULARY:
        return clip_tokenizer()
    if stored is None:
        raise ModelError(
            "model.no_tokenizer",
            f"The text encoder has {vocabulary} tokens and its file holds no tokenizer.",
            expected=f"{CLIP_VOCABULARY} tokens (CLIP), or metadata key 'tokenizer'",
            got=f"{vocabulary} tokens",
            hint="Save the text of tokenizer.json in the file's metadata under 'tokenizer'.",
        )
    return _stored_tokenizer(stored, vocabulary)


@lru_cache(maxsize=8)
def _stored_tokenizer(stored: str, vocabulary: int) -> TextTokenizer:
    from tokenizers import Tokenizer

    try:
        backend = Tokenizer.from_str(stored)
    except Exception as error:  # the library raises bare Exception
        raise ModelError(
            "model.bad_tokenizer", f"The tokenizer in the model file is damaged: {error}"
        ) from error
    backend.no_padding()
    backend.no_truncation()
    start, end = backend.token_to_id(START), backend.token_to_id(END)
    if start is None or end is None:
        raise ModelError(
            "model.bad_tokenizer",
            "The tokenizer in the model file lacks a special token.",
            expected=f"{START} and {END}",
            got="one or none of them",
        )
    if backend.get_vocab_size() > vocabulary:
        raise ModelError(
            "model.bad_tokenizer",
            "The tokenizer in the model file has more tokens than the text encoder.",
            expected=f"at most {vocabulary}",
            got=str(backend.get_vocab_size()),
        )
    return TextTokenizer(backend, start, end)


@lru_cache(maxsize=1)
def clip_tokenizer() -> TextTokenizer:
    """OpenAI CLIP's tokenizer, from the vocabulary file that ships with weft.

    Same ids as transformers' CLIPTokenizer; like it, text is lowercased but not otherwise cleaned.

    Source: Radford et al. 2021 (CLIP); vocabulary from open_clip_torch 3.3.0, MIT licence.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

    raw = files(__name__).joinpath("bpe_simple_vocab_16e6.txt.gz").read_bytes()
    lines = gzip.decompress(raw).decode("utf-8").split("\n")[_CLIP_MERGES]
    merges = [(a, b) for a, b in (line.split() for line in lines)]
    symbols = list(_byte_symbols().values())
    words = symbols + [s + "</w>" for s in symbols] + [a + b for a, b in merges] + [START, END]
    backend = Tokenizer(
        models.BPE(
            vocab={word: number for number, word in enumerate(words)},
            merges=merges,
            end_of_word_suffix="</w>",
            unk_token=END,
        )
    )
    backend.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    pattern = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pattern, behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    backend.add_special_tokens([AddedToken(word, special=True) for word in (START, END)])
    return TextTokenizer(backend, words.index(START), words.index(END))


def _byte_symbols() -> Mapping[int, str]:
    """A printable character for every byte, in the order of CLIP's vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    table = {byte: chr(byte) for byte in printable}
    for shift, byte in enumerate(b for b in range(256) if b not in table):
        table[byte] = chr(256 + shift)
    return table
