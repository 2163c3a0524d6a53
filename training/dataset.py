"""Render the training pictures once: images.npy (N, 128, 128, 3) uint8 and scenes.jsonl.

A line of scenes.jsonl holds the scene and its captions. Picture i depends on (seed, i) alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.captions import caption
from training.render import render
from training.world import SIZE, sample_scene

CAPTIONS_EACH = 4


def make(seed: int, index: int) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Picture, scene and captions number `index` of a data set."""
    rng = np.random.default_rng([seed, index])
    scene = sample_scene(rng)
    words = [caption(scene, rng) for _ in range(CAPTIONS_EACH)]
    return render(scene), {"captions": words, **scene.attributes()}


def _make_range(job: tuple[int, int, int]) -> tuple[int, NDArray[np.uint8], list[str]]:
    seed, start, stop = job
    pairs = [make(seed, index) for index in range(start, stop)]
    return start, np.stack([p for p, _ in pairs]), [json.dumps(s) for _, s in pairs]


def build(out: Path, count: int, seed: int, workers: int) -> None:
    """Write images.npy and scenes.jsonl into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    images = np.lib.format.open_memmap(
        out / "images.npy", mode="w+", dtype=np.uint8, shape=(count, SIZE, SIZE, 3)
    )
    jobs = [(seed, start, min(start + 250, count)) for start in range(0, count, 250)]
    with mp.Pool(workers) as pool, (out / "scenes.jsonl").open("w") as lines:
        for start, pixels, scenes in pool.imap(_make_range, jobs):
            images[start : start + len(pixels)] = pixels
            lines.write("\n".join(scenes) + "\n")
    images.flush()


def load(data: Path) -> tuple[NDArray[np.uint8], list[dict[str, Any]]]:
    """Images (memory-mapped) and scene records of a built data set."""
    images = np.load(data / "images.npy", mmap_mode="r")
    records = [json.loads(line) for line in (data / "scenes.jsonl").read_text().splitlines()]
    return images, records


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=mp.cpu_count())
    given = parser.parse_args()
    build(given.out, given.count, given.seed, given.workers)
