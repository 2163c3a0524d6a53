"""File systems without hard links: exFAT, some network shares, cards of telephones."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cases.places import case
from tests.server.outer import form, png
from tests.server.outer import serving as bare_serving
from weft.cli.main import main

WORKFLOW = """{"1": {"class_type": "EmptyImage", "inputs":
  {"width": 64, "height": 64, "batch_size": 3, "color": 255}},
 "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "p"}}}"""


@pytest.fixture(params=[errno.EPERM, errno.ENOTSUP])
def no_links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `os.link` says on such file systems."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(request.param, os.strerror(request.param))

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_links")
def test_outputs_are_written_numbered_and_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "w.json").write_text(WORKFLOW)
    for _ in range(2):
        assert main(["run", str(tmp_path / "w.json"), "--out", str(tmp_path / "out")]) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"p_0000{number}.png" for number in range(1, 7)]
    assert all(path.stat().st_size > 100 for path in (tmp_path / "out").iterdir())


@pytest.mark.usefixtures("no_links")
async def test_uploads_are_placed_and_never_replace_another(tmp_path: Path) -> None:
    async with bare_serving(tmp_path) as client:
        names = []
        for colour in ("red", "blue", "red"):
            answer = await client.post("/v1/files/input", **form(png(colour=colour), "a.png"))
            assert answer.status == 201
            names += [file["name"] for file in (await answer.json())["files"]]
        assert names == ["a.png", "a (1).png", "a.png"]
        kept = await client.get("/v1/files/input/a.png")
        assert await kept.read() == png(colour="red")


@pytest.mark.skipif(
    (hasattr(os, "geteuid") and os.geteuid() != 0)
    or not shutil.which("mount.exfat-fuse")
    or not Path("/dev/fuse").exists(),
    reason="mounting exFAT takes root, exfat-fuse and a kernel with FUSE",
)
def test_case_runs_on_exfat(tmp_path: Path) -> None:
    weft = tmp_path / "weft"
    weft.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m weft "$@"\n')
    weft.chmod(0o755)
    done = subprocess.run(
        ["bash", str(case("behaviour/04_no_hard_links.sh"))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    if "mount" in done.stderr or "losetup" in done.stderr:
        pytest.skip(f"no loop device or mount here: {done.stderr[:200]}")
    assert done.stdout.splitlines()[-1] == "p_00001.png", done.stderr
