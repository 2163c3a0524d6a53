"""Two lanes that need diffusers at once, in a process that has not imported it."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations_with_replacement
from pathlib import Path

import pytest

from .places import case

SCRIPT = Path(__file__).with_name("import_race.py")
LANES = ["cpu", "gpu", "io"]
PAIRS = [pair for pair in combinations_with_replacement(LANES, 2) if pair != ("gpu", "gpu")]
"""The gpu lane has one thread: two steps of it never run at once."""


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_two_lanes_that_import_diffusers_at_once_both_run(pair: tuple[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, *pair], check=False, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["UNet2DConditionModel", "AutoencoderKL"]


def test_first_run_of_a_process_samples_and_saves_a_vae(tmp_path: Path) -> None:
    file = case("rows/import-race.json")
    command = [sys.executable, "-m", "weft", "run", str(file), "--out", str(tmp_path / "out")]
    home = {"WEFT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **home},
    )
    assert done.returncode == 0, done.stdout + done.stderr
