"""Ids of a BERT word list that holds U+2028, and of the published Chinese one."""

from __future__ import annotations

import pytest

from tests.cases.places import SHARED, case
from weft.diffusion.text.tokenizers.stored import tokenizer_text, word_piece_text, words_of
from weft.diffusion.text.tokenizers.text_models import sentence_tokenizer

PUBLISHED = SHARED.parent / "weights" / "tokenizer" / "bert_base_chinese_vocab.txt"


def test_word_behind_a_line_separator_has_its_id() -> None:
    text = tokenizer_text(case("models/bert_vocab/vocab.txt").parent)
    assert text is not None
    tokenizer = sentence_tokenizer(text, "bert")
    ids = [*tokenizer.start, *tokenizer.ids("a b \u4e2d"), tokenizer.end]
    assert ids == [2, 5, 7, 8, 3]


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published word list is not at hand")
def test_published_chinese_word_list_has_its_published_ids() -> None:
    words = words_of(PUBLISHED.read_text("utf-8"))
    assert len(words) == 21_128
    assert (words[101], words[102], words[103]) == ("[CLS]", "[SEP]", "[MASK]")
    assert (words[671], words[704], words[872], words[21_127]) == (
        "\u4e00",
        "\u4e2d",
        "\u4f60",
        "##\U0001f60e",
    )
    tokenizer = sentence_tokenizer(word_piece_text(words), "bert")
    assert tokenizer.ids("\u4e00\u4e2d\u4f60") == [671, 704, 872]
