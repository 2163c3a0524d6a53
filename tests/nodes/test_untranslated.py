"""The report of what is not translated yet."""

from __future__ import annotations

from typing import Annotated, Literal

from weft.engine.declaration.node import node, spec_of
from weft.engine.declaration.translation import Translation
from weft.engine.declaration.widgets import Choice
from weft.nodes.standard.own_nodes import OWN_PACKAGE
from weft.nodes.standard.registry import standard_registry
from weft.nodes.untranslated import untranslated

ZH = Translation("zh", common=OWN_PACKAGE)


@node("Dye", category="image/colors")
def dye(
    *,
    steps: int = 1,
    how: Literal["soft", "none"] = "soft",
    sampler_name: Annotated[str, Choice(("euler",))] = "euler",
) -> str:
    """Dye an image.

    Use it with care.

    Args:
        steps: Number of passes.
        how: The mode.
        sampler_name: The sampler.

    Returns:
        A report.
    """
    return f"{steps} {how} {sampler_name}"


def test_every_missing_entry_of_a_node_has_its_line() -> None:
    lines = untranslated([spec_of(dye)], ZH)
    table = "nodes/locales/zh.json: Dye: "
    assert {line.removeprefix(table) for line in lines} == {
        'titles "Dye"',
        'texts "Dye an image."',
        'texts "Use it with care."',
        'categories "colors"',
        'texts "Number of passes."',
        'ports "how"',
        'texts "The mode."',
        'choices "how.soft"',
        'ports "sampler_name"',
        'texts "The sampler."',
    }


def test_line_names_the_table_beside_the_node() -> None:
    spec = standard_registry(packs=False)["Canny"]
    lines = untranslated([spec], Translation("de"))
    assert 'nodes/control/preprocess/locales/de.json: Canny: titles "Canny"' in lines
    assert lines == sorted(set(lines))
