"""Digests tell values apart that are different, and only those."""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.store.keys import static_key, step_key
from weft.engine.store.values import Values, seal

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False)
    | st.text(max_size=40) | st.binary(max_size=40)
)  # fmt: skip
PLAIN = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@dataclass(frozen=True)
class Point:
    x: int
    y: int


@dataclass(frozen=True)
class Other:
    x: int
    y: int


class Colour(enum.Enum):
    RED = 1
    CRIMSON = 2


class Stored:
    def __init__(self, content: str) -> None:
        self.content_digest = content


class Blob:
    def __init__(self, data: bytes) -> None:
        self.data = data


class BlobCodec:
    def parts(self, value: Blob) -> list[bytes]:
        return [value.data]

    def nbytes(self, value: Blob) -> int:
        return len(value.data)

    def mark(self, value: Blob) -> bytes:
        return value.data[:64]


VALUES = Values({f"{Blob.__module__}.Blob": BlobCodec()})


def exactly(value: Any) -> Any:
    """The value with its types, so that == tells 1 from True and 0.0 from -0.0."""
    if isinstance(value, list):
        return ("list", [exactly(v) for v in value])
    if isinstance(value, dict):
        return ("dict", sorted((k, exactly(v)) for k, v in value.items()))
    return (type(value).__name__, repr(value))


@given(PLAIN, PLAIN)
def test_digests_are_equal_exactly_when_values_are(a: Any, b: Any) -> None:
    assert (VALUES.digest(a) == VALUES.digest(b)) == (exactly(a) == exactly(b))


@given(st.lists(st.text(max_size=40), max_size=4), st.lists(st.text(max_size=40), max_size=4))
def test_joined_digests_are_unambiguous(a: list[str], b: list[str]) -> None:
    joined = [b"".join(VALUES.digest(v) or b"" for v in values) for values in (a, b)]
    assert (joined[0] == joined[1]) == (a == b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, 1.0),
        (1, True),
        (1, "1"),
        (0.0, -0.0),
        ("", None),
        ([], {}),
        ([1, [2]], [[1], 2]),
        (["ab"], ["a", "b"]),
        (b"a", "a"),
        (Point(1, 2), Point(2, 1)),
        (Point(1, 2), Other(1, 2)),
        (Colour.RED, Colour.CRIMSON),
        (Stored("a"), Stored("b")),
        (Blob(b"a"), Blob(b"b")),
    ],
)
def test_digest_tells_apart(a: object, b: object) -> None:
    assert VALUES.digest(a) != VALUES.digest(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (Point(1, 2), Point(1, 2)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ([1, 2], (1, 2)),
        (Stored("a"), Stored("a")),
        (Blob(b"x" * 2_000_000), Blob(b"x" * 2_000_000)),
    ],
)
def test_digest_of_equal_content_is_equal(a: object, b: object) -> None:
    assert VALUES.digest(a) == VALUES.digest(b)


def test_digest_of_unknown_class_is_none_also_inside() -> None:
    assert VALUES.digest(object()) is None
    assert VALUES.digest([1, object()]) is None


def test_digest_of_numpy_scalar_is_not_that_of_a_number() -> None:
    np = pytest.importorskip("numpy")
    assert VALUES.digest(np.float64(1.5)) != VALUES.digest(1.5)


def test_seal_is_short_for_small_and_33_bytes_for_large() -> None:
    assert len(seal(b"x" * 31)) == 32
    assert len(seal(b"x" * 32)) == len(seal(b"x" * 10_000)) == 33


def test_nbytes_counts_what_a_value_refers_to() -> None:
    assert VALUES.nbytes(Blob(b"x" * 1000)) == 1000
    assert VALUES.nbytes([Blob(b"x" * 1000)] * 2) >= 2000
    assert VALUES.nbytes({"a": Blob(b"x" * 1000)}) >= 1000
    assert VALUES.nbytes("x" * 1000) == sys.getsizeof("x" * 1000)


def test_key_depends_on_each_part() -> None:
    base = static_key("T", 1, {"a": 1}, [("x", -1)])
    others = [
        static_key("U", 1, {"a": 1}, [("x", -1)]),
        static_key("T", 2, {"a": 1}, [("x", -1)]),
        static_key("T", 1, {"a": 1.0}, [("x", -1)]),
        static_key("T", 1, {"b": 1}, [("x", -1)]),
        static_key("T", 1, {"a": 1}, [("y", -1)]),
        static_key("T", 1, {"a": 1}, [("x", 1)]),
        static_key("T", 1, {"a": 1}, [("x", -1)], b"its source"),
    ]
    assert len({base, *others}) == 8
    one, two = VALUES.digest(1), VALUES.digest(2)
    assert one is not None
    assert two is not None
    keys = {step_key(base, d) for d in ([one], [two], [one, two], [two, one], [])}
    assert len(keys) == 5
