"""Reading a .ckpt: pickled tensors and nothing else, in a process of its own.

torch's `weights_only` reader knows tensors, numbers, texts and containers and refuses every other
name, so no code of the file runs. Should it err one day, it errs in a child process that holds
nothing: an environment without variables, no shared memory with weft, an end by time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ...errors import ModelError

TIMEOUT = 1800.0
"""Seconds; ten gigabytes from a slow disk take a few minutes."""


def unpickle(source: Path, target: Path) -> dict[str, int]:
    """Write the tensors of a .ckpt, .pt or .pth file to a safetensors file.

    Args:
        source: The file; a dictionary of tensors, or one under "state_dict", "params_ema" or
            "params".
        target: Where to write; replaced.

    Returns:
        How many tensors were written ("tensors") and how many entries left out ("others").

    Raises:
        ModelError: It asks for anything but tensors and plain values, or is damaged.
    """
    child = [sys.executable, "-I", str(Path(__file__).with_name("unpickle_child.py"))]
    try:
        done = subprocess.run(  # noqa: S603 - our own file, by the running interpreter
            [*child, str(source.resolve()), str(target.resolve())],
            env={"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreadable(source, f"it took more than {TIMEOUT:.0f} seconds") from error
    try:
        said = json.loads(done.stdout.decode("utf-8").splitlines()[-1])
    except (ValueError, IndexError):
        raise _unreadable(source, f"the reader ended with code {done.returncode}") from None
    if "error" in said:
        raise _unreadable(source, str(said["error"]))
    return {"tensors": int(said["tensors"]), "others": int(said["others"])}


def _unreadable(source: Path, why: str) -> ModelError:
    return ModelError(
        "model.unsafe_pickle",
        f'"{source.name}" was not converted: {why}.',
        expected="a pickle of tensors and plain values",
        hint="Do not open it with other tools; look for a safetensors file of the model.",
    )
