"""Tokenizers and text encoding."""

from __future__ import annotations

import gzip
import json
import warnings
from importlib.resources import files
from pathlib import Path

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.text.clip import chunk_tokens, tokenizer_of
from weft.diffusion.text.prompt import PromptPiece, parse_prompt
from weft.diffusion.text.tokenizers import _byte_symbols, clip_tokenizer, tokenizer_for

from ... import models

HARD = [
    "a photo of an astronaut riding a horse on mars",
    "it's 1234 O'Neill's   dog!!! ...",
    "café naïve Ünïcode ﬁ",
    "日本語のテキスト 中文 русский",
    "emoji 🎨🚀 ok",
    "weird_under-score/slash\\back\ttab\nnewline",
    "<|endoftext|> inside",
    "",
]


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> object:
    """transformers' own tokenizer over the same vocabulary."""
    from transformers import CLIPTokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    raw = (
        files("weft.diffusion.text.tokenizers")
        .joinpath("bpe_simple_vocab_16e6.txt.gz")
        .read_bytes()
    )
    merges = gzip.decompress(raw).decode().split("\n")[1:48895]
    symbols = list(_byte_symbols().values())
    words = symbols + [s + "</w>" for s in symbols] + [m.replace(" ", "") for m in merges]
    words += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges))
    with warnings.catch_warnings():  # transformers before 5.9 hands names of files to tokenizers
        warnings.filterwarnings("ignore", "Deprecated in 0.9.0", DeprecationWarning)
        return CLIPTokenizer.from_pretrained(str(folder))


@pytest.mark.parametrize("text", HARD)
def test_clip_tokenizer_gives_the_ids_of_transformers(reference: object, text: str) -> None:
    expected = reference(text)["input_ids"][1:-1]  # type: ignore[operator]
    assert clip_tokenizer().ids(text) == expected


def test_clip_tokenizer_has_clips_special_ids() -> None:
    assert (clip_tokenizer().start, clip_tokenizer().end) == (49406, 49407)


def test_vocabulary_without_tokenizer_is_refused() -> None:
    with pytest.raises(wd.ModelError) as caught:
        tokenizer_for(100, None)
    assert caught.value.code == "model.no_tokenizer"


@pytest.mark.parametrize("stored", ["{}", "no json", models.word_tokenizer()])
def test_stored_tokenizer_that_does_not_fit_is_refused(stored: str) -> None:
    with pytest.raises(wd.ModelError) as caught:
        tokenizer_for(5, stored)
    assert caught.value.code == "model.bad_tokenizer"


def test_short_prompt_fills_one_chunk(clip: wd.Clip) -> None:
    chunk = chunk_tokens([PromptPiece("red circle", 1.0)], tokenizer_of(clip.weights))[0]
    assert [token.id for token in chunk] == [0, 4, 7] + [1] * 74


def test_long_prompt_is_cut_after_75_tokens(clip: wd.Clip) -> None:
    chunks = chunk_tokens([PromptPiece("red " * 80, 1.0)], tokenizer_of(clip.weights))
    assert [len(chunk) for chunk in chunks] == [77, 77]
    assert [sum(token.id == 4 for token in chunk) for chunk in chunks] == [75, 5]


def test_short_weighted_piece_moves_to_the_next_chunk_whole(clip: wd.Clip) -> None:
    pieces = [PromptPiece("red " * 73, 1.0), PromptPiece("blue circle square", 1.2)]
    chunks = chunk_tokens(pieces, tokenizer_of(clip.weights))
    assert [sum(token.weight == 1.2 for token in chunk) for chunk in chunks] == [0, 3]


def test_long_weighted_piece_is_cut(clip: wd.Clip) -> None:
    pieces = [PromptPiece("red " * 70, 1.0), PromptPiece("blue " * 10, 1.2)]
    chunks = chunk_tokens(pieces, tokenizer_of(clip.weights))
    assert [sum(token.weight == 1.2 for token in chunk) for chunk in chunks] == [5, 5]


def test_encoded_prompt_has_a_row_of_77_per_chunk(clip: wd.Clip) -> None:
    assert wd.encode_text(clip, "").entries[0].tokens.shape == (1, 77, 64)
    assert wd.encode_text(clip, "red " * 80).entries[0].tokens.shape == (1, 154, 64)


def test_weight_moves_away_from_the_empty_prompt(clip: wd.Clip) -> None:
    plain = wd.encode_text(clip, "a red circle").entries[0].tokens
    empty = wd.encode_text(clip, "").entries[0].tokens
    heavy = wd.encode_text(clip, "a (red:1.5) circle").entries[0].tokens
    expected = plain.clone()
    expected[:, 2] = empty[:, 2] + 1.5 * (plain[:, 2] - empty[:, 2])
    assert torch.allclose(heavy, expected, atol=1e-5)
    assert not torch.allclose(heavy, plain, atol=1e-3)


def test_weight_zero_gives_the_empty_prompts_embedding(clip: wd.Clip) -> None:
    empty = wd.encode_text(clip, "").entries[0].tokens
    nothing = wd.encode_text(clip, "(red:0)").entries[0].tokens
    assert torch.allclose(nothing[:, 1], empty[:, 1], atol=1e-6)


def test_clip_skip_takes_the_normed_earlier_layer(clip: wd.Clip) -> None:
    network = models.tiny_text_encoder(seed=2)
    ids = torch.tensor([[0, 4] + [1] * 75])
    with torch.no_grad():
        hidden = network(input_ids=ids, output_hidden_states=True).hidden_states[-2]
        inner = getattr(network, "text_model", network)
        expected = inner.final_layer_norm(hidden)
    got = wd.encode_text(wd.set_clip_last_layer(clip, -2), "red").entries[0].tokens
    assert torch.allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize("layer", [0, 1, -3])
def test_clip_skip_beyond_the_layers_is_refused(clip: wd.Clip, layer: int) -> None:
    with pytest.raises(wd.ParameterError):
        wd.set_clip_last_layer(clip, layer)


def test_checkpoint_with_clips_vocabulary_uses_clips_byte_pairs(tmp_path: Path) -> None:
    _, clip, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", clip_bpe=True))
    assert tokenizer_of(clip.weights) is clip_tokenizer()
    assert wd.encode_text(clip, "any words (at all:1.2)").entries[0].tokens.shape == (1, 77, 64)


def test_parse_and_chunk_of_empty_prompt_is_start_and_ends(clip: wd.Clip) -> None:
    chunks = chunk_tokens(parse_prompt(""), tokenizer_of(clip.weights))
    assert [[token.id for token in chunk] for chunk in chunks] == [[0] + [1] * 76]


@pytest.mark.parametrize("last_layer", [-1, -2])
def test_every_prompt_is_taken_from_the_same_layer(tmp_path: Path, last_layer: int) -> None:
    _, clip, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=9410))
    chosen = wd.set_clip_last_layer(clip, last_layer)
    found = [wd.encode_text(chosen, "a red circle").entries[0].tokens for _ in range(3)]
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])
