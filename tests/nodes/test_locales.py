"""The Chinese of weft's own nodes: nothing that is not there, each word once.

`make docs` lists what is missing: `weft.nodes.untranslated`.
"""

from __future__ import annotations

import re

import pytest

from weft.engine.declaration.node import NodeSpec
from weft.engine.declaration.translation import Table, Translation, read_table
from weft.nodes.standard.own_nodes import OWN_PACKAGE
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)
ZH = Translation("zh", common=OWN_PACKAGE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def tables() -> dict[str, tuple[Table, list[NodeSpec]]]:
    """Each table of weft, with the nodes that it counts for."""
    found: dict[str, tuple[Table, list[NodeSpec]]] = {}
    for spec in REGISTRY.values():
        parts = spec.function.__module__.split(".")
        packages = {".".join(parts[: i + 1]) for i in range(len(parts))}
        for package in packages | {OWN_PACKAGE}:
            table = read_table(package, "zh")
            if table is not None:
                found.setdefault(package, (table, []))[1].append(spec)
    return found


@pytest.mark.parametrize("package", sorted(tables()))
def test_nothing_is_translated_that_does_not_exist(package: str) -> None:
    table, specs = tables()[package]
    titles, categories, ports, choices, texts = (set[str]() for _ in range(5))
    for spec in specs:
        titles.add(spec.type_id)
        parts = spec.category.split("/")
        categories.update(parts, ("/".join(parts[: i + 1]) for i in range(len(parts))))
        texts.update({spec.doc.summary, spec.doc.body})
        texts.update(p.text for p in spec.parameters.values())
        for port in (*spec.parameters.values(), *spec.outputs):
            ports.update({port.name, f"{spec.type_id}.{port.name}"})
            for choice in port.type.choices if port.type.name == "COMBO" else ():
                named = f"{port.name}.{choice}"
                choices.update({str(choice), named, f"{spec.type_id}.{named}"})
    known = {
        "titles": titles,
        "categories": categories,
        "ports": ports,
        "choices": choices,
        "texts": texts,
    }
    for part, there in known.items():
        patterns = {re.sub(r"\d+", "#", name) for name in there}
        unused = [n for n in getattr(table, part) if n not in there and n not in patterns]
        assert unused == [], f"{part} of {package}"


def test_common_words_stand_in_one_table() -> None:
    seen: dict[tuple[str, str], str] = {}
    for package, (table, _) in tables().items():
        for part in ("titles", "categories", "ports", "choices", "texts"):
            for name in getattr(table, part):
                other = seen.setdefault((part, name), package)
                if other != package:
                    assert OWN_PACKAGE in (other, package), f"{name}: {other} and {package}"


def test_titles_are_told_apart() -> None:
    titles = [ZH.of(spec).get("title", spec.type_id) for spec in REGISTRY.values()]
    assert len(titles) == len(set(titles))


def test_texts_are_chinese_and_name_inputs_and_choices_as_they_are_shown() -> None:
    wrong = []
    for spec in REGISTRY.values():
        said = ZH.of(spec)
        shown = {}
        for name, about in said.get("inputs", {}).items():
            shown |= {name: about.get("label")} | about.get("choices", {})
        for about in (said, *said.get("inputs", {}).values()):
            text = about.get("summary") or about.get("description", "汉")
            # Shapes and single letters are the same in every language.
            if not CHINESE.search(text) and not text.startswith("(B"):
                wrong.append(f"{spec.type_id}: {text}")
            wrong += [
                f'{spec.type_id}: `{name}` is shown as "{shown[name]}"'
                for name in re.findall(r"`([^`]+)`", text)
                if shown.get(name) not in (name, None)
            ]
    assert wrong == []


def test_input_of_a_block_has_its_number() -> None:
    inputs = ZH.of(REGISTRY["ModelMergeFlux1"])["inputs"]
    assert inputs["single_blocks_37"]["label"] == "单流块 37"
    assert "`single_blocks.37.`" in inputs["single_blocks_37"]["description"]
