"""comfy-script: reads /object_info into functions, runs a workflow, waits for its picture."""

import sys

from comfy_script.runtime import load

load(f"http://{sys.argv[1]}")
from comfy_script.runtime import Workflow  # noqa: E402
from comfy_script.runtime.nodes import (  # noqa: E402
    CheckpointLoaderSimple,
    CLIPTextEncode,
    EmptyLatentImage,
    KSampler,
    SaveImage,
    VAEDecode,
)

with Workflow(wait=True):
    model, clip, vae = CheckpointLoaderSimple("thimble.safetensors")
    positive = CLIPTextEncode("a green triangle", clip)
    negative = CLIPTextEncode("", clip)
    latent = EmptyLatentImage(128, 128, 1)
    latent = KSampler(model, 5, 4, 4.0, "euler", "normal", positive, negative, latent, 1.0)
    saved = SaveImage(VAEDecode(latent, vae), "script")

pictures = saved.wait().wait()
assert pictures[0].size == (128, 128), pictures
