"""The table of kinds of model files: no row escapes recognition, words, folders and building."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests import models
from tests.cases.places import SHARED
from tests.model_headers import HEADERS
from weft.diffusion.formats.safetensors_header import read_header
from weft.diffusion.formats.words import FAMILY_WORDS
from weft.diffusion.networks import FOLDERS, KINDS, NETWORKS
from weft.diffusion.networks.identify import claims, identify
from weft.diffusion.networks.kind import NetworkKind
from weft.diffusion.networks.names import Names
from weft.nodes.standard.folders import THIMBLE, standard_workspace

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


def test_folders_are_those_of_the_kinds_and_of_whole_models() -> None:
    assert set(FOLDERS) == {kind.folder for kind in KINDS.values() if kind.folder} | {"diffusers"}
    assert all(names[0] == folder for folder, names in FOLDERS.items())
    every = [name for names in FOLDERS.values() for name in names]
    assert len(every) == len(set(every))


def test_standard_workspace_looks_in_the_folders_of_the_kinds(tmp_path: Path) -> None:
    workspace = standard_workspace(models=[tmp_path])
    assert workspace.kinds == FOLDERS
    for kind, names in FOLDERS.items():
        assert workspace.folders(kind)[: len(names)] == tuple(tmp_path / name for name in names)


def test_folders_have_the_names_of_comfyui() -> None:
    assert FOLDERS["controlnet"] == ("controlnet", "t2i_adapter")
    assert FOLDERS["clip"] == ("clip", "text_encoders")
    assert FOLDERS["diffusion_models"] == ("diffusion_models", "unet")


def test_networks_have_names_of_their_own_and_parts_that_are_loaded() -> None:
    assert len(NETWORKS) == sum(len(kind.networks) for kind in KINDS.values())
    assert {network.part for network in NETWORKS.values()} == PARTS


def test_networks_of_one_part_are_told_apart_by_marks_and_the_last_is_the_rest() -> None:
    for part in PARTS:
        known = [network for network in NETWORKS.values() if network.part == part]
        assert [network.owns({}) for network in known] == [*[False] * (len(known) - 1), True]


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_kind_has_a_rule_of_its_own(kind: NetworkKind) -> None:
    rest = kind.name in {"ambiguous", "unknown"}
    assert (kind.recognise is None) == rest
    others = [each.recognise for each in KINDS.values() if each is not kind]
    assert rest or kind.recognise not in others


@pytest.mark.parametrize("header", sorted(HEADERS))
def test_header_is_claimed_by_its_kind_and_no_other(header: str) -> None:
    shapes, kind = HEADERS[header]
    claimed = [found.kind for found in claims(Names(shapes))]
    assert claimed == ([] if kind == "unknown" else [kind])
    assert identify(shapes).kind == kind


def test_every_kind_that_names_and_shapes_tell_has_a_header() -> None:
    told = {kind for _, kind in HEADERS.values()}
    # Offset weights are told by values: `tests/cases/test_models_told_apart.py` writes such files.
    assert set(KINDS) - told == {"iclight", "unet_offset", "ambiguous"}


def test_rule_names_its_own_kind_and_a_family_with_words() -> None:
    for shapes, _ in HEADERS.values():
        for kind in KINDS.values():
            found = kind.recognise(Names(shapes)) if kind.recognise is not None else None
            assert found is None or (found.kind == kind.name and found.family in FAMILY_WORDS)


@pytest.mark.parametrize("file", sorted(THIMBLE.rglob("*.safetensors")), ids=lambda file: file.name)
def test_file_of_thimble_is_claimed_by_one_kind_in_its_folder(file: Path) -> None:
    shapes = {name: info.shape for name, info in read_header(file).tensors.items()}
    (found,) = claims(Names(shapes))
    assert KINDS[found.kind].folder == file.parent.name


@pytest.mark.parametrize(
    "make",
    [models.tiny_sd1, models.tiny_controlnet, models.tiny_clip_vision, models.tiny_ip_adapter],
)
def test_file_that_tests_make_is_claimed_by_one_kind(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    header = read_header(make(tmp_path / "x.safetensors"))
    assert len(claims(Names({name: info.shape for name, info in header.tensors.items()}))) == 1


WEIGHTS = SHARED.parent / "weights"


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the published weights are not at hand")
def test_published_weights_are_claimed_by_one_kind_at_most() -> None:
    files = sorted(WEIGHTS.rglob("*.safetensors"))
    assert files
    for file in files:
        header = read_header(file)
        found = claims(Names({name: info.shape for name, info in header.tensors.items()}))
        assert len(found) <= 1, (file.name, found)


def test_file_with_the_marks_of_two_kinds_is_ambiguous() -> None:
    both = HEADERS["PuLID"][0] | HEADERS["hypernetwork"][0]
    assert identify(both).kind == "ambiguous"
