"""Every command of the guide to sharing, run as it is written, with two servers."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.test_two_servers import THIMBLE, Place

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs" / "guide" / "sharing.md").read_text("utf-8")
COMMANDS = re.findall(r"^```\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("jq")), reason="no curl or jq")
def test_commands_of_the_guide_do_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    weft = tmp_path / "bin" / "weft"
    weft.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weft "$@"\n')
    weft.chmod(0o755)
    here = tmp_path / "here"
    here.mkdir()
    (here / "graphs").symlink_to(ROOT / "graphs")
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + "a red circle\nSteps: 4".encode("utf-16-be")
    Image.new("RGB", (8, 8)).save(here / "from-the-web-ui.jpg", exif=exif)
    model = THIMBLE / "thimble.safetensors"
    shutil.copy(model, here / "model.safetensors")
    home = tmp_path / "home"
    place = home / "models" / "checkpoints" / "mine.safetensors"
    place.parent.mkdir(parents=True)
    shutil.copy(model, place)
    # What is there already is not fetched, so that the guide needs no network.
    entry = {
        "kind": "checkpoints",
        "name": "mine.safetensors",
        "url": "https://models.invalid/mine.safetensors",
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "size": model.stat().st_size,
    }
    (here / "models.json").write_text(json.dumps({"models": [entry]}))
    ann, bob = Place(tmp_path, "ann", "ann"), Place(tmp_path, "bob", "bob")
    with ann.serve(monkeypatch) as one, bob.serve(monkeypatch) as other:
        env = os.environ | {
            "PATH": f"{weft.parent}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "WEFT_HOME": str(home),
            **{"ANN": one.url, "ANN_TOKEN": str(one.token)},
            **{"BOB": other.url, "BOB_TOKEN": str(other.token)},
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join(COMMANDS)],
            cwd=here,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "a red circle" in done.stdout  # what the picture of another program says
    assert "verified: the image is the same" in done.stdout
    assert "no known difference would change the image" in done.stdout
    assert str(place) in done.stdout  # found by its hash
    assert json.loads((here / "w.json").read_text())["nodes"]["edges"]["type"] == "Canny"
    assert b"Canny" not in (here / "clean.png").read_bytes()
    assert json.loads((here / "opened.json").read_text())["report"]["ready"] is True
    assert len(list((bob.folder / "out").glob("*.png"))) == 1
