"""T5's tokenizer, whose vocabulary is part of weft."""

from __future__ import annotations

import json

import pytest

from weft.diffusion.errors import ModelError
from weft.diffusion.text.tokenizers.text_models import (
    T5_VOCABULARIES,
    sentence_tokenizer,
    t5_tokenizer_text,
)

PROMPTS = [
    "a photograph of an astronaut riding a horse, 4k, (detailed)",
    "  two   spaces\tand\na new line ",
    "Caf\u00e9 \u00bd \uff21\uff22\uff23 \ufb01ne na\u00efve \u201cquoted\u201d",
    "a \u7ea2 circle \U0001f600",
    "supercalifragilisticexpialidocious-42.5%",
]


@pytest.mark.parametrize("vocabulary", T5_VOCABULARIES)
@pytest.mark.parametrize(
    ("text", "ids"),
    [  # as T5's authors and transformers' documentation print them
        (
            "translate English to German: The house is wonderful.",
            [13959, 1566, 12, 2968, 10, 37, 629, 19, 1627, 5],
        ),
        (
            "Studies have been shown that owning a dog is good for you",
            [6536, 43, 118, 2008, 24, 293, 53, 3, 9, 1782, 19, 207, 21, 25],
        ),
    ],
)
def test_published_sentences_give_their_published_ids(
    text: str, ids: list[int], vocabulary: int
) -> None:
    tokenizer = sentence_tokenizer(None, "t5xxl_fp16.safetensors", vocabulary)
    assert (tokenizer.start, tokenizer.end, tokenizer.pad) == ((), 1, 0)
    assert tokenizer.ids(text) == ids


@pytest.mark.parametrize("prompt", PROMPTS)
def test_prompts_give_the_ids_of_transformers_tokenizer(prompt: str) -> None:
    import base64

    from transformers import T5Tokenizer

    made = json.loads(t5_tokenizer_text())
    table = made["normalizer"]["normalizers"][0]["precompiled_charsmap"]
    vocabulary = [(text, score) for text, score in made["model"]["vocab"]]
    theirs = T5Tokenizer(
        vocab=vocabulary, extra_ids=100, _spm_precompiled_charsmap=base64.b64decode(table)
    )
    ours = sentence_tokenizer(None, "t5.safetensors", T5_VOCABULARIES[1])
    assert ours.ids(prompt) == theirs(prompt, add_special_tokens=False).input_ids


@pytest.mark.parametrize("vocabulary", [None, 250112, 256384])
def test_other_vocabularies_are_not_taken_for_t5s(vocabulary: int | None) -> None:
    with pytest.raises(ModelError) as caught:
        sentence_tokenizer(None, "umt5.safetensors", vocabulary)
    assert caught.value.code == "model.no_tokenizer"
    assert caught.value.hint is not None
    assert "umt5.tokenizer.json" in caught.value.hint


def test_tokenizer_of_the_file_comes_before_weft_s_own() -> None:
    other = json.loads(t5_tokenizer_text())
    other["model"]["vocab"][3:5] = [other["model"]["vocab"][4], other["model"]["vocab"][3]]
    own = sentence_tokenizer(json.dumps(other), "t5.safetensors", T5_VOCABULARIES[0])
    shipped = sentence_tokenizer(None, "t5.safetensors", T5_VOCABULARIES[0])
    assert own.ids("X") != shipped.ids("X")
