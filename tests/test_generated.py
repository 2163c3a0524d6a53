"""What `make docs` writes: sorted translation tables, and no pages without their nodes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from weft.engine.declaration.registry import PackFault, Registry


def table(folder: Path, text: str) -> Path:
    path = folder / "zh.json"
    path.write_text(text, "utf-8")
    return path


def test_translation_table_is_sorted_part_by_part_and_stays_so(tmp_path: Path) -> None:
    path = table(tmp_path, '{"texts": {"b": "2", "a": "1"}, "ports": {}, "titles": {"T": "题"}}')
    done = generate.translation_table(path)
    assert done.splitlines() == [
        "{",
        ' "titles": {',
        '  "T": "题"',
        " },",
        ' "texts": {',
        '  "a": "1",',
        '  "b": "2"',
        " }",
        "}",
    ]
    path.write_text(done, "utf-8")
    assert generate.translation_table(path) == done


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"texts": {"a": "1", "a": "2"}}', 'has "a" twice'),
        ('{"text": {"a": "1"}}', "has the part text: use one of titles, categories"),
    ],
)
def test_translation_table_that_would_lose_an_entry_is_refused(
    text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=re.escape(message)):
        generate.translation_table(table(tmp_path, text))


def test_generated_files_are_not_written_while_a_module_is_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    registry = Registry()
    registry.faults.append(PackFault(("weft",), "The module a could not be loaded.", hint="Mend."))
    monkeypatch.setattr(generate, "standard_registry", lambda packs: registry)
    monkeypatch.setattr(generate, "files", lambda specs: pytest.fail("written"))
    monkeypatch.setattr("sys.argv", ["generate.py"])
    assert generate.main() == 1
    assert "The module a could not be loaded. Mend." in capsys.readouterr().err


def test_missing_translations_are_listed_and_are_no_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "files", lambda specs: {})
    monkeypatch.setattr(generate, "untranslated", lambda specs, language: ["a.json: N: titles"])
    monkeypatch.setattr("sys.argv", ["generate.py"])
    assert generate.main() == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["a.json: N: titles"]
