"""The order of waiting jobs, against a plain model of the rules."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from weft.server.jobs.queue import PATIENCE, FairQueue
from weft.server.jobs.record import Record

OWNERS = ("ann", "bob", "eve")


def record(seq: int, owner: str, priority: int, position: int, models: str = "") -> Record:
    return Record(
        seq=seq,
        id=f"j{seq}",
        owner=owner,
        title=None,
        priority=priority,
        position=position,
        state="queued",
        models=models,
        nodes=1,
        created=0.0,
        order_digest="",
    )


class Order(RuleBasedStateMachine):
    """Rows of jobs for each priority and owner, and whose turn it is."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = FairQueue()
        self.seq = 0
        self.rows: dict[tuple[int, str], list[Record]] = defaultdict(list)
        self.turns: dict[int, list[str]] = defaultdict(list)
        self.passed: dict[str, int] = defaultdict(int)

    def waiting(self) -> list[Record]:
        return [each for row in self.rows.values() for each in row]

    def forget(self, gone: Record) -> None:
        row = self.rows[gone.priority, gone.owner]
        row.remove(gone)
        if not row:
            self.turns[gone.priority].remove(gone.owner)

    @rule(
        owner=st.sampled_from(OWNERS),
        priority=st.integers(-1, 1),
        front=st.booleans(),
        models=st.sampled_from(["", "x", "y"]),
    )
    def add(self, owner: str, priority: int, front: bool, models: str) -> None:
        self.seq += 1
        position = self.queue.position(owner, priority, self.seq, front=front)
        made = record(self.seq, owner, priority, position, models)
        self.queue.add(made)
        row = self.rows[priority, owner]
        if not row:
            self.turns[priority].append(owner)
        row.insert(0 if front else len(row), made)

    @rule(models=st.sampled_from(["", "x", "y"]))
    def take(self, models: str) -> None:
        got = self.queue.take(models)
        if not self.waiting():
            assert got is None
            return
        assert got is not None
        priority = max(p for (p, _), row in self.rows.items() if row)
        turns = self.turns[priority]
        head = self.rows[priority, turns[0]][0]
        assert got is self.rows[got.priority, got.owner][0], "an owner's jobs keep their order"
        assert got.priority == priority, "higher priorities come first"
        if got is not head:
            assert got.models == models != head.models, "only for models is a turn passed over"
            self.passed[head.id] += 1
            assert self.passed[head.id] <= PATIENCE, "and not for ever"
        owner = got.owner
        self.forget(got)
        if owner in turns:
            turns.remove(owner)
            turns.append(owner)

    @precondition(lambda self: self.waiting())
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        gone = data.draw(st.sampled_from(self.waiting()))
        self.queue.remove(gone)
        self.forget(gone)

    @precondition(lambda self: any(len(row) > 1 for row in self.rows.values()))
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from([row for row in self.rows.values() if len(row) > 1]))
        moved, before = data.draw(st.permutations(row))[:2]
        position = self.queue.between(moved, before)
        if position is None:
            self.queue.spread(before.owner, before.priority)
            position = self.queue.between(moved, before)
        assert position is not None
        self.queue.remove(moved)
        moved.position = position
        self.queue.add(moved)
        row.remove(moved)
        row.insert(row.index(before), moved)

    @invariant()
    def rows_are_the_same(self) -> None:
        assert len(self.queue) == len(self.waiting())
        order = list(self.queue.order())
        assert [each.priority for each in order] == sorted(
            (each.priority for each in order), reverse=True
        )
        for (priority, owner), row in self.rows.items():
            mine = [e for e in order if e.priority == priority and e.owner == owner]
            assert mine == row
            assert all(each.id in self.queue for each in row)


TestOrder = Order.TestCase
TestOrder.settings = settings(max_examples=50)


def test_owners_take_turns_however_many_jobs_one_has() -> None:
    queue = FairQueue()
    for seq in range(10):
        queue.add(record(seq, "ann", 0, seq))
    queue.add(record(10, "bob", 0, 10))
    queue.add(record(11, "bob", 0, 11))
    taken = [queue.take() for _ in range(5)]
    assert [each.owner for each in taken if each] == ["ann", "bob", "ann", "bob", "ann"]


def test_several_workers_may_take_a_later_job_of_one_owner_for_its_models() -> None:
    queue = FairQueue()
    queue.add(record(1, "ann", 0, 1, "x"))
    queue.add(record(2, "ann", 0, 2, "y"))
    assert [e.id for e in queue.order()] == ["j1", "j2"]
    taken = queue.take("y", alone=False)
    assert taken is not None
    assert taken.id == "j2"


def test_one_worker_keeps_the_order_of_one_owner_whatever_the_models() -> None:
    queue = FairQueue()
    queue.add(record(1, "ann", 0, 1, "x"))
    queue.add(record(2, "ann", 0, 2, "y"))
    taken = queue.take("y", alone=True)
    assert taken is not None
    assert taken.id == "j1"
