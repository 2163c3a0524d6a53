"""Every preprocessor has a node with the same defaults, and every such node a preprocessor."""

from __future__ import annotations

import pytest
import torch

from tests.diffusion.preprocess.reference import source_image
from weft import testing
from weft.diffusion.preprocess.table import PREPROCESSORS, Preprocessor
from weft.nodes.standard.registry import standard_registry

REGISTRY = standard_registry(packs=False)
CATEGORY = "control/preprocess"


def test_every_node_of_the_category_belongs_to_one_preprocessor() -> None:
    nodes = [t for t, spec in REGISTRY.items() if spec.category.startswith(CATEGORY)]
    assert sorted(nodes) == sorted(each.node for each in PREPROCESSORS)


@pytest.mark.parametrize("each", PREPROCESSORS, ids=lambda each: each.name)
def test_node_of_a_preprocessor_makes_the_same_image(each: Preprocessor) -> None:
    spec = REGISTRY[each.node]
    assert spec.function.__module__.startswith("weft.nodes.control.preprocess.")
    made = testing.check_node(spec.function, image=source_image())
    assert torch.equal(made, each.function(source_image()))
