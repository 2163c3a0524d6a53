"""Messages survive any way in which a stream cuts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weft.server.worker.messages import (
    Answer,
    Ask,
    Began,
    Cancel,
    Cutter,
    Ended,
    Message,
    Preview,
    Task,
    encode,
)

TEXT = st.text(max_size=20)
MESSAGES: st.SearchStrategy[Message] = st.one_of(
    st.builds(Task, TEXT, TEXT, st.none() | st.lists(TEXT, max_size=3), st.none() | TEXT),
    st.builds(Cancel, TEXT),
    st.builds(Began, TEXT),
    st.builds(Ask, st.integers(0, 99), TEXT, st.dictionaries(TEXT, TEXT, max_size=2)),
    st.builds(Answer, st.integers(0, 99), st.none() | st.lists(st.integers()), st.none()),
    st.builds(Preview, TEXT, TEXT, TEXT, st.binary(max_size=50)),
    st.builds(Ended, TEXT, TEXT, st.integers(), st.integers(), st.floats(0, 10)),
)


@given(st.lists(MESSAGES, max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_messages_come_out_as_they_went_in_however_they_are_cut(
    messages: list[Message], sizes: list[int]
) -> None:
    stream = b"".join(map(encode, messages))
    cutter, found, place, turn = Cutter(), [], 0, 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        found += cutter.feed(stream[place : place + size])
        place, turn = place + size, turn + 1
    assert found == messages
