from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.server.connections.table import ConnectionTable, party


@dataclass(eq=False)
class Fake:
    """A connection that a test steers."""

    table: ConnectionTable
    address: str
    has_asked: bool = False
    is_waiting: bool = True
    dropped: list[str] = field(default_factory=list)

    def drop(self) -> None:
        self.dropped.append(self.address)
        self.table.leave(self)

    def ask(self) -> None:
        self.has_asked = True
        self.table.heard(self)


def test_party_counts_an_ipv6_network_as_one() -> None:
    assert party(("10.1.2.3", 5)) == "10.1.2.3"
    assert party(("2001:db8:1:2:3::4", 5, 0, 0)) == party(("2001:db8:1:2::9", 6, 0, 0))
    assert party(("2001:db8:1:2::9", 6, 0, 0)) != party(("2001:db8:1:3::9", 6, 0, 0))
    assert party(("::ffff:10.1.2.3", 5, 0, 0)) == "10.1.2.3"
    assert party(("::1", 5, 0, 0)) == "::1"
    assert party(("fe80::1%eth0", 5, 0, 2)) == party(("fe80::2", 5, 0, 2))
    assert party(None) == ""


def test_full_address_closes_its_own_oldest_connection_that_never_asked() -> None:
    table = ConnectionTable(10, 3)
    asked, other = Fake(table, "a"), Fake(table, "b")
    silent = [Fake(table, "a") for _ in range(3)]
    for entry in (other, asked, *silent[:2]):
        assert table.enter(entry)
    asked.ask()
    assert table.enter(silent[2])
    assert silent[0].dropped
    assert not (asked.dropped or other.dropped or silent[1].dropped)
    assert len(table) == 4


def test_full_table_takes_from_the_address_that_has_most() -> None:
    table = ConnectionTable(5, 5)
    many = [Fake(table, "a") for _ in range(4)]
    lonely, new = Fake(table, "b"), Fake(table, "c")
    for entry in (lonely, *many):
        assert table.enter(entry)
    assert table.enter(new)
    assert many[0].dropped
    assert not lonely.dropped
    assert len(table) == 5


def test_full_table_of_connections_at_work_refuses_and_closes_none() -> None:
    table = ConnectionTable(3, 3)
    entries = [Fake(table, "a", is_waiting=False) for _ in range(3)]
    for entry in entries:
        assert table.enter(entry)
    assert not table.enter(Fake(table, "b"))
    assert not any(entry.dropped for entry in entries)
    assert len(table) == 3


def test_full_table_takes_from_others_when_the_largest_is_at_work() -> None:
    table = ConnectionTable(3, 3)
    for _ in range(2):
        assert table.enter(Fake(table, "a", is_waiting=False))
    idle = Fake(table, "b")
    assert table.enter(idle)
    assert table.enter(Fake(table, "c"))
    assert idle.dropped


def test_connection_at_work_is_passed_over() -> None:
    table = ConnectionTable(2, 2)
    busy, idle = Fake(table, "a", is_waiting=False), Fake(table, "a")
    assert table.enter(busy)
    assert table.enter(idle)
    assert table.enter(Fake(table, "a"))
    assert idle.dropped
    assert not busy.dropped


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["enter", "ask", "work", "leave"])),
        max_size=60,
    )
)
def test_table_never_holds_more_than_its_bounds_whatever_happens(
    steps: list[tuple[str, str]],
) -> None:
    table = ConnectionTable(5, 3)
    made: list[Fake] = []
    for address, what in steps:
        if what == "enter":
            entry = Fake(table, address)
            if table.enter(entry):
                made.append(entry)
        else:
            entry = next((e for e in made if e.address == address and not e.dropped), None)
            if entry is None:
                continue
            if what == "ask":
                entry.ask()
            elif what == "work":
                entry.is_waiting = False
            else:
                entry.drop()
        inside = [entry for entry in made if not entry.dropped]
        assert set(table) == set(inside)
        assert len(table) == len(inside) <= 5
        assert all(sum(e.address == a for e in inside) <= 3 for a in "abc")


def test_thousand_closed_connections_are_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    table = ConnectionTable(2, 2)
    with caplog.at_level(logging.WARNING, "weft.server"):
        for _ in range(1000):
            assert table.enter(Fake(table, "a"))
    assert len(caplog.records) == 1
