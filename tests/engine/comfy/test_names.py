"""Names of the outputs of types that are not here."""

from __future__ import annotations

from weft.engine.comfy.file import FileNode
from weft.engine.comfy.names import OutputNames


def node(*outputs: str) -> FileNode:
    slots = [{"name": name} for name in outputs]
    return FileNode.model_validate({"id": 1, "type": "T", "outputs": slots})


def test_longest_list_counts_and_equal_names_are_told_apart() -> None:
    names = OutputNames([node("IMAGE"), node("IMAGE", "a.b", "IMAGE")])
    assert [names.name("T", slot) for slot in range(4)] == ["IMAGE", "a_b", "IMAGE (2)", "slot_3"]
    assert names.several == {"T": ["IMAGE", "a_b", "IMAGE (2)"]}


def test_lists_that_disagree_give_numbers() -> None:
    for nodes in ([node("a", "b"), node("b", "a")], [node("a", "")]):
        names = OutputNames(nodes)
        assert [names.name("T", slot) for slot in (0, 1)] == ["slot_0", "slot_1"]
        assert names.several == {}
