"""Run clients made for ComfyUI, as their registries have them, against `weft serve`.

    python benchmarks/comfy_clients/run.py [--keep DIR] [NAME ...]

Each gets an environment of its own. What one does is said at the top of its script; it passes when
it ends without an error. Needs PyPI, npm and Node.js.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE = 180  # seconds for one client


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        package: As the registry has it.
        script: Its script here; empty for a program that comes with the package.
    """

    package: str
    script: str

    @property
    def is_python(self) -> bool:
        """Whether it comes from PyPI."""
        return not self.script.endswith(".mjs")


CLIENTS = {
    "comfy-api-client": Client("comfy-api-client==0.1.0", "comfy_api_client.py"),
    "comfyui-workflow-client": Client(
        "comfyui-workflow-client==0.1.0", "comfyui_workflow_client.py"
    ),
    "comfy-script": Client("comfy-script[default]", "comfy_script.py"),
    "comfy-cli": Client("comfy-cli", ""),
    "@stable-canvas/comfyui-client": Client("@stable-canvas/comfyui-client", "stable_canvas.mjs"),
    "@saintno/comfyui-sdk": Client("@saintno/comfyui-sdk", "saintno.mjs"),
    "comfy-ui-client": Client("comfy-ui-client", "comfy_ui_client.mjs"),
}


def main() -> int:
    """Run those that are asked for; 0 when all pass."""
    parser = argparse.ArgumentParser(description="Run clients made for ComfyUI against weft.")
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(CLIENTS)}")
    parser.add_argument("--keep", type=Path, help="folder that keeps the environments")
    parser.add_argument("--port", type=int, default=8191)
    options = parser.parse_args()
    root = options.keep or Path(tempfile.mkdtemp(prefix="weft-clients-"))
    failed = []
    server = start(options.port, root)
    try:
        for name in options.names or CLIENTS:
            began = time.monotonic()
            ran = run(CLIENTS[name], root / name.replace("/", "_"), options.port)
            word = "passed" if ran.returncode == 0 else "FAILED"
            print(f"{word}  {name}  {time.monotonic() - began:.1f} s")
            if ran.returncode:
                failed.append(name)
                print(ran.stdout[-2000:])
    finally:
        server.terminate()
        server.wait()
        if options.keep is None:
            shutil.rmtree(root, ignore_errors=True)
    return 1 if failed else 0


def start(port: int, root: Path) -> subprocess.Popen[bytes]:
    """A server with fresh data."""
    root.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="server-", dir=root))
    words = ["--port", str(port), "--data", str(place / "data"), "--out", str(place / "out")]
    server = subprocess.Popen(
        [sys.executable, "-m", "weft", "serve", *words], stderr=subprocess.DEVNULL
    )
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=1):
                return server
        except OSError:
            time.sleep(0.1)
    server.kill()
    raise SystemExit("the server did not start")


def run(client: Client, folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Install a client if need be, and run its script."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "txt2img.json", folder)
    address = f"127.0.0.1:{port}"
    if client.is_python:
        words = python_words(client, folder, address)
    else:
        if not (folder / "node_modules").exists():
            (folder / "package.json").write_text('{"type": "module"}')
            install = ["npm", "install", "--no-audit", "--no-fund", client.package, "ws"]
            subprocess.run(install, cwd=folder, check=True, capture_output=True)
        shutil.copy(HERE / client.script, folder)
        words = ["node", client.script, address]
    return subprocess.run(
        words,
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        env=os.environ | {"HOME": str(folder)},
    )


def python_words(client: Client, folder: Path, address: str) -> list[str]:
    """The command line of a client from PyPI."""
    programs = folder / "venv" / "bin"
    if not programs.exists():
        venv.create(folder / "venv", with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "-q", client.package]
        subprocess.run(pip, check=True, capture_output=True)
    if client.script:
        # Under another name, or the script would be imported in place of the package.
        shutil.copy(HERE / client.script, folder / "script.py")
        return [str(programs / "python"), "script.py", address]
    comfy = [str(programs / "comfy"), "--skip-prompt", "--where", "local"]
    subprocess.run(
        [*comfy, "tracking", "disable"],
        check=False,
        capture_output=True,
        env=os.environ | {"HOME": str(folder)},
    )
    host, _, port = address.partition(":")
    workflow = ["run", "--workflow", "txt2img.json", "--host", host, "--port", port]
    return [*comfy, *workflow, "--wait", "--timeout", "60"]


if __name__ == "__main__":
    raise SystemExit(main())
