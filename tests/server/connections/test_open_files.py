from __future__ import annotations

import subprocess
import sys

import pytest

from weft.server.connections.open_files import room_for


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_soft_limit_is_raised_to_the_hard_one() -> None:
    code = "from weft.server.connections.open_files import raise_limit; print(raise_limit())"
    command = f'ulimit -Sn 300; ulimit -Hn 900; exec {sys.executable} -c "{code}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "900"


def test_room_leaves_files_for_answers() -> None:
    assert room_for(65_536, 4096) == 4096
    assert room_for(1024, 4096) == 618
    assert room_for(20, 4096) == 8
