"""Textual inversion: vectors in place of words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.clip_text import chunk_tokens, tokenizer_of
from weft.diffusion.embeddings import ExtraTokens, use_embeddings
from weft.diffusion.prompt import parse_prompt

from .. import models

WIDTH = models.CONTEXT


def write(folder: Path, name: str, tensors: dict[str, Tensor]) -> Path:
    path = folder / f"{name}.safetensors"
    save_file(tensors, path)
    return path


def tokens(clip: wd.Clip, text: str) -> Tensor:
    return wd.encode_text(clip, text).entries[0].tokens


def row(clip: wd.Clip, word: str) -> Tensor:
    """The vector that a word of the vocabulary has."""
    (number,) = tokenizer_of(clip.weights).ids(word)
    return clip.weights.tensor("embeddings.token_embedding.weight")[number].clone()


@pytest.mark.parametrize("key", ["emb_params", "string_to_param.*", "<red>", "clip_l"])
def test_embedding_of_words_encodes_like_the_words(clip: wd.Clip, tmp_path: Path, key: str) -> None:
    vectors = torch.stack([row(clip, "red"), row(clip, "circle")])
    write(tmp_path, "style", {key: vectors})
    with use_embeddings(tmp_path):
        found = tokens(clip, "a embedding:style on blue")
    assert torch.equal(found, tokens(clip, "a red circle on blue"))


def test_one_vector_without_a_row_axis_is_one_token(clip: wd.Clip, tmp_path: Path) -> None:
    write(tmp_path, "style", {"<red>": row(clip, "red")})
    with use_embeddings(tmp_path):
        assert torch.equal(tokens(clip, "embedding:style circle"), tokens(clip, "red circle"))


def test_weights_act_on_embeddings_as_on_words(clip: wd.Clip, tmp_path: Path) -> None:
    write(tmp_path, "style", {"emb_params": row(clip, "red")[None]})
    with use_embeddings(tmp_path):
        for ours, words in (
            ("a (embedding:style:1.3) circle", "a (red:1.3) circle"),
            ("(embedding:style) circle", "(red) circle"),
            ("a (big embedding:style, circle:0.7)", "a (big red, circle:0.7)"),
        ):
            assert torch.equal(tokens(clip, ours), tokens(clip, words))


def test_unknown_vectors_change_the_text_and_leave_the_encoder_alone(
    clip: wd.Clip, tmp_path: Path
) -> None:
    write(tmp_path, "style", {"emb_params": torch.randn(3, WIDTH)})
    before = tokens(clip, "a red circle")
    with use_embeddings(tmp_path):
        first = tokens(clip, "a embedding:style circle")
        assert torch.equal(tokens(clip, "a embedding:style.safetensors circle"), first)
    assert not torch.allclose(first, before)
    assert torch.equal(tokens(clip, "a red circle"), before)
    assert (
        clip.weights.tensor("embeddings.token_embedding.weight").shape[0]
        == (clip.weights.config["vocab_size"])
    )


def test_two_embeddings_twice_take_one_row_each(clip: wd.Clip, tmp_path: Path) -> None:
    write(tmp_path, "one", {"emb_params": row(clip, "red")[None]})
    write(tmp_path, "two", {"emb_params": row(clip, "blue")[None]})
    extra = ExtraTokens(clip.weights)
    tokenizer = tokenizer_of(clip.weights)
    with use_embeddings(tmp_path):
        (chunk,) = chunk_tokens(
            parse_prompt("embedding:one embedding:two embedding:one"), tokenizer, extra=extra
        )
        ours = tokens(clip, "embedding:one embedding:two embedding:one")
    vocabulary = clip.weights.config["vocab_size"]
    assert [token.id for token in chunk[1:4]] == [vocabulary, vocabulary + 1, vocabulary]
    assert torch.equal(ours, tokens(clip, "red blue red"))


def test_long_embedding_is_cut_and_a_short_one_moves_whole(clip: wd.Clip, tmp_path: Path) -> None:
    write(tmp_path, "short", {"emb_params": torch.randn(5, WIDTH)})
    write(tmp_path, "long", {"emb_params": torch.randn(80, WIDTH)})
    tokenizer = tokenizer_of(clip.weights)

    def payload(text: str) -> list[int]:
        chunks = chunk_tokens(parse_prompt(text), tokenizer, extra=ExtraTokens(clip.weights))
        return [sum(t.id not in (tokenizer.start, tokenizer.end) for t in c) for c in chunks]

    with use_embeddings(tmp_path):
        assert payload("red " * 72 + "embedding:short") == [72, 5]
        assert payload("red " * 72 + "embedding:long") == [75, 75, 2]


def test_mention_inside_of_a_word_is_text(clip: wd.Clip) -> None:
    assert tokens(clip, "noembedding:style").isfinite().all()


def test_embedding_without_a_folder_is_refused(clip: wd.Clip) -> None:
    with pytest.raises(wd.ParameterError) as caught:
        tokens(clip, "embedding:style")
    assert caught.value.code == "embedding.no_folder"


@pytest.mark.parametrize("name", ["nothing", "../style", "sub/../../style"])
def test_embedding_that_is_not_in_the_folder_is_refused(
    clip: wd.Clip, tmp_path: Path, name: str
) -> None:
    write(tmp_path, "style", {"emb_params": torch.randn(1, WIDTH)})
    (tmp_path / "inner").mkdir()
    with use_embeddings(tmp_path / "inner"), pytest.raises(wd.ModelError) as caught:
        tokens(clip, f"embedding:{name}")
    assert caught.value.code == "model.not_found"


def test_embedding_of_another_family_is_refused_with_its_widths(
    clip: wd.Clip, tmp_path: Path
) -> None:
    path = {"clip_l": torch.randn(2, 768), "clip_g": torch.randn(2, 1280)}
    write(tmp_path, "style", path)
    with use_embeddings(tmp_path), pytest.raises(wd.ModelError) as caught:
        tokens(clip, "embedding:style")
    assert caught.value.code == "embedding.does_not_fit"
    assert "1280" in str(caught.value) and str(WIDTH) in str(caught.value)


def test_pickled_embedding_is_refused_unread(clip: wd.Clip, tmp_path: Path) -> None:
    torch.save({"string_to_param": {"*": torch.randn(1, WIDTH)}}, tmp_path / "style.safetensors")
    with use_embeddings(tmp_path), pytest.raises(wd.ModelError) as caught:
        tokens(clip, "embedding:style")
    assert caught.value.code == "model.not_safetensors"
