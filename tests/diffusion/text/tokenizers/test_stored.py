"""Tokenizers that older folders hold: sentencepiece's file and lists of words."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from weft.diffusion.errors import ModelError
from weft.diffusion.text.tokenizers.stored import sentencepiece_text, tokenizer_text, words_of
from weft.diffusion.text.tokenizers.text_models import sentence_tokenizer

PIECES = [
    ("<pad>", 0.0, 3),
    ("</s>", 0.0, 3),
    ("<unk>", 0.0, 2),
    ("\u2581a", -1.0, 1),
    ("\u2581red", -2.0, 1),
    ("\u2581circle", -3.0, 1),
    ("\u2581", -5.0, 1),
    ("r", -6.0, 1),
    ("e", -6.0, 1),
    ("s", -6.0, 1),
    (",", -6.0, 1),
]


def field(number: int, data: bytes) -> bytes:
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


def model_file() -> bytes:
    """A sentencepiece model, written by hand after its .proto."""
    result = b""
    for text, score, kind in PIECES:
        piece = field(1, text.encode()) + b"\x15" + struct.pack("<f", score) + bytes([0x18, kind])
        result += field(1, piece)
    return result + field(2, bytes([0x18, 1]))  # trainer_spec: model_type = unigram


def test_sentencepiece_file_gives_the_ids_of_transformers_own_conversion(tmp_path: Path) -> None:
    (tmp_path / "spiece.model").write_bytes(model_file())
    text = tokenizer_text(tmp_path)
    assert text is not None
    ours = sentence_tokenizer(text, "x")
    assert (ours.start, ours.end, ours.pad) == ((), 1, 0)

    from transformers import T5Tokenizer

    vocabulary = [(text, score) for text, score, _ in PIECES]
    theirs = T5Tokenizer(vocab=vocabulary, extra_ids=0)
    for prompt in ("a red circle", "a  red,circle ", "res", "a b red"):
        assert ours.ids(prompt) == theirs(prompt, add_special_tokens=False).input_ids
    assert ours.ids("") == []


def test_damaged_sentencepiece_file_is_refused() -> None:
    whole = model_file()
    for data in (b"", whole[:-1], b"\xff" * 40, b"\x00" * 8):
        with pytest.raises(ModelError) as caught:
            sentencepiece_text(data)
        assert caught.value.code == "model.bad_tokenizer"


def test_word_list_gives_berts_tokenizer(tmp_path: Path) -> None:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "\u7ea2", "\u5706", "red", "##dish"]
    (tmp_path / "vocab.txt").write_text("\n".join(words), "utf-8")
    text = tokenizer_text(tmp_path)
    assert text is not None
    tokenizer = sentence_tokenizer(text, "x")
    assert (tokenizer.start, tokenizer.end, tokenizer.pad) == ((2,), 3, 0)
    assert tokenizer.ids("\u7ea2\u5706 Reddish") == [5, 6, 7, 8]


BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.mark.parametrize("separator", list("\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"))
def test_word_list_keeps_words_that_separate_lines(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join([*BERT, "a", separator, "b"]) + "\n", "utf-8")
    assert words_of(file.read_text("utf-8")) == [*BERT, "a", separator, "b"]
    text = tokenizer_text(tmp_path)
    assert text is not None
    assert sentence_tokenizer(text, "x").ids("b a") == [7, 5]


def test_word_list_with_capitals_is_read_as_its_settings_say(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text(
        "\n".join([*BERT, "Red", "red", "caf\u00e9", "cafe"]), "utf-8"
    )
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}))
    text = tokenizer_text(tmp_path)
    assert text is not None
    assert sentence_tokenizer(text, "x").ids("Red red caf\u00e9") == [5, 6, 7]
    (tmp_path / "tokenizer_config.json").unlink()
    text = tokenizer_text(tmp_path)
    assert text is not None
    assert sentence_tokenizer(text, "x").ids("Red red caf\u00e9") == [6, 6, 8]


def test_tokenizer_json_comes_before_older_files(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps({"known": 1}))
    (tmp_path / "spiece.model").write_bytes(b"damaged")
    assert tokenizer_text(tmp_path) == '{"known": 1}'
    assert tokenizer_text(tmp_path / "nothing") is None


def test_reading_stored_tokenizers_leaves_clips_own_readable() -> None:
    """A module of the package must not hide a name that the package uses."""
    from weft.diffusion.text.tokenizers import clip_tokenizer, stored

    clip_tokenizer.cache_clear()
    assert stored.tokenizer_text is tokenizer_text
    assert clip_tokenizer().ids("a cat") == [320, 2368]
