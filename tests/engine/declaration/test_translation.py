"""Tables of packages, and what is said when they lack something."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.schema import node_schema
from weft.engine.declaration.translation import Translation, languages

SOURCE = '''
from typing import Annotated, Literal
from weft.engine.declaration.node import node

@node("Dye", category="colour/plain")
def dye(image_12: float, *, how: Literal["soft", "hard"] = "soft", steps: int = 1) -> float:
    """Dye 3 things.

    Args:
        image_12: What to dye.
        how: Manner.
        steps: Steps.
    """
    return image_12
'''
Packs = Callable[..., NodeSpec]


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packs]:
    """Make a package of a node, `pack.inner.module`, with tables: path -> JSON or text."""
    monkeypatch.syspath_prepend(tmp_path)
    made: list[str] = []

    def make(name: str, tables: dict[str, object]) -> NodeSpec:
        (tmp_path / name / "inner").mkdir(parents=True)
        for folder in (name, f"{name}/inner"):
            (tmp_path / folder / "__init__.py").write_text("")
        (tmp_path / name / "inner" / "module.py").write_text(SOURCE)
        for path, table in tables.items():
            file = tmp_path / name / path
            file.parent.mkdir(exist_ok=True)
            text = table if isinstance(table, str) else json.dumps(table)
            file.write_text(text, encoding="utf-8")
        module: ModuleType = importlib.import_module(f"{name}.inner.module")
        made.append(name)
        return Registry([module])["Dye"]

    yield make
    for name in list(sys.modules):
        if name.partition(".")[0] in made:
            del sys.modules[name]


def test_table_translates_every_part_and_numbers(pack: Packs) -> None:
    table = {
        "titles": {"Dye": "染色"},
        "categories": {"colour": "颜色", "colour/plain": "素色", "plain": "普通"},
        "ports": {"image_#": "图片 #", "Dye.how": "方式", "how": "如何", "value": "值"},
        "choices": {"soft": "软", "how.soft": "柔和", "Dye.how.hard": "强硬", "hard": "硬"},
        "texts": {"Dye # things.": "染 # 样东西。", "What to dye.": "要染的东西。"},
    }
    spec = pack("pack_of_all", {"locales/zh.json": table})
    assert Translation("zh").of(spec) == {
        "title": "染色",
        "category": "颜色/素色",
        "summary": "染 3 样东西。",
        "inputs": {
            "image_12": {"label": "图片 12", "description": "要染的东西。"},
            "how": {"label": "方式", "choices": {"soft": "柔和", "hard": "强硬"}},
        },
        "outputs": {"value": {"label": "值"}},
    }
    assert Translation("zh").categories([spec]) == {"colour": "颜色", "plain": "普通"}


def test_nearest_table_counts_then_those_around_it_then_the_common_one(pack: Packs) -> None:
    pack("pack_of_words", {"locales/zh.json": {"ports": {"steps": "远", "value": "远"}}})
    spec = pack(
        "pack_around",
        {
            "inner/locales/zh.json": {"ports": {"how": "内"}},
            "locales/zh.json": {"ports": {"how": "外", "steps": "外"}},
        },
    )
    said = Translation("zh", common="pack_of_words").of(spec)
    assert {n: i["label"] for n, i in said["inputs"].items()} == {"how": "内", "steps": "外"}
    assert said["outputs"] == {"value": {"label": "远"}}


def test_text_that_was_changed_is_not_translated(pack: Packs) -> None:
    spec = pack("pack_of_old", {"locales/zh.json": {"texts": {"Dye 3 thing.": "旧"}}})
    assert Translation("zh").of(spec) == {}


def test_region_takes_its_own_table_and_then_that_of_the_language(pack: Packs) -> None:
    tables = {
        "locales/pt.json": {"titles": {"Dye": "Tingir"}, "ports": {"steps": "Passos"}},
        "locales/pt-BR.json": {"titles": {"Dye": "Colorir"}},
        "locales/notes.txt": "not a table",
    }
    spec = pack("pack_of_two", tables)
    assert languages([spec]) == ["pt", "pt-BR"]
    said = Translation("pt-BR").of(spec)
    assert (said["title"], said["inputs"]["steps"]["label"]) == ("Colorir", "Passos")
    assert Translation("pt").of(spec)["title"] == "Tingir"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"titel": {}}', '{"titles": {"Dye": 1}}', '{"titles": []}', ""]
)
def test_unusable_table_is_reported_and_english_stays(
    pack: Packs, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    spec = pack(f"pack_broken_{text.encode().hex()}", {"locales/zh.json": text})
    with caplog.at_level(logging.WARNING):
        assert Translation("zh").of(spec) == {}
        assert Translation("zh").of(spec) == {}
    assert len(caplog.records) == 1
    assert "no usable translation zh.json" in caplog.text


@pytest.mark.parametrize("language", ["../zh", "", "zh/../zh", "en", "ZH", "zh.json"])
def test_language_without_a_table_gives_nothing(pack: Packs, language: str) -> None:
    spec = pack(
        f"pack_for_{language.encode().hex()}", {"locales/zh.json": {"titles": {"Dye": "染色"}}}
    )
    assert Translation(language).of(spec) == {}


def test_schema_stays_english(pack: Packs) -> None:
    spec = pack("pack_of_english", {"locales/zh.json": {"titles": {"Dye": "染色"}}})
    Translation("zh").of(spec)
    assert "染" not in json.dumps(node_schema(spec), ensure_ascii=False)
