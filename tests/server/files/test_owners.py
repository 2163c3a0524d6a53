"""Whose files are whose, apart from any route."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.server.files.folders import KINDS, Kind
from weft.server.files.owners import Owners, OwnerStatements
from weft.server.store.writer import WriterChange


class Kept:
    """Takes changes as the writer does, and gives the rows that are there then."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, str]] = {}

    def put(self, changes: list[WriterChange]) -> None:
        for change in changes:
            row = dict(change.row)
            if "which" in row:
                self.rows.pop(row["which"], None)
            else:
                self.rows[row["key"]] = row


def opened(kept: Kept, *, private: bool = False) -> Owners:
    owners = Owners(private=private, is_admin=lambda who: who == "boss")
    owners.open(kept.rows.values(), kept, OwnerStatements("sqlite"))  # type: ignore[arg-type]
    return owners


NAMES = st.sampled_from(["a", "b/a", "temp/a", "é", "\ud800", "a\0"])


@given(st.lists(st.tuples(st.sampled_from(KINDS), NAMES, st.sampled_from([None, "ann", "bob"]))))
def test_owners_are_the_same_after_they_were_stored_and_read(
    steps: list[tuple[Kind, str, str | None]],
) -> None:
    kept = Kept()
    owners = opened(kept)
    expected: dict[tuple[Kind, str], str] = {}
    for kind, name, owner in steps:
        if owner is None:
            owners.forget(kind, name)
            expected.pop((kind, name), None)
        else:
            owners.give(kind, name, owner)
            expected[kind, name] = owner
        again = opened(kept)
        for each in (owners, again):
            assert each.owner(kind, name) == owner
    again = opened(kept)
    assert {k: again.owner(*k) for k in expected} == expected
    assert len(kept.rows) == len(expected)
    json.dumps(list(kept.rows.values())).encode()  # no database is given what it cannot hold


@pytest.mark.parametrize("kind", KINDS)
def test_private_files_without_owner_are_for_administrators_but_inputs(kind: Kind) -> None:
    owners = opened(Kept(), private=True)
    owners.give(kind, "hers", "ann")
    assert [owners.sees(who, kind, "hers") for who in ("ann", "bob", "boss")] == [True, False, True]
    assert owners.sees("bob", kind, "nobodys") is (kind == "input")
    assert owners.sees("boss", kind, "nobodys")
    everybodys = opened(Kept())
    everybodys.give(kind, "hers", "ann")
    assert everybodys.sees("bob", kind, "hers")
