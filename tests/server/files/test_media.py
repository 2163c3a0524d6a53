"""As what files are served."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.server.files.media import DOWNLOAD, disposition, file_headers, media_type


@pytest.mark.parametrize(
    "name",
    [
        "a.svg",
        "a.html",
        "a.htm",
        "a.xhtml",
        "a.xml",
        "a.js",
        "a.mjs",
        "a.mhtml",
        "a.pdf",
        "a.css",
        "a.png.svg",
        "a.PNG.HTML",
        "a.svgz",
        "a.swf",
        "a.json",
        "a.txt",
        "png",
        ".png",
        "x.png/a",
        "a.png.",
        "a",
        "",
    ],
)
def test_files_in_which_something_could_run_are_downloads(name: str) -> None:
    headers = file_headers(name)
    assert headers["Content-Type"] == DOWNLOAD
    assert headers["Content-Disposition"].startswith("attachment;")


def test_pictures_are_shown_unless_a_download_is_wanted() -> None:
    assert media_type("sub.svg/a.PNG") == "image/png"
    assert file_headers("a.png")["Content-Disposition"].startswith("inline;")
    assert file_headers("a.png", download=True)["Content-Disposition"].startswith("attachment;")


@given(st.text())
def test_disposition_of_any_name_stays_one_header(name: str) -> None:
    header = disposition("attachment", name)
    assert header.isascii()
    assert not any(ord(c) < 32 for c in header)
    assert header.count('"') == 2
    assert header.count(";") == 2
