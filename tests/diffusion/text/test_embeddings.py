"""Textual inversion: vectors in place of words."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

import weft.diffusion as wd
from weft.diffusion.text.clip import chunk_tokens, tokenizer_of
from weft.diffusion.text.embeddings import ExtraTokens, use_embeddings
from weft.diffusion.text.prompt import parse_prompt

from ... import families, models

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


# --- sentence encoders ---


def t5_clip(folder: Path, seed: int) -> wd.Clip:
    path = families.write(
        folder / "t5.safetensors",
        families.t5_tensors(families.t5_encoder(seed=seed), ""),
        metadata={"tokenizer": families.t5_tokenizer()},
    )
    return wd.load_clip([path], "pixart_sigma")


def t5_row(clip: wd.Clip, word: str) -> Tensor:
    number = 3 + models.WORDS.index(word)
    return clip.weights.tensor("shared.weight")[number].clone()


@pytest.mark.parametrize("key", ["t5xxl", "emb_params", "<red>"])
def test_embedding_of_words_encodes_like_the_words_in_t5(tmp_path: Path, key: str) -> None:
    clip = t5_clip(tmp_path, 880)
    write(tmp_path, "style", {key: torch.stack([t5_row(clip, "red"), t5_row(clip, "circle")])})
    with use_embeddings(tmp_path):
        for ours, words in (
            ("a embedding:style on blue", "a red circle on blue"),
            ("a (embedding:style:1.3) on blue", "a (red circle:1.3) on blue"),
        ):
            assert torch.equal(tokens(clip, ours), tokens(clip, words))
    assert clip.weights.shapes["shared.weight"][0] == families.T5_VOCABULARY


def test_embedding_in_a_packed_t5_is_one_in_the_plain_table(tmp_path: Path) -> None:
    from ...gguf_files import write_gguf
    from ..files.test_gguf import ggml_names

    tensors = families.t5_tensors(families.t5_encoder(seed=881), "")
    names = ggml_names(tensors)
    write_gguf(tmp_path / "t5.gguf", {names[n]: t for n, t in tensors.items()}, "Q8_0")
    (tmp_path / "t5.tokenizer.json").write_text(families.t5_tokenizer())
    clip = wd.load_clip([tmp_path / "t5.gguf"], "pixart_sigma")
    write(tmp_path, "style", {"t5xxl": t5_row(clip, "red")[None]})
    with use_embeddings(tmp_path):
        assert torch.equal(tokens(clip, "a embedding:style"), tokens(clip, "a red"))


def test_file_for_several_encoders_gives_each_its_own(tmp_path: Path) -> None:
    _, clip, _ = wd.load_checkpoint(families.tiny_flux(tmp_path / "f.safetensors", seed=882).path)
    small, large = clip.encoders
    (number,) = tokenizer_of(small).ids("red")
    vectors = {
        "clip_l": small.tensor("embeddings.token_embedding.weight")[number][None].clone(),
        "t5xxl": large.tensor("shared.weight")[3 + models.WORDS.index("blue")][None].clone(),
    }
    write(tmp_path, "style", vectors)
    with use_embeddings(tmp_path):
        found = wd.encode_text(clip, "a embedding:style").entries[0]
    red, blue = (wd.encode_text(clip, f"a {word}").entries[0] for word in ("red", "blue"))
    assert found.pooled is not None and red.pooled is not None
    assert torch.equal(found.pooled, red.pooled)
    assert torch.equal(found.tokens, blue.tokens)


@pytest.mark.parametrize("key", ["clip_l", "t5xxl"])
def test_encoder_that_a_file_says_nothing_to_reads_no_text(tmp_path: Path, key: str) -> None:
    _, clip, _ = wd.load_checkpoint(families.tiny_flux(tmp_path / "f.safetensors", seed=883).path)
    write(tmp_path, "style", {key: torch.randn(1, 64)})  # the width of both
    with use_embeddings(tmp_path):
        found = wd.encode_text(clip, "a embedding:style").entries[0]
    plain = wd.encode_text(clip, "a").entries[0]
    assert found.pooled is not None and plain.pooled is not None
    assert torch.equal(found.tokens, plain.tokens) == (key == "clip_l")
    assert torch.equal(found.pooled, plain.pooled) == (key == "t5xxl")


def test_embedding_of_another_width_is_refused_by_t5_alone(tmp_path: Path) -> None:
    clip = t5_clip(tmp_path, 884)
    write(tmp_path, "style", {"emb_params": torch.randn(1, 32)})
    with use_embeddings(tmp_path), pytest.raises(wd.ModelError) as caught:
        tokens(clip, "a embedding:style")
    assert caught.value.code == "embedding.does_not_fit"
