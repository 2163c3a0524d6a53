"""One `weft run` alone and two at once, with threads that wait passively and actively.

    python -m benchmarks.two_runs [--repeat 5] [--file graphs/txt2img.json]

Whole processes: wall seconds and processor seconds of each, medians. Passive is what weft sets
unless `OMP_WAIT_POLICY` is in the environment; active is what OpenMP does by itself. The two take
turns, so that the machine's own changes of speed fall on both.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POLICIES = ("passive", "active")


def measured(file: str, policy: str, count: int) -> tuple[float, float]:
    """Wall seconds of the slowest of some runs begun together, and processor seconds of each."""
    with tempfile.TemporaryDirectory() as folder:
        began, before = time.perf_counter(), os.times()
        processes = []
        for number in range(count):
            home = Path(folder, str(number))
            env = {**os.environ, "WEFT_HOME": str(home), "OMP_WAIT_POLICY": policy}
            words = [sys.executable, "-m", "weft", "run", file, "--out", str(home / "out")]
            processes.append(subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL))
        codes = [process.wait() for process in processes]
        if any(codes):
            raise SystemExit("weft run failed")
        after = os.times()
        used = after.children_user + after.children_system
        used -= before.children_user + before.children_system
        return time.perf_counter() - began, used / count


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--file", default="graphs/txt2img.json")
    options = parser.parse_args()
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for round_ in range(options.repeat + 1):
        for count in (1, 2):
            for policy in POLICIES:
                figures = measured(options.file, policy, count)
                if round_:  # the first warms the page cache
                    found.setdefault((count, policy), []).append(figures)
    print(f"{'runs at once':<14}{'waiting':<10}{'wall':>8}{'processor':>12}  seconds, medians")
    for (count, policy), figures in found.items():
        wall, used = (statistics.median(column) for column in zip(*figures, strict=True))
        print(f"{count:<14}{policy:<10}{wall:>8.1f}{used:>12.1f}")
    ratio = {policy: statistics.median(wall for wall, _ in found[2, policy]) for policy in POLICIES}
    print(f"two at once, active / passive: {ratio['active'] / ratio['passive']:.2f}")


if __name__ == "__main__":
    main()
