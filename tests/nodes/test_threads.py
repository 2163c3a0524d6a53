"""How threads are told to wait, before torch is loaded."""

from __future__ import annotations

import os
import subprocess
import sys

from weft.nodes.threads import thread_settings


def test_settings_of_one_process_say_how_to_wait_alone() -> None:
    assert thread_settings(environ={}) == {"OMP_WAIT_POLICY": "passive"}


def test_settings_of_several_share_the_cores() -> None:
    cores = os.cpu_count() or 1
    assert thread_settings(2, environ={})["OMP_NUM_THREADS"] == str(max(cores // 2, 1))
    assert thread_settings(10 * cores, environ={})["OMP_NUM_THREADS"] == "1"


def test_settings_leave_out_what_the_user_chose() -> None:
    chosen = {"OMP_WAIT_POLICY": "active", "OMP_NUM_THREADS": "7"}
    assert thread_settings(4, environ=chosen) == {}


def _environment(code: str, **given: str) -> str:
    environ = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"} | given
    code += "; import os, sys; sys.stdout.write(str(os.environ.get('OMP_WAIT_POLICY')))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environ
    )
    return done.stdout.splitlines()[-1]


def test_command_line_waits_passively() -> None:
    code = "from weft.cli.main import main; main(['nodes', 'KSampler'])"
    assert _environment(code) == "passive"
    assert _environment(code, OMP_WAIT_POLICY="active") == "active"


def test_engine_of_the_library_waits_passively_unless_torch_is_loaded() -> None:
    assert _environment("import weft; weft.Engine(disk_cache=False)") == "passive"
    assert _environment("import torch, weft; weft.Engine(disk_cache=False)") == "None"
