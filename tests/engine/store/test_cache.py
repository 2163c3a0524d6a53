"""The budget holds, and what is dear to compute stays longest."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weft.engine.store.cache import MISSING, Action, MemoryCache


def digest(n: int) -> bytes:
    return b"\x08" + n.to_bytes(8, "big")


@given(
    st.integers(0, 20_000),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3000), st.floats(0, 9)), max_size=60),
)
def test_cache_never_exceeds_its_budget_and_never_gives_another_value(
    budget: int, puts: list[tuple[int, int, float]]
) -> None:
    cache = MemoryCache(budget)
    for name, size, seconds in puts:
        cache.put(digest(name), name, size, seconds)
        cache.keep(digest(name), Action((digest(name),), seconds))
        assert cache.stats().bytes <= budget
        found = cache.get(digest(name))
        assert found is MISSING or found == name
    stats = cache.stats()
    assert stats.values <= len({name for name, _, _ in puts})


def test_cache_keeps_what_is_dear_for_its_size() -> None:
    cache = MemoryCache(10_000)
    cache.put(digest(0), "dear", 3000, 100.0)
    for n in range(1, 30):
        cache.put(digest(n), "cheap", 3000, 0.001)
    assert cache.get(digest(0)) == "dear"
    assert cache.get(digest(1)) is MISSING
    assert cache.stats().evicted > 0


def test_cache_of_equal_cost_keeps_what_was_used_last() -> None:
    cache = MemoryCache(10_000)
    for n in range(30):
        cache.put(digest(n), n, 2000, 1.0)
        cache.get(digest(0))
    assert cache.get(digest(0)) == 0
    assert cache.get(digest(29)) == 29
    assert cache.get(digest(15)) is MISSING


def test_cache_value_larger_than_the_budget_is_not_taken() -> None:
    cache = MemoryCache(1000)
    cache.put(digest(1), "small", 10, 1.0)
    cache.put(digest(2), "huge", 5000, 1.0)
    assert cache.get(digest(2)) is MISSING
    assert cache.get(digest(1)) == "small"


def test_cache_action_outlives_its_value() -> None:
    cache = MemoryCache(10_000)
    cache.put(digest(1), "v", 100, 1.0)
    cache.keep(b"key", Action((digest(1),), 1.0))
    assert cache.drop_values() >= 100
    assert cache.get(digest(1)) is MISSING
    assert cache.find(b"key") == Action((digest(1),), 1.0)
    cache.clear()
    assert cache.find(b"key") is None
    assert cache.stats().bytes == 0


def test_cache_counts_hits_and_misses() -> None:
    cache = MemoryCache()
    cache.find(b"k")
    cache.keep(b"k", Action((), 0.0))
    cache.find(b"k")
    assert (cache.stats().hits, cache.stats().misses) == (1, 1)
