"""thimble's tokenizer: one token a word, CLIP's specials, bytes for the rest."""

from pathlib import Path

import numpy as np
import pytest
from transformers import CLIPTokenizer

from training.captions import WORDS, caption
from training.tokenizer import LENGTH, encode, save_tokenizer
from training.world import sample_scene


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    return save_tokenizer(tmp_path_factory.mktemp("tokenizer"))


def test_tokenizer_every_word_is_one_token(tokenizer: CLIPTokenizer) -> None:
    assert [w for w in WORDS if len(tokenizer(w)["input_ids"]) != 3] == []


def test_tokenizer_captions_have_one_token_a_word(tokenizer: CLIPTokenizer) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        text = caption(sample_scene(rng), rng)
        words = text.replace(",", " ,").split()
        assert len(tokenizer(text)["input_ids"]) == len(words) + 2, text


def test_tokenizer_unknown_words_encode_as_pieces(tokenizer: CLIPTokenizer) -> None:
    ids = tokenizer("a zürich 漢 unicorn")["input_ids"]
    assert len(ids) > 6
    assert tokenizer.eos_token_id not in ids[1:-1]


def test_encode_pads_and_cuts_to_77_between_the_specials(tokenizer: CLIPTokenizer) -> None:
    short, long = encode(tokenizer, ["red", "red " * 200])
    assert len(short) == len(long) == LENGTH
    assert short[0] == len(tokenizer) - 2
    assert set(short[2:]) == {len(tokenizer) - 1}
    assert long[-1] == tokenizer.eos_token_id


def test_tokenizer_folder_reads_back(tokenizer: CLIPTokenizer, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    again = CLIPTokenizer.from_pretrained(tmp_path)
    assert again("a red circle")["input_ids"] == tokenizer("a red circle")["input_ids"]
    assert again.model_max_length == LENGTH
