"""Results outlive the process, damage is a miss, and nothing on disk can make a result wrong."""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.engine import Engine
from weft.engine.store.cache import MISSING, Action, MemoryCache
from weft.engine.store.disk_cache import DiskCache
from weft.engine.store.storage import Formats
from weft.engine.store.values import Values

from ..toy import REGISTRY, Opaque, flow, run

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
CHAIN = {
    "n": ("Number", {"value": 2}),
    "a": ("Slow", {"a": "@n.value"}),
    "b": ("Slow", {"a": "@a.value"}),
    "c": ("Cube", {"a": "@b.value"}),
}


@node("Cube", category="toy")
def cube(a: float) -> float:
    """Give the third power.

    Args:
        a: A number.
    """
    return a**3


def disk(place: Path | str, **options: Any) -> DiskCache:
    return DiskCache(str(place), values=Values(), formats=Formats(), **options)


def fresh(place: Path | str, **options: Any) -> Engine:
    """An engine as a new process would have it: nothing in memory."""
    memory = MemoryCache(options.pop("memory", 2**30))
    return Engine(Registry([REGISTRY, cube]), cache=memory, disk=disk(place, **options))


def files(place: Path, kind: str) -> list[Path]:
    return sorted(p for p in (place / kind).rglob("*") if p.is_file())


@given(PLAIN)
def test_plain_value_stored_and_loaded_is_the_same(value: Any) -> None:
    data = Formats().dump(value)
    assert data is not None
    again = Formats().load(data)
    assert repr(again) == repr(value)
    assert Values().digest(again) == Values().digest(value)


def test_value_of_unknown_class_is_not_stored() -> None:
    assert Formats().dump(object()) is None
    assert Formats().dump([object()]) is None
    with pytest.raises(ValueError, match="unknown format"):
        Formats().load(b"os.system\nrm")


def test_second_process_computes_nothing(tmp_path: Path) -> None:
    with fresh(tmp_path) as first:
        run(first, flow(**CHAIN), "c.value")
    with fresh(tmp_path) as second:
        result, log = run(second, flow(**CHAIN), "c.value")
    assert result["c.value"] == 8
    assert log.ran == ["n"]  # inline nodes cost less than a look at the disk
    assert log.cached == ["a", "b", "c"]


def test_second_process_with_an_edit_reruns_only_downstream(tmp_path: Path) -> None:
    with fresh(tmp_path) as first:
        run(first, flow(**CHAIN), "c.value")
    edited = {**CHAIN, "d": ("Add", {"a": "@c.value", "b": "@a.value"})}
    with fresh(tmp_path) as second:
        result, log = run(second, flow(**edited), "d.value")
    assert result["d.value"] == 10
    assert log.ran == ["n", "d"]


@pytest.mark.parametrize("memory", [0, 2**30])
def test_values_evicted_from_memory_come_from_disk(tmp_path: Path, memory: int) -> None:
    with fresh(tmp_path, memory=memory) as e:
        run(e, flow(**CHAIN), "c.value")
        e.cache.drop_values()
        result, log = run(e, flow(**CHAIN), "b.value", "c.value")
    assert (result["b.value"], result["c.value"]) == (2, 8)
    assert "b" not in log.ran
    assert "c" not in log.ran


@node("Box", category="toy")
def box(a: float) -> Opaque:
    """Wrap a number into a value that no file can hold.

    Args:
        a: A number.
    """
    return Opaque(a)


@node("Peek", category="toy")
def peek(opaque: Opaque, *, plus: float = 0.0) -> float:
    """Look into a box.

    Args:
        opaque: The box.
        plus: Added.
    """
    return opaque.number + plus


def test_action_whose_values_are_not_stored_reruns_them_when_needed(tmp_path: Path) -> None:
    nodes = {
        "n": ("Number", {"value": 5}),
        "w": ("Box", {"a": "@n.value"}),
        "p": ("Peek", {"opaque": "@w.opaque"}),
    }

    def made() -> Engine:
        return Engine(Registry([REGISTRY, box, peek]), disk=disk(tmp_path))

    with made() as first:
        run(first, flow(**nodes), "p.value")
    with made() as second:
        _, log = run(second, flow(**nodes), "p.value")
        assert log.ran == ["n"]
        result, log = run(second, flow(**nodes).set("p.plus", 1), "p.value")
    assert result["p.value"] == 6
    assert log.ran == ["w", "p"]


@pytest.mark.parametrize("kind", ["actions", "values"])
@pytest.mark.parametrize("damage", ["empty", "half", "flipped", "other"])
def test_damaged_entry_is_a_miss_with_a_warning(
    tmp_path: Path, kind: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    with fresh(tmp_path) as first:
        run(first, flow(**CHAIN), "c.value")
    found = files(tmp_path, kind)
    good = [f.read_bytes() for f in found]
    for position, file in enumerate(found):
        data = good[position]
        file.write_bytes(
            {
                "empty": b"",
                "half": data[: len(data) // 2],
                "flipped": data[:-3] + bytes((data[-3] ^ 1,)) + data[-2:],
                "other": good[(position + 1) % len(found)] if kind == "values" else b"{}\n{}",
            }[damage]
        )
    with caplog.at_level(logging.WARNING), fresh(tmp_path) as second:
        result, _ = run(second, flow(**CHAIN), "b.value", "c.value")
    assert (result["b.value"], result["c.value"]) == (2, 8)
    assert "damaged" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING), fresh(tmp_path) as third:
        result, log = run(third, flow(**CHAIN), "b.value", "c.value")
    assert (result["b.value"], result["c.value"]) == (2, 8)
    assert log.ran == ["n"]
    assert caplog.text == ""


def test_action_pointing_to_missing_values_is_computed_again(tmp_path: Path) -> None:
    with fresh(tmp_path) as first:
        run(first, flow(**CHAIN), "c.value")
    for file in files(tmp_path, "values"):
        file.unlink()
    with fresh(tmp_path) as second:
        result, log = run(second, flow(**CHAIN), "c.value")
    assert result["c.value"] == 8
    assert log.ran == ["n", "c"]  # a and b give what n gives, so their value is there again


def test_disk_that_cannot_be_written_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING), fresh(tmp_path / "file") as e:
        result, log = run(e, flow(**CHAIN), "c.value")
    assert result["c.value"] == 8
    assert "cannot be written" in caplog.text
    assert log.failed == []


