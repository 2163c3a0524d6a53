from __future__ import annotations

import logging

import pytest

from weft.server.logs import Seldom


def test_seldom_logs_a_text_once_a_minute_and_counts_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = [0.0]
    seldom = Seldom(logging.getLogger("weft.test"), 60.0, lambda: now[0])
    for _ in range(5):
        seldom.warning("it is %s", "full")
    seldom.error("something else")
    now[0] = 61.0
    seldom.warning("it is %s", "full", extra={"address": "a"})
    assert [r.getMessage() for r in caplog.records] == [
        "it is full", "something else", "it is full",
    ]  # fmt: skip
    last = vars(caplog.records[-1])
    assert (last["left_out"], last["address"]) == (4, "a")
    assert "left_out" not in vars(caplog.records[0])
