"""`%...%` in the names of files."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import FileError
from weft.engine.files.name_tokens import date_text, fill, known_tokens

WHEN = datetime(2026, 3, 7, 4, 5, 9)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("%year%-%month%-%day%/%hour%%minute%%second%", "2026-03-07/040509"),
        ("%date:yyyy-MM-dd%", "2026-03-07"),
        ("%date:yy.M.d%", "26.3.7"),
        ("%date:hh-mm-ss%_%date:h-m-s%", "04-05-09_4-5-9"),
        ("%date:yyyy/MM%/x", "2026/03/x"),
        ("%date:yyyyMMddThhmmss%", "20260307T040509"),
        ("100%", "100%"),
        ("%", "%"),
        ("%%", "%%"),
        ("plain", "plain"),
    ],
)
def test_time_tokens_stand_for_the_time(prefix: str, expected: str) -> None:
    assert fill(prefix, WHEN, None) == expected


def test_image_tokens_stand_for_the_image() -> None:
    image = {"width": 64, "height": 48, "batch_num": 3}
    assert fill("%width%x%height%_%batch_num%", WHEN, image) == "64x48_3"


@pytest.mark.parametrize(
    "prefix", ["%width%", "%nothing%", "a%date:HH%b", "%KSampler.seed%", "%Year%"]
)
def test_token_that_stands_for_nothing_is_refused_and_others_named(prefix: str) -> None:
    with pytest.raises(FileError) as caught:
        fill(prefix, WHEN, None)
    assert caught.value.code == "files.bad_name"
    assert "%" in str(caught.value)
    named = "yyyy" if "date" in prefix else "%year%"
    assert named in str(caught.value)


@pytest.mark.parametrize("form", ["HH", "DD", "YYYY", "yyy", "SS"])
def test_letters_of_other_date_formats_are_refused(form: str) -> None:
    with pytest.raises(ValueError, match="not a date token"):
        date_text(form, WHEN)


@given(st.datetimes())
def test_dates_sort_as_their_texts_do(when: datetime) -> None:
    text = date_text("yyyy-MM-dd hh.mm.ss", when)
    assert len(text) == 19
    assert datetime.strptime(text, "%Y-%m-%d %H.%M.%S") == when.replace(microsecond=0)


def test_known_tokens_can_all_be_filled_in() -> None:
    image = {"width": 1, "height": 1, "batch_num": 0}
    for token in known_tokens(images=True):
        assert "%" not in fill(token, WHEN, image)
