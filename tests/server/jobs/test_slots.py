"""How many jobs a worker is given ahead."""

from __future__ import annotations

import pytest

from tests.server.fake import FakeWorkers
from weft.server.jobs.record import Record
from weft.server.jobs.slots import Slot


def job(number: int) -> Record:
    return Record(
        seq=number, id=str(number), owner="x", title=None, priority=0, position=number,
        state="queued", models="", nodes=1, created=0.0, order_digest="",
    )  # fmt: skip


def filled(slot: Slot) -> int:
    """How many jobs it takes."""
    while slot.has_room:
        slot.given.append(job(len(slot.given)))
    return len(slot.given)


@pytest.mark.parametrize(
    ("pace", "expected"), [(None, 1), (60.0, 1), (0.03, 1), (0.01, 5), (0.0002, 64), (0.0, 64)]
)
def test_slot_is_given_a_twentieth_of_a_second_of_work_ahead(
    pace: float | None, expected: int
) -> None:
    slot = Slot(0, FakeWorkers()(0), ready=True, pace=pace)
    assert filled(slot) == expected


def test_slot_that_is_not_ready_has_no_room() -> None:
    assert filled(Slot(0, FakeWorkers()(0), pace=0.001)) == 0


def test_slot_after_one_long_job_is_given_one_at_a_time() -> None:
    slot = Slot(0, FakeWorkers()(0), ready=True, pace=0.001)
    slot.took(1.0)
    assert filled(slot) == 1
