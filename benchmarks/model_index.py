"""The index of models with many files: how long lists and searches take, and how much memory.

    python benchmarks/model_index.py --files 100000

Files are sparse: a safetensors header with a few zeros behind it. Printed are seconds for the
first listing of a server that has never seen the folder, of one that has (right after its start),
of later pages and searches, and the memory of the process before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

FOLDERS = 200


def make(root: Path, count: int) -> None:
    """Make so many LoRAs in a few folders."""
    header = json.dumps(
        {
            "__metadata__": {"modelspec.title": "t", "ss_output_name": "x"},
            "lora_unet_mid.lora_down.weight": {
                "dtype": "F16",
                "shape": [4, 4],
                "data_offsets": [0, 32],
            },
        }
    ).encode()
    content = len(header).to_bytes(8, "little") + header
    for number in range(count):
        folder = root / "loras" / f"group{number % FOLDERS:03}"
        if number < FOLDERS:
            folder.mkdir(parents=True)
        path = folder / f"model-{number:06}-{'abcdefghij'[number % 10]}.safetensors"
        path.write_bytes(content)
        os.truncate(path, len(content) + 32)


def memory() -> float:
    """Resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def timed(client: Any, what: str, path: str, repeat: int = 1) -> Any:
    """Ask, and print how long it took (the best of `repeat`)."""
    best, data = float("inf"), {}
    for _ in range(repeat):
        began = time.perf_counter()
        async with client.get(path) as answer:
            data = await answer.json()
        best = min(best, time.perf_counter() - began)
    about = f"{len(data['models'])} of {data['total']}" if "models" in data else ""
    complete = "" if data.get("complete", True) else "  (folders not read yet)"
    print(f"{what:<44} {best * 1000:8.1f} ms  {about}{complete}")
    return data


async def measure(root: Path, folder: Path) -> None:
    """Start a server twice, and ask."""
    from aiohttp.test_utils import TestClient, TestServer

    from weft.server.app import create_app
    from weft.server.models.service import MODELS
    from weft.server.settings import Settings

    def app() -> Any:
        return create_app(
            Settings(
                data=folder / "data",
                output=folder / "out",
                models=(root,),
                packs=False,
                workers=0,
                hash_models=False,
            )
        )

    print(f"memory before {memory():.0f} MiB")
    async with TestClient(TestServer(app())) as client:
        began = time.perf_counter()
        await timed(client, "first listing, never seen", "/v1/models/loras")
        while not (await (await client.get("/v1/models/loras?limit=1")).json())["complete"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        print(f"{'folders read and stored after':<44} {time.perf_counter() - began:8.2f} s")
        models = client.app[MODELS]  # type: ignore[index]
        while models.index.pending(models.all_roots, "described"):  # noqa: ASYNC110
            await asyncio.sleep(1)
        print(f"{'every header read after':<44} {time.perf_counter() - began:8.2f} s")
        print(f"memory {memory():.0f} MiB")
    async with TestClient(TestServer(app())) as client:
        await timed(client, "first listing after a restart", "/v1/models/loras")
        while not (await (await client.get("/v1/models/loras?limit=1")).json())["complete"]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        page = await timed(client, "first page", "/v1/models/loras", 5)
        await timed(client, "next page", f"/v1/models/loras?after={page['next']}", 5)
        await timed(client, "newest first", "/v1/models/loras?order=newest", 5)
        await timed(client, "search, common word", "/v1/models/loras?search=model", 5)
        await timed(client, "search, one model", "/v1/models/loras?search=model-077777", 5)
        await timed(client, "search, nothing", "/v1/models/loras?search=nothing+here", 5)
        await timed(client, "counts of all kinds", "/v1/models", 5)
        print(f"memory {memory():.0f} MiB")


def main() -> None:
    """Make files, measure, delete them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["WEFT_HOME"] = str(folder / "home")
        make(folder / "models", options.files)
        asyncio.run(measure(folder / "models", folder))


if __name__ == "__main__":
    main()
