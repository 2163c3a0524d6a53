"""Prompt weights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.diffusion import ParameterError
from weft.diffusion.text.prompt import PromptPiece, parse_prompt


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("", [("", 1.0)]),
        ("a cat", [("a cat", 1.0)]),
        ("a (cat:1.3) sits", [("a ", 1.0), ("cat", 1.3), (" sits", 1.0)]),
        ("(cat)", [("cat", 1.1)]),
        ("((cat))", [("cat", 1.1 * 1.1)]),
        ("[cat]", [("cat", 1 / 1.1)]),
        ("(a (b:1.5) c)", [("a ", 1.1), ("b", 1.5), (" c", 1.1)]),
        ("(a (b) c:1.2)", [("a ", 1.2), ("b", 1.2 * 1.1), (" c", 1.2)]),
        (r"\(cat\)", [("(cat)", 1.0)]),
        (r"(a \(b\):1.2)", [("a (b)", 1.2)]),
        (r"\[x\]", [("[x]", 1.0)]),
        ("(foo)(bar)", [("foo", 1.1), ("bar", 1.1)]),
        ("foo(bar:1.0)", [("foo", 1.0), ("bar", 1.0)]),
        ("(cat:0)", [("cat", 0.0)]),
        ("(cat:-1)", [("cat", -1.0)]),
        ("(cat: .5)", [("cat", 0.5)]),
        ("(ratio 3:2 photo)", [("ratio 3:2 photo", 1.1)]),
        ("a (cat", [("a (cat", 1.0)]),
        ("a) cat", [("a) cat", 1.0)]),
        ("(cat:nan)", [("cat:nan", 1.1)]),
        ("(cat:inf)", [("cat:inf", 1.1)]),
        ("(cat:1e-1)", [("cat", 0.1)]),
        ("(:1.5)", [(":1.5", 1.1)]),
    ],
)
def test_prompt_is_parsed_into_weighted_pieces(
    prompt: str, pieces: list[tuple[str, float]]
) -> None:
    got = parse_prompt(prompt, square_brackets=True)
    assert [piece.text for piece in got] == [text for text, _ in pieces]
    assert [piece.weight for piece in got] == pytest.approx([weight for _, weight in pieces])


def test_square_brackets_are_plain_text_as_in_comfyui() -> None:
    assert parse_prompt("a [cat]") == [PromptPiece("a [cat]", 1.0)]


def test_brackets_too_deep_are_refused() -> None:
    with pytest.raises(ParameterError) as caught:
        parse_prompt("(" * 5000 + "x" + ")" * 5000)
    assert caught.value.code == "prompt.too_deep"


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("(a", [("(a", 1.0)]),
        ("a) (b:2) c", [("a) (b:2) c", 1.0)]),
        ("a) ((b:2) c", [("a) (", 1.0), ("b", 2.0), (" c", 1.0)]),
        ("(a (b)", [("a ", 1.1), ("(b", 1.1)]),
        ("(a (b) c", [("(a (b) c", 1.0)]),
        ("(a) (b", [("a", 1.1), (" ", 1.0), ("(b", 1.0)]),
        (r"(a\\)", [("(a\\)", 1.0)]),
        (r"\\((a)", [("\\(", 1.0), ("a", 1.1)]),
        (r"(a\):2)", [("a)", 2.0)]),
        ("()", []),
        ("(())a", [("a", 1.0)]),
    ],
)
def test_bracket_without_partner_is_read_as_comfyui_reads_it(
    prompt: str, pieces: list[tuple[str, float]]
) -> None:
    got = [(piece.text, piece.weight) for piece in parse_prompt(prompt)]
    assert got == [(text, pytest.approx(weight)) for text, weight in pieces or [("", 1.0)]]


@given(st.text(alphabet="ab ()[]:.12\\", max_size=40))
def test_any_text_parses_and_loses_no_letter(text: str) -> None:
    joined = "".join(piece.text for piece in parse_prompt(text))
    assert sum(joined.count(c) for c in "ab") == sum(text.count(c) for c in "ab")
