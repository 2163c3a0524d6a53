"""What weft writes itself while a workflow runs, and what a run held to its places may do there."""

from __future__ import annotations

from weft.engine.share.limits import limited
from weft.nodes.standard.folders import home, own_places


def test_own_places_of_a_new_home_let_the_first_held_run_fill_its_cache() -> None:
    assert not home().exists()
    places = own_places()
    with limited(places, network=False, readable=()):
        for name in ("cache/actions", "journals"):
            folder = home() / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "entry").write_text("kept")
            assert (folder / "entry").read_text() == "kept"
