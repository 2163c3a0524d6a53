"""comfy-api-client: status, upload, a prompt over polling.

Its websocket tracker calls a method that its client (0.1.0) does not have, with any server.
"""

import asyncio
import json
import sys
from pathlib import Path

from comfy_api_client import create_client
from PIL import Image


async def main(server: str) -> None:
    prompt = json.loads(Path(__file__).with_name("txt2img.json").read_text())
    async with create_client(server, start_state_tracker="http") as client:
        stats = await client.get_system_stats()
        assert stats.devices
        assert await client.get_queue()
        picture = Image.new("RGB", (64, 64), "red")
        stored = await client.upload_image("client.png", picture, subfolder="sub")
        assert (stored.name, stored.subfolder, stored.type) == ("client.png", "sub", "input")
        prompt["3"]["inputs"]["seed"] = 2
        result = await (await client.submit_workflow(prompt)).future
        assert result.output_images[0].image.size == (128, 128)


asyncio.run(main(sys.argv[1]))
