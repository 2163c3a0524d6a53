"""The table of kinds of model files: no row escapes recognition, words, folders and building."""

from __future__ import annotations

import pytest

from weft.diffusion.formats.words import FAMILY_WORDS
from weft.diffusion.networks import KINDS, NETWORKS
from weft.diffusion.networks.kind import NetworkKind
from weft.engine.files import workspace

PARTS = {
    "unet", "transformer", "controlnet", "control_lora", "t2i_adapter", "vae", "text_encoder",
    "clip_vision", "redux", "gligen", "ip_adapter", "upscaler",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_kind_has_words_and_a_folder_if_it_can_be_loaded(kind: NetworkKind) -> None:
    assert kind.words
    assert kind.words not in {other.words for other in KINDS.values() if other is not kind}
    rest = kind.name in {"ambiguous", "unknown"}
    assert (kind.folder is not None) == (kind.usable and not rest) or kind.name == "photomaker"


def test_folders_of_kinds_are_folders_of_the_workspace() -> None:
    """The engine may not know networks, so its folders are compared here."""
    folders = {kind.folder for kind in KINDS.values() if kind.folder is not None}
    assert folders == set(workspace.KINDS) - {"diffusers", "vae_approx"}


def test_networks_have_names_of_their_own_and_parts_that_are_loaded() -> None:
    assert len(NETWORKS) == sum(len(kind.networks) for kind in KINDS.values())
    assert {network.part for network in NETWORKS.values()} == PARTS


def test_networks_of_one_part_are_told_apart_by_marks_and_the_last_is_the_rest() -> None:
    for part in PARTS:
        known = [network for network in NETWORKS.values() if network.part == part]
        assert [network.owns({}) for network in known] == [*[False] * (len(known) - 1), True]


def test_rules_say_kinds_and_families_that_there_are() -> None:
    assert set(FAMILY_WORDS) >= {"sd1", "sdxl", "kolors", "unknown"}
    rules = [kind.recognise for kind in KINDS.values() if kind.recognise is not None]
    assert len(rules) == len(set(rules))
