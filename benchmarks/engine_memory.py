"""How memory grows over many runs of a workflow that keeps changing, and how fast hashing is.

    python -m benchmarks.engine_memory [--runs 300] [--nodes 300]

Every run changes one number near the root, so most of its results are new. Printed: resident memory
after each tenth of the runs, and the slope over the second half, in KiB a run; it is flat when the
cache's budget holds. Then the throughput of content digests, beside a plain read of the same bytes.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks.engine_overhead import tree
from weft.engine.engine import Engine
from weft.engine.store.cache import MemoryCache
from weft.engine.store.values import Values
from weft.engine.workflows.workflow import Workflow
from weft.nodes.standard.registry import standard_registry


def resident() -> int:
    """Resident memory of this process in KiB."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("this system does not tell a process's memory in /proc/self/status")


class Bytes:
    """Digests raw bytes, as tensors are."""

    def parts(self, value: bytearray) -> list[memoryview]:
        """All of them."""
        return [memoryview(value)]

    def nbytes(self, value: bytearray) -> int:
        """Their number."""
        return len(value)

    def mark(self, value: bytearray) -> bytes:
        """The first of them."""
        return bytes(value[:64])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--nodes", type=int, default=300)
    options = parser.parse_args()
    nodes = tree(options.nodes)
    workflow = Workflow.from_json({"nodes": nodes})
    wanted = [f"{list(nodes)[-1]}.value"]
    memory = []
    with Engine(standard_registry(packs=False), cache=MemoryCache(8 * 2**20)) as engine:
        for number in range(options.runs):
            engine.run(workflow.set("n0.value", float(number)), outputs=wanted)
            memory.append(resident())
    tenth = max(1, options.runs // 10)
    print("resident MiB:", " ".join(f"{m / 1024:.0f}" for m in memory[::tenth]))
    half = memory[len(memory) // 2 :]
    slope = np.polyfit(range(len(half)), half, 1)[0]
    print(f"slope over the last {len(half)} runs: {slope:.2f} KiB a run")

    values = Values({"builtins.bytearray": Bytes()})
    for size in (2**12, 2**20, 2**28):
        data = bytearray(np.random.default_rng(0).bytes(size))
        repeat = max(1, 2**28 // size)
        began = time.perf_counter()
        for _ in range(repeat):
            values.digest(data)
        digest = time.perf_counter() - began
        began = time.perf_counter()
        for _ in range(repeat):
            np.frombuffer(data, np.uint64).sum()
        read = time.perf_counter() - began
        rate = size * repeat / digest / 2**30
        print(f"digest of {size:>9} bytes: {rate:.2f} GiB/s, {digest / read:.1f} x a plain sum")


if __name__ == "__main__":
    main()
