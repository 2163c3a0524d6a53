"""No case goes without a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.places import OWN, SHARED

ELSEWHERE = {
    "server/editor_hostile_1.json": "web/e2e",
    "server/editor_hostile_2.json": "web/e2e",
    "server/editor_note_proto.json": "web/e2e",
}
"""Cases that a browser opens, and the folder whose tests name them."""

LATER: dict[str, str] = {}
"""Cases that are not mended yet, each with the reason."""


def _names(root: Path) -> set[str]:
    files = (file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
    return {name for name in files if not name.endswith(("INDEX.md", ".pyc"))}


def _tests(folder: Path) -> str:
    return "".join(file.read_text("utf-8") for file in sorted(folder.glob("*.[pt][ys]")))


@pytest.mark.parametrize("name", sorted(_names(OWN)))
def test_case_is_named_by_a_test(name: str) -> None:
    if name in LATER:
        return
    root = OWN.parents[2]
    folder = root / ELSEWHERE[name] if name in ELSEWHERE else Path(__file__).parent
    texts = _tests(folder).replace(Path(__file__).read_text("utf-8"), "")
    whole_folder = name.rpartition("/")[0]
    assert name in texts or Path(name).name in texts or f'"{whole_folder}"' in texts


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of cases is not beside the project")
def test_every_shared_case_has_its_copy() -> None:
    assert _names(SHARED) <= _names(OWN)
