"""The hub: numbers, resuming, slow listeners, snapshots."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from weft.server.api.events import JobChanged, JobDeleted, NodesChanged, PreviewShown, ProgressMade
from weft.server.api.jobs import Job, NodeReport, Progress, State
from weft.server.events.hub import EventBatch, Hub
from weft.server.events.note import Kept

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def job(name: str, state: State = "queued", owner: str = "me") -> Job:
    return Job(id=name, owner=owner, state=state, priority=0, created=NOW, attempt=0, nodes=1)


def tell(hub: Hub, name: str, state: State = "queued", owner: str = "me") -> int:
    note = hub.number(lambda n: JobChanged(id=n, job=job(name, state, owner)), owner, name)
    hub.release(note)
    assert note.id is not None
    return note.id


def steps(hub: Hub, name: str, value: int) -> None:
    made = Progress(node="n", value=value, total=10)
    hub.tell(ProgressMade(job=name, progress=made), "me")


async def read(stream: AsyncGenerator[EventBatch, None]) -> EventBatch:
    return await asyncio.wait_for(anext(stream), 10)


async def turn() -> None:
    """Let every task come to where it waits."""
    await asyncio.sleep(0)


def first(batch: EventBatch) -> dict[str, Any]:
    assert batch.first is not None
    found: dict[str, Any] = json.loads(batch.first)
    return found


async def test_new_listener_gets_a_snapshot_and_then_what_happens() -> None:
    hub = Hub(100)
    hub.picture.ahead = lambda: ["a"]
    tell(hub, "a")
    stream = hub.stream()
    batch = await read(stream)
    assert first(batch)["type"] == "snapshot"
    assert [j["id"] for j in first(batch)["queue"]["queued"]] == ["a"]
    number = tell(hub, "a", "running")
    batch = await read(stream)
    assert batch.first is None
    assert [note.id for note in batch.kept.notes] == [number]
    await stream.aclose()
    assert hub.listeners == 0


async def test_listener_that_was_away_gets_exactly_what_it_missed() -> None:
    hub = Hub(100)
    numbers = [tell(hub, f"j{i}") for i in range(10)]
    batch = await read(hub.stream(after=numbers[3]))
    assert first(batch) == {"type": "resumed", "id": numbers[3]}
    assert [note.id for note in batch.kept.notes] == numbers[4:]


async def test_listener_that_missed_nothing_is_resumed() -> None:
    hub = Hub(100)
    number = tell(hub, "a")
    batch = await read(hub.stream(after=number))
    assert first(batch)["type"] == "resumed"
    assert batch.kept.notes == ()


async def test_listener_that_was_away_too_long_gets_a_snapshot() -> None:
    hub = Hub(5)
    numbers = [tell(hub, f"j{i}") for i in range(10)]
    for known in (numbers[3], numbers[-1] + 1):  # too old; of another database
        batch = await read(hub.stream(after=known))
        assert first(batch)["type"] == "snapshot"
        assert first(batch)["id"] == numbers[-1]
        assert batch.kept.notes == ()
    batch = await read(hub.stream(after=numbers[4]))
    assert [note.id for note in batch.kept.notes] == numbers[5:]


async def test_slow_listener_gets_a_snapshot_instead_of_a_backlog() -> None:
    hub = Hub(5)
    stream = hub.stream()
    await read(stream)
    for i in range(100):
        tell(hub, f"j{i}")
    batch = await read(stream)
    assert first(batch)["type"] == "snapshot"
    assert batch.kept.notes == ()


async def test_events_of_an_earlier_process_can_be_caught_up_on() -> None:
    kept = [Kept(3, "me", "a", '{"id":3}'), Kept(7, None, None, '{"id":7}')]
    hub = Hub(5, 7, kept)
    number = tell(hub, "b")
    assert number == 8
    batch = await read(hub.stream(after=3))
    assert batch.kept.text.startswith('{"id":7},{"type":"job","id":8')


async def test_owner_and_job_filters_leave_out_the_rest() -> None:
    hub = Hub(100)
    mine, theirs = hub.stream(owner="me"), hub.stream(owner="you", job="y1")
    for stream in (mine, theirs):
        await read(stream)
    tell(hub, "m", owner="me")
    tell(hub, "y1", owner="you")
    tell(hub, "y2", owner="you")
    steps(hub, "m", 1)
    batch = await read(mine)
    assert [note.job for note in batch.kept.notes] == ["m"]
    assert [note.job for note in batch.latest] == ["m"]
    batch = await read(theirs)
    assert [note.job for note in batch.kept.notes] == ["y1"]
    assert batch.latest == ()


async def test_only_the_latest_progress_and_preview_are_told() -> None:
    hub = Hub(100)
    tell(hub, "a", "running")
    stream = hub.stream()
    await read(stream)
    for value in range(1, 9):
        steps(hub, "a", value)
        hub.tell(PreviewShown(job="a", node="n", media_type="image/png"), "me", bytes([value]))
    batch = await read(stream)
    told = [note.event for note in batch.latest if isinstance(note.event, ProgressMade)]
    assert [event.progress.value for event in told] == [8]
    assert [note.image for note in batch.latest if note.image is not None] == [bytes([8])]


async def test_progress_is_in_the_snapshot_and_gone_when_the_job_is() -> None:
    hub = Hub(100)
    tell(hub, "a", "running")
    steps(hub, "a", 4)
    assert first(await read(hub.stream()))["progress"]["a"][0]["value"] == 4
    tell(hub, "a", "done")
    batch = await read(hub.stream())
    assert first(batch)["progress"] == {}
    assert batch.latest == ()


async def test_states_that_a_job_passed_through_are_left_out_of_a_batch() -> None:
    hub = Hub(100)
    stream = hub.stream()
    await read(stream)
    tell(hub, "a")
    tell(hub, "a", "running")
    last = tell(hub, "a", "done")
    batch = await read(stream)
    states = [n.event.job.state for n in batch.kept.notes if isinstance(n.event, JobChanged)]
    assert states == ["queued", "done"]
    assert batch.kept.notes[-1].id == last


async def test_listeners_at_the_same_place_share_one_text() -> None:
    hub = Hub(100)
    streams = [hub.stream() for _ in range(3)]
    for stream in streams:
        await read(stream)
    waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
    await turn()
    tell(hub, "a")
    batches = await asyncio.gather(*waiting)
    assert len({id(batch.kept) for batch in batches}) == 1


async def test_adapter_hears_every_event_as_it_comes() -> None:
    hub = Hub(100)
    stream = hub.listen()
    hearing = asyncio.ensure_future(anext(stream))
    await turn()
    tell(hub, "a")
    assert [note.job for note in await hearing] == ["a"]
    tell(hub, "a", "running")
    steps(hub, "a", 3)
    assert [type(note.event) for note in await anext(stream)] == [JobChanged, ProgressMade]


STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled", "lost")


@example([("b", "done"), ("b", "running"), ("a", "queued")], 2)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from([*STATES, "nodes", "deleted"])),
        max_size=40,
    ),
    st.integers(0, 40),
)
async def test_snapshot_and_the_events_after_it_tell_the_same_as_all_events(
    history: list[tuple[str, str]], cut: int
) -> None:
    """A client that comes late knows in the end what one knows that was there from the start."""
    hub = Hub(1000)
    hub.picture.ahead = lambda: list("abc")
    early: dict[str, Any] = {"jobs": {}, "nodes": {}}
    late: dict[str, Any] | None = None
    for number, (name, what) in enumerate(history):
        if number == cut:
            late = from_snapshot(first(await read(hub.stream())))
        if what == "nodes":
            nodes = {"n": NodeReport(state="done", seconds=float(number))}
            note = hub.number(
                lambda n, nodes=nodes, name=name: NodesChanged(id=n, job=name, nodes=nodes),
                "me",
                name,
            )
        elif what == "deleted":
            if early["jobs"].get(name) not in ("done", "failed", "cancelled", "lost"):
                continue
            note = hub.number(lambda n, name=name: JobDeleted(id=n, job=name), "me", name)
        else:
            state: Any = what
            note = hub.number(
                lambda n, name=name, state=state: JobChanged(id=n, job=job(name, state)),
                "me",
                name,
            )
        hub.release(note)
        for view in filter(None, (early, late)):
            take(view, json.loads(note.text))
    if late is not None:
        assert late == early


def from_snapshot(snapshot: dict[str, Any]) -> dict[str, Any]:
    known = [*snapshot["queue"]["running"], *snapshot["queue"]["queued"], *snapshot["recent"]]
    return {"jobs": {j["id"]: j["state"] for j in known}, "nodes": snapshot["nodes"]}


def take(view: dict[str, Any], event: dict[str, Any]) -> None:
    """What a client does with an event."""
    if event["type"] == "job":
        view["jobs"][event["job"]["id"]] = event["job"]["state"]
        if event["job"]["state"] != "running":
            view["nodes"].pop(event["job"]["id"], None)
    elif event["type"] == "nodes":
        if view["jobs"].get(event["job"]) == "running":
            view["nodes"].setdefault(event["job"], {}).update(event["nodes"])
    elif event["type"] == "deleted":
        view["jobs"].pop(event["job"], None)
