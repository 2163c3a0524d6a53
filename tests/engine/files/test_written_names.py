"""Names that files may be written under: those that every system can have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import FileError
from weft.engine.files.paths import safe_parts
from weft.engine.files.workspace import Workspace
from weft.engine.files.written_names import output_parts, output_problem, portable_problem

REFUSED = {
    "": "empty",
    ".hidden": "dot",
    "a/.hidden/b": "dot",
    "temp/x": "previews",
    "Temp/x": "previews",
    "con": "device name",
    "a/NUL": "device name",
    "aux.old/b": "device name",
    "COM1": "device name",
    "com¹": "device name",
    "lpt9.txt": "device name",
    "conout$": "device name",
    "a.": "removes",
    "a /b": "removes",
    "a:b": "file system",
    "a<b": "file system",
    "a>b": "file system",
    'a"b': "file system",
    "a|b": "file system",
    "a?b": "file system",
    "a*b": "file system",
    "a\\b": "file system",
    "a\x00b": "file system",
    "a\nb": "file system",
    "a\x7fb": "file system",
    "\ud800": "surrogate",
    "a\udfffb": "surrogate",
    "/etc/x": "relative",
    "a//b": "empty",
    "a/": "empty",
    "..": "another folder",
    "a/../b": "another folder",
    "a\u2026b": "looks like",
    "\u2025/x": "looks like",
    "a\u2215b": "looks like",
    "n" * 201: "201 bytes",
    "é" * 101: "202 bytes",
    "d" * 256 + "/x": "256 bytes",
    "a/" * 600 + "x": "1201 bytes",
}


@pytest.mark.parametrize("name", REFUSED)
def test_name_that_some_system_cannot_have_is_refused_with_the_reason(
    name: str, tmp_path: Path
) -> None:
    reason = output_problem(name)
    assert reason is not None
    assert REFUSED[name] in reason
    with pytest.raises(FileError) as caught:
        Workspace(output=tmp_path / "out").write(name, ".png", lambda f: f.write(b"x"))
    assert caught.value.code == "files.bad_name"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["a", "x/y", "ä ö", "图/猫", "a.b.c", "temp", "con_1", "n" * 200, "%"]
)
def test_name_that_every_system_can_have_is_written(name: str, tmp_path: Path) -> None:
    path = Workspace(output=tmp_path).write(name, ".txt", lambda f: f.write(b"x"))
    assert path == tmp_path / f"{name}_00001.txt"
    assert path.read_bytes() == b"x"


@given(st.text(max_size=40))
def test_written_name_can_always_be_read(name: str) -> None:
    if output_problem(name) is None:
        assert output_parts(name) == safe_parts(name)
        assert portable_problem(name) is None
        name.encode()
