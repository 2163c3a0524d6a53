"""Where the parts of a diffusers folder lie. No torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ModelError

_FILES: Mapping[str, tuple[str, ...]] = {
    "unet": ("diffusion_pytorch_model", "model"),
    "vae": ("diffusion_pytorch_model", "model"),
    "text_encoder": ("model", "diffusion_pytorch_model"),
}
_SUFFIXES = (".safetensors", ".fp16.safetensors", ".bf16.safetensors")


def folder_parts(folder: Path) -> dict[str, Path]:
    """The safetensors files of UNet, VAE and text encoder in a diffusers folder.

    Raises:
        ModelError: It is no such folder, a part is missing, in several shards, or pickled.
    """
    if not (folder / "model_index.json").is_file():
        raise ModelError(
            "model.not_a_model_folder",
            f'Folder "{folder.name}" is not a diffusers model: it has no model_index.json.',
            hint="Choose the folder that holds model_index.json, or a single safetensors file.",
        )
    return {part: network_file(folder / part, stems) for part, stems in _FILES.items()}


def network_file(folder: Path, stems: tuple[str, ...] = _FILES["unet"]) -> Path:
    """The one safetensors file of a network's folder.

    Raises:
        ModelError: There is none, or the network is split in shards.
    """
    for stem in stems:
        for suffix in _SUFFIXES:
            if (folder / (stem + suffix)).is_file():
                return folder / (stem + suffix)
    found = sorted(p.name for p in folder.glob("*")) if folder.is_dir() else []
    weights = [name for name in found if name.endswith((".bin", ".safetensors", ".json"))]
    raise ModelError(
        "model.missing_part",
        f'There are no readable weights in "{folder.parent.name}/{folder.name}".',
        expected=f"{stems[0]}.safetensors in one piece",
        got=", ".join(weights[:4]) or "nothing",
        hint="Pickled (.bin) and sharded weights are not read; save the model as safetensors.",
    )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file, {} if there is no such file.

    Raises:
        ModelError: The file is not JSON.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ModelError(
            "model.bad_config",
            f'"{path.parent.name}/{path.name}" is not valid JSON: {error}.',
            hint="Download or copy the folder again.",
        ) from error
    return value if isinstance(value, dict) else {}
