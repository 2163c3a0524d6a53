"""Peak memory of opening a checkpoint and using all of its networks once.

    python -m benchmarks.load_memory [--megabytes N]

Random SD1.x checkpoints of about N megabytes (default 400) are written to a temporary folder,
float32 and float16, and a float32 Flux checkpoint, whose joined queries, keys and values are cut.
For each a fresh process imports the libraries, notes its resident size, then loads, encodes text,
runs one step and decodes a small picture; printed is the growth of the peak over the file's size.
"build" is the growth when all modules are built, "use" after running them. Linux only (/proc).

Goal for float32: at most 1.1 of the file (the weights stay mapped; pages count once they are read).
A float16 file is computed in float32 on the CPU, so 2.0 of its size is the least possible.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CHILD = """
import json, sys
import torch, diffusers, transformers
from diffusers import UNet2DConditionModel, FluxTransformer2DModel, AutoencoderKL
from transformers import CLIPTextModel, T5EncoderModel
from safetensors import safe_open
import weft.diffusion as wd
import weft.diffusion.sampling.sample, weft.diffusion.text.clip, weft.diffusion.vae.coding
from weft.diffusion.families import sd1, flux

def peak():
    # Not ru_maxrss: a child inherits its parent's.
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

torch.nn.functional.conv2d(torch.zeros(1, 4, 8, 8), torch.zeros(4, 4, 3, 3))
base = peak()
model, clip, vae = wd.load_checkpoint(sys.argv[1])
opened = peak()
for part in (model, clip, vae):
    part.weights.module
built = peak()
text = wd.encode_text(clip, "a photo")
latent = wd.sample(model, text, text, wd.empty_latent(64, 64), seed=1, steps=1, cfg=1.0,
                   sampler_name="euler", scheduler="normal")
wd.decode_latent(vae, latent)
used = peak()
grown = {"open": opened - base, "build": built - base, "use": used - base}
print(json.dumps(grown))
"""


def write(path: Path, megabytes: int, half: bool) -> None:
    """A random checkpoint of SD1.x shape whose UNet makes up the size."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    import weft.diffusion as wd

    torch.manual_seed(0)
    bytes_each = 2 if half else 4
    # SD1.x has 860 M parameters at a first width of 320; they grow with its square.
    width = round((megabytes * 1e6 / bytes_each / 860e6) ** 0.5 * 320 / 32) * 32
    unet = UNet2DConditionModel(
        block_out_channels=(width, 2 * width, 4 * width, 4 * width),
        cross_attention_dim=256,
        attention_head_dim=8,
    )
    vae = AutoencoderKL(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )
    text = CLIPTextModel(
        CLIPTextConfig(hidden_size=256, num_hidden_layers=2, num_attention_heads=4)
    )
    parts: list[dict[str, Any]] = [m.state_dict() for m in (unet, vae, text)]
    if half:
        parts = [{name: tensor.half() for name, tensor in part.items()} for part in parts]
    wd.save_checkpoint(path, *parts)


def write_flux(path: Path, megabytes: int) -> None:
    """A random Flux checkpoint in the published layout, whose transformer makes up the size."""
    import torch
    from diffusers import AutoencoderKL, FluxTransformer2DModel
    from transformers import CLIPTextConfig, CLIPTextModel, T5Config, T5EncoderModel

    from tests import families, models

    torch.manual_seed(0)
    # A double block holds about 30, a single block about 15 times the square of the width.
    heads = max(1, round((megabytes * 1e6 / 4 / (6 * 30 + 12 * 15)) ** 0.5 / 64))
    network = FluxTransformer2DModel(
        num_layers=6,
        num_single_layers=12,
        attention_head_dim=64,
        num_attention_heads=heads,
        joint_attention_dim=128,
        pooled_projection_dim=64,
        guidance_embeds=True,
        axes_dims_rope=(8, 28, 28),
    )
    vae = AutoencoderKL(
        block_out_channels=(32,) * 4,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    vocabulary = 3 + len(models.WORDS)
    clip = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=1,
            bos_token_id=0,
            eos_token_id=1,
        )
    )
    t5 = T5EncoderModel(
        T5Config(vocab_size=vocabulary, d_model=128, num_layers=2, feed_forward_proj="gated-gelu")
    )
    families.write(
        path,
        families.flux_tensors(network, "model.diffusion_model."),
        families.ldm("vae", vae),
        families.text_tensors(clip, "text_encoders.clip_l.transformer."),
        families.t5_tensors(t5, "text_encoders.t5xxl.transformer."),
        metadata={"tokenizer_2": families.t5_tokenizer()},
    )


def main(megabytes: int) -> None:
    """Write, measure, print."""
    print(
        f"{'file':10s}{'MB':>8s}{'open':>10s}{'build':>10s}{'use':>10s}   (growth of peak / file)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for name in ("float32", "float16", "flux"):
            path = Path(folder) / f"{name}.safetensors"
            if name == "flux":
                write_flux(path, megabytes)
            else:
                write(path, megabytes, half=name == "float16")
            size = path.stat().st_size
            done = subprocess.run(
                [sys.executable, "-c", CHILD, str(path)],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "WEFT_DEVICE": "cpu"},
            )
            grown = json.loads(done.stdout.splitlines()[-1])
            shares = "".join(f"{grown[key] / size:10.2f}" for key in ("open", "build", "use"))
            print(f"{name:10s}{size / 1e6:8.0f}{shares}")
            path.unlink()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=400)
    main(parser.parse_args().megabytes)
