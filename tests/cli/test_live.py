"""Progress in a terminal: nothing that is printed is lost, and no bar is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals")

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys, threading
from weft.cli.progress import ProgressBars
from weft.engine.events import NodeFinished, NodeProgress, NodeStarted, RunStarted
count, threads = int(sys.argv[1]), 4
names = [f"node{number}" for number in range(count)]
with ProgressBars() as progress:
    progress.receive(RunStarted("r", tuple(names), {}))
    def work(first):
        for number in range(first, count, threads):
            name = names[number]
            progress.receive(NodeStarted("r", name))
            progress.receive(NodeProgress("r", name, 1, 2))
            print(f"printed {number} by a node")
            print(f"warned {number} by a node", file=sys.stderr)
            progress.receive(NodeFinished("r", name, 0.5))
    workers = [threading.Thread(target=work, args=(first,)) for first in range(threads)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    print("no end of line", end="")
print("after")
"""


def shown(count: int, *, stdout: int | None = None) -> list[str]:
    """The lines that stand in a terminal of 100 columns when the program has ended."""
    main, other = pty.openpty()
    environment = {**os.environ, "COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
    words = [sys.executable, "-c", PROGRAM, str(count)]
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment, stderr=other, stdout=other if stdout is None else stdout
    )
    os.close(other)
    said = bytearray()
    while True:
        try:
            data = os.read(main, 1 << 16)
        except OSError:  # Linux says so when nobody writes any more
            break
        if not data:
            break
        said += data
    os.close(main)
    assert process.wait() == 0
    return screen(said.decode())


def screen(text: str) -> list[str]:
    """What a terminal without a lower end shows of a text, as far as rich's codes go."""
    lines, row, column, at = [""], 0, 0, 0
    while at < len(text):
        sign = text[at]
        at += 1
        if sign == "\x1b":
            end = at + 1
            while not text[end].isalpha():
                end += 1
            number, code = text[at + 1 : end], text[end]
            at = end + 1
            if code == "A":
                row = max(row - int(number or 1), 0)
            elif code == "K":
                lines[row] = "" if number == "2" else lines[row][:column]
            elif code not in "mhl":
                raise AssertionError(f"the screen does not know {number}{code}")
        elif sign == "\n":
            row += 1
            if row == len(lines):
                lines.append("")
        elif sign == "\r":
            column = 0
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + sign + line[column + 1 :]
            column += 1
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.slow)])
def test_events_of_many_threads_leave_every_line_once_and_no_bar(count: int) -> None:
    lines = shown(count)
    expected = {f"printed {n} by a node" for n in range(count)}
    expected |= {f"warned {n} by a node" for n in range(count)}
    expected |= {f"{f'node{n}':<24}   0.50 s, 0.25 s a step" for n in range(count)}
    # A step is told of two, so the time of one is told as well.
    assert sorted(line for line in lines if line) == sorted([*expected, "no end of line", "after"])


def test_output_that_is_piped_gets_what_is_printed_and_the_terminal_does_not() -> None:
    read, write = os.pipe()
    lines = shown(20, stdout=write)
    os.close(write)
    with os.fdopen(read) as file:
        piped = file.read()
    assert piped.count("by a node\n") == 20
    assert piped.endswith("no end of lineafter\n")
    assert not [line for line in lines if "printed" in line]
    assert len([line for line in lines if "warned" in line]) == 20
