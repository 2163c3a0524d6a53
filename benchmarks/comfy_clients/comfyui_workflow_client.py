"""comfyui-workflow-client: set values by node title, generate, in both of its clients."""

import asyncio
import sys
from pathlib import Path

from comfyuiclient import ComfyUIClient, ComfyUIClientAsync

FILE = str(Path(__file__).with_name("txt2img.json"))


def sync(server: str) -> None:
    client = ComfyUIClient(server, FILE)
    client.connect()
    client.set_data(key="KSampler", seed=3)
    client.set_data(key="Positive", text="a blue square")
    results = client.generate(["Result Image"])
    assert results["Result Image"].size == (128, 128), results
    client.close()


async def concurrent(server: str) -> None:
    client = ComfyUIClientAsync(server, FILE)
    await client.connect()
    await client.set_data(key="KSampler", seed=4)
    results = await client.generate(["Result Image"])
    assert results["Result Image"].size == (128, 128), results
    await client.close()


sync(sys.argv[1])
asyncio.run(concurrent(sys.argv[1]))
