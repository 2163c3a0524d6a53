"""Every family of the table is whole, and a network belongs to at most one of them."""

from __future__ import annotations

import diffusers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.diffusion.families import NAMES, family_named, family_of
from weft.diffusion.formats.network_facts import MARKERS, NetworkFacts
from weft.diffusion.formats.words import family_words

FACTS = st.builds(
    NetworkFacts,
    body=st.sampled_from(["unet", "sd3", "flux", "pixart", "controlnet"]),
    layout=st.sampled_from(["ldm", "diffusers"]),
    in_channels=st.sampled_from([4, 8, 9, 16, 64]),
    context=st.sampled_from([0, 768, 1024, 1280, 2048, 4096]),
    added=st.sampled_from([0, 768, 2048, 2560, 2816]),
    classes=st.sampled_from([0, 6, 8]),
    linear=st.booleans(),
    guided=st.booleans(),
    sized=st.booleans(),
    tokens=st.sampled_from([0, 120, 300]),
    markers=st.frozensets(st.sampled_from(sorted(MARKERS)), max_size=3),
)


@pytest.mark.parametrize("name", NAMES)
def test_family_has_everything_that_files_and_messages_ask_of_it(name: str) -> None:
    family = family_named(name)
    assert family.name == name
    assert family_words(name) == family.words != name
    assert len(family.encoders) == len(family.text_places) > 0
    for pipeline in filter(None, (family.pipeline, family.inpaint_pipeline)):
        assert hasattr(diffusers, pipeline)
    assert family.latent.scale > 0
    assert family.sampling is not None


def test_families_have_different_names_for_people() -> None:
    assert len({family_words(name) for name in NAMES}) == len(NAMES)


@given(FACTS)
def test_network_belongs_to_at_most_one_family(facts: NetworkFacts) -> None:
    owners = [name for name in NAMES if family_named(name).owns(facts)]
    assert owners == [name for name in [family_of(facts)] if name]
