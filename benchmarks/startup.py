"""How long `weft run` takes from the shell to the first sampling step.

    python -m benchmarks.startup [--repeat 5] [--file graphs/txt2img.json]

Whole processes, medians: until the first sampling step is reported, until the end, the same again
in a new process that finds everything in the disk cache, and as peers in the same run the bare
imports that no diffusion program can do without, and `weft --help`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

IMPORTS = "import torch; from diffusers import UNet2DConditionModel; import transformers"


def timed(words: list[str], env: dict[str, str] | None = None) -> float:
    """Seconds of a whole process."""
    began = time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, env=env)
    return time.perf_counter() - began


def run(file: str) -> tuple[float, float, float]:
    """Seconds until the first sampling step, until the end, and of the same run once more."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "WEFT_HOME": folder}
        words = [sys.executable, "-m", "weft", "run", file, "--out", f"{folder}/out", "--json"]
        began = time.perf_counter()
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=env) as process:
            assert process.stdout is not None
            first = None
            for line in process.stdout:
                event = json.loads(line)
                if first is None and event["event"] == "NodeProgress" and event["total"] > 1:
                    first = time.perf_counter() - began
        if process.returncode or first is None:
            raise SystemExit(f"weft run failed with {process.returncode}")
        end = time.perf_counter() - began
        return first, end, timed(words, env)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--file", default="graphs/txt2img.json")
    options = parser.parse_args()
    runs: dict[str, list[float]] = {}
    for number in range(options.repeat + 1):
        step, end, again = run(options.file)
        found = {
            "weft --help": timed([sys.executable, "-m", "weft", "--help"]),
            "bare imports": timed([sys.executable, "-c", IMPORTS]),
            "first sampling step": step,
            "end of the run": end,
            "again, from disk": again,
        }
        for name, seconds in found.items():
            if number:  # the first round warms the disk cache
                runs.setdefault(name, []).append(seconds)
    peer = statistics.median(runs["bare imports"])
    print(f"{options.file}, seconds, median of {options.repeat} (lowest to highest)")
    for name, seconds in runs.items():
        middle = statistics.median(seconds)
        print(
            f"{name:<22}{middle:>7.2f}  ({min(seconds):.2f} to {max(seconds):.2f})"
            f"{middle / peer:>8.2f} x bare imports"
        )


if __name__ == "__main__":
    main()