@pytest.mark.parametrize("nth", range(1, 12))
def test_nth_write_failing_leaves_a_sound_store(
    tmp_path: Path, nth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(1, 1000))
    broken = disk(tmp_path)
    write = broken._write

    def failing(path: str, data: bytes) -> None:
        if next(calls) == nth:
            raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(broken, "_write", failing)
    with Engine(Registry([REGISTRY, cube]), disk=broken) as first:
        result, _ = run(first, flow(**CHAIN), "c.value")
        assert result["c.value"] == 8
    assert not [p for p in tmp_path.rglob("*") if p.name.endswith(".part")]
    with fresh(tmp_path) as second:
        result, _ = run(second, flow(**CHAIN), "c.value")
    assert result["c.value"] == 8


def test_budget_holds_and_what_was_used_last_stays(tmp_path: Path) -> None:
    store = disk(tmp_path, budget=4000)
    for number in range(60):
        value = f"{number}" * 40
        digest = Values().digest(value)
        assert digest is not None
        store.put(b"key%d" % number + bytes(28), Action((digest,), 1.0), (value,))
        for age, file in enumerate(sorted(tmp_path.rglob("*"), key=lambda p: p.stat().st_mtime)):
            if file.is_file():
                os.utime(file, (1e9 + age, 1e9 + age))
    assert store.stats().bytes <= 4000 + 200
    assert store.stats().values < 60
    assert store.find(b"key59" + bytes(28)) is not None
    assert store.find(b"key0" + bytes(28)) is None


def test_stats_and_clear(tmp_path: Path) -> None:
    store = disk(tmp_path)
    assert store.stats().actions == 0
    store.put(b"k" * 32, Action((Values().digest(1.5) or b"",), 1.0), (1.5,))
    stats = store.stats()
    assert (stats.actions, stats.values) == (1, 1)
    assert stats.bytes > 0
    store.clear()
    assert store.stats().bytes == 0
    assert store.find(b"k" * 32) is None


def test_two_engines_share_one_store_at_the_same_time(tmp_path: Path) -> None:
    def work(number: int) -> list[float]:
        with fresh(tmp_path) as e:
            return [
                run(e, flow(**CHAIN).set("n.value", value), "c.value")[0]["c.value"]
                for value in range(number, number + 6)
            ]

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, [0, 0, 1, 2]))
    assert results[0] == results[1] == [n**3 for n in range(6)]
    assert results[3] == [n**3 for n in range(2, 8)]
    store = disk(tmp_path)
    for file in files(tmp_path, "values"):
        assert store.get(bytes.fromhex(file.name)) is not MISSING


@pytest.fixture
def memory_url() -> Iterator[str]:
    """A store that is no local folder."""
    import fsspec

    yield "memory://weft-test"
    fsspec.filesystem("memory").rm("weft-test", recursive=True)


def test_store_at_a_url_that_is_no_folder(memory_url: str) -> None:
    with fresh(memory_url) as first:
        run(first, flow(**CHAIN), "c.value")
    with fresh(memory_url) as second:
        result, log = run(second, flow(**CHAIN), "c.value")
    assert result["c.value"] == 8
    assert log.ran == ["n"]
    assert second.disk is not None
    assert second.disk.stats().actions >= 2


def test_gpu_steps_are_kept_apart_by_numerics(tmp_path: Path) -> None:
    calls: list[str] = []

    @node("Model", category="toy", lane="gpu")
    def model(a: float) -> float:
        """Compute as a device does.

        Args:
            a: A number.
        """
        calls.append(threading.current_thread().name)
        return a / 3

    def made(numerics: str) -> Engine:
        registry = Registry([REGISTRY, cube, model])
        return Engine(registry, disk=disk(tmp_path), numerics=lambda: numerics)

    nodes = {**CHAIN, "m": ("Model", {"a": "@c.value"})}
    for numerics, expected in (("cpu", 1), ("cpu", 1), ("cuda", 2)):
        with made(numerics) as e:
            result, _ = run(e, flow(**nodes), "m.value")
        assert math.isclose(result["m.value"], 8 / 3)
        assert len(calls) == expected
    assert calls[0].startswith("weft-gpu")


def test_inline_steps_get_no_file(tmp_path: Path) -> None:
    nodes = {"n": ("Number", {"value": 2}), "d": ("Add", {"a": "@n.value", "b": 1})}
    with fresh(tmp_path) as e:
        run(e, flow(**nodes), "d.value")
    assert files(tmp_path, "actions") == []
