"""What is said of a job that took its worker down too often."""

from __future__ import annotations

import pytest

from weft.server.jobs.crash import crash_problem


def test_crash_of_one_node_names_it() -> None:
    problem = crash_problem(2, "its process ended with code 1", {"decode"})
    assert problem["node"] == "decode"
    assert problem["message"] == (
        'The worker of this job ended 2 times, the last time while "decode" ran: '
        "its process ended with code 1."
    )


def test_crash_with_several_nodes_at_work_names_all_and_blames_none() -> None:
    problem = crash_problem(1, "its process ended with code 1", {"b", "a"})
    assert "node" not in problem
    assert 'ended once, the last time while "a", "b" ran' in problem["message"]


def test_crash_before_any_node_says_nothing_of_nodes() -> None:
    problem = crash_problem(2, "its process ended with code 1", ())
    assert "node" not in problem
    assert "while" not in problem["message"]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("its process was ended by SIGSEGV", "compiled library"),
        ("its process ended with code 139, as after SIGSEGV", "compiled library"),
        ("its process was ended by SIGKILL, perhaps because memory ran out", "smaller image"),
        ("its process ended with code 3", "server's log"),
    ],
)
def test_crash_hint_goes_by_how_the_process_ended(reason: str, word: str) -> None:
    assert word in crash_problem(2, reason, ())["hint"]
