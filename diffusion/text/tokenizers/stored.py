"""Tokenizers in the folders of diffusers models, as the text of a tokenizer.json. No torch.

Older folders hold sentencepiece's own file (T5) or a list of words (BERT); both become what the
`tokenizers` library reads.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path

from ...errors import ModelError
from ...formats.folder import read_json

_SPACE = "\u2581"


def tokenizer_text(folder: Path) -> str | None:
    """A folder's tokenizer.

    Args:
        folder: Holds tokenizer.json, or spiece.model (T5), or vocab.txt (BERT). CLIP's own
            vocab.json and merges.txt are not read: weft has them.

    Returns:
        The text of a tokenizer.json; None if there is no tokenizer that weft lacks.

    Raises:
        ModelError: spiece.model is damaged.
    """
    if (folder / "tokenizer.json").is_file():
        return (folder / "tokenizer.json").read_text("utf-8")
    if (folder / "spiece.model").is_file():
        return sentencepiece_text((folder / "spiece.model").read_bytes())
    if (folder / "vocab.txt").is_file():
        known = read_json(folder / "tokenizer_config.json")
        return word_piece_text(
            words_of((folder / "vocab.txt").read_text("utf-8")),
            lowercase=known.get("do_lower_case", True),
            chinese=known.get("tokenize_chinese_chars", True),
            strip_accents=known.get("strip_accents"),
        )
    return None


def words_of(text: str) -> list[str]:
    """Words of a vocab.txt, one a line; the line number is the id.

    Only line feeds end a line: U+2028 and U+0085 are words of published lists.
    """
    return text.removesuffix("\n").split("\n")


def word_piece_text(
    words: list[str],
    *,
    lowercase: bool = True,
    chinese: bool = True,
    strip_accents: bool | None = None,
) -> str:
    """BERT's tokenizer from its list of words, as the text of a tokenizer.json.

    Args:
        words: In the order of their ids.
        lowercase: Whether texts are put into lower case first.
        chinese: Whether Chinese characters are read one by one.
        strip_accents: Whether accents are taken off letters; None = where `lowercase` is.
    """
    from tokenizers import BertWordPieceTokenizer

    vocabulary = {word: number for number, word in enumerate(words)}
    text: str = BertWordPieceTokenizer(
        vocabulary,
        lowercase=lowercase,
        handle_chinese_chars=chinese,
        strip_accents=strip_accents,
    ).to_str()
    return text


def sentencepiece_text(data: bytes) -> str:
    """T5's tokenizer from sentencepiece's file.

    Raises:
        ModelError: The file is damaged, or no unigram model.

    Source: sentencepiece_model.proto.
    """
    try:
        pieces, unknown, characters = _read_model(data)
    except (IndexError, struct.error, UnicodeDecodeError, ValueError) as error:
        raise ModelError(
            "model.bad_tokenizer",
            f"spiece.model is no sentencepiece model: {error}.",
            hint="Download or copy the folder again.",
        ) from error
    return unigram_text(pieces, unknown, characters)


def unigram_text(pieces: list[tuple[str, float]], unknown: int, characters: bytes) -> str:
    """T5's tokenizer from its parts.

    Args:
        pieces: Texts and scores, by number.
        unknown: The number of the piece that stands for what no other does.
        characters: sentencepiece's table that makes characters alike; b"" for none.

    Source: splitting and spaces as transformers converts T5.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

    backend = Tokenizer(models.Unigram(pieces, unk_id=unknown, byte_fallback=False))
    steps = [
        normalizers.Strip(left=False, right=True),
        normalizers.Replace(Regex(" {2,}"), _SPACE),
    ]
    if characters:
        steps.insert(0, normalizers.Precompiled(characters))
    backend.normalizer = normalizers.Sequence(steps)
    backend.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    known = {piece for piece, _ in pieces}
    special = [word for word in ("<pad>", "</s>", "<unk>") if word in known]
    backend.add_special_tokens([AddedToken(word, special=True) for word in special])
    text: str = backend.to_str()
    json.loads(text)
    return text


def _read_model(data: bytes) -> tuple[list[tuple[str, float]], int, bytes]:
    """Pieces with their scores, the number of the unknown one, the table of characters."""
    pieces: list[tuple[str, float]] = []
    unknown, characters = 0, b""
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes):
            found = dict(_fields(value))
            text, score = found.get(1), found.get(2, 0.0)
            if not isinstance(text, bytes) or not isinstance(score, float):
                raise ValueError("a piece without text or score")
            if found.get(3) == 2:
                unknown = len(pieces)
            pieces.append((text.decode("utf-8"), score))
        elif field == 2 and isinstance(value, bytes):
            if dict(_fields(value)).get(3, 1) != 1:
                raise ValueError("not a unigram model")
        elif field == 3 and isinstance(value, bytes):
            table = dict(_fields(value)).get(2, b"")
            characters = table if isinstance(table, bytes) else b""
    if not pieces:
        raise ValueError("it has no pieces")
    return pieces, unknown, characters


def _fields(data: bytes) -> Iterator[tuple[int, int | float | bytes]]:
    """Fields of a protocol buffer message: number and value; of text and parts the bytes."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _number(data, at)
            yield key >> 3, value
        elif kind == 5:
            (part,) = struct.unpack_from("<f", data, at)
            yield key >> 3, part
            at += 4
        elif kind == 1:
            (part,) = struct.unpack_from("<d", data, at)
            yield key >> 3, part
            at += 8
        elif kind == 2:
            length, at = _number(data, at)
            if at + length > len(data):
                raise ValueError("it ends early")
            yield key >> 3, data[at : at + length]
            at += length
        else:
            raise ValueError(f"unknown field type {kind}")


def _number(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
        if shift > 63:
            raise ValueError("a number without end")
