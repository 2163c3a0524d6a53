"""Where the parts of a diffusers folder lie. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import ModelError

_STEMS = ("diffusion_pytorch_model", "model")
_SUFFIXES = (".safetensors", ".fp16.safetensors", ".bf16.safetensors")
NETWORKS = ("unet", "transformer")
PARTS = ("vae", "text_encoder", "text_encoder_2", "text_encoder_3")


def folder_parts(folder: Path) -> dict[str, Path]:
    """The folders of the networks in a diffusers folder: network, VAE, text encoders.

    Raises:
        ModelError: It is no such folder, or the denoising network or VAE is missing.
    """
    if not (folder / "model_index.json").is_file():
        raise ModelError(
            "model.not_a_model_folder",
            f'Folder "{folder.name}" is not a diffusers model: it has no model_index.json.',
            hint="Choose the folder that holds model_index.json, or a single safetensors file.",
        )
    found = {part: folder / part for part in (*NETWORKS, *PARTS) if (folder / part).is_dir()}
    for missing, names in (("unet", NETWORKS), ("vae", ("vae",))):
        if not any(name in found for name in names):
            raise ModelError(
                "model.missing_part",
                f'Folder "{folder.name}" has no {missing}.',
                expected=" or ".join(names),
                got=", ".join(found) or "no networks",
                hint="Download or copy the folder again.",
            )
    return found


def network_files(folder: Path, stems: tuple[str, ...] = _STEMS) -> list[Path]:
    """The safetensors file of a network's folder, or all its shards.

    Raises:
        ModelError: There is none, or a shard is missing.
    """
    for stem in stems:
        for suffix in _SUFFIXES:
            if (folder / (stem + suffix)).is_file():
                return [folder / (stem + suffix)]
            index = folder / f"{stem}{suffix}.index.json"
            if not index.is_file():
                continue
            names = sorted(set(read_json(index).get("weight_map", {}).values()))
            shards = [folder / Path(str(name)).name for name in names]
            missing = [shard.name for shard in shards if not shard.is_file()]
            if missing or not shards:
                raise ModelError(
                    "model.missing_part",
                    f'The network in "{folder.parent.name}/{folder.name}" is split in '
                    f"{len(shards)} files, and {len(missing)} of them are missing.",
                    expected=", ".join(names[:3]),
                    got=f"without {', '.join(missing[:3])}",
                    hint="Download or copy the folder again.",
                )
            return shards
    found = sorted(p.name for p in folder.glob("*")) if folder.is_dir() else []
    weights = [name for name in found if name.endswith((".bin", ".safetensors", ".json"))]
    raise ModelError(
        "model.missing_part",
        f'The folder "{folder.parent.name}/{folder.name}" has no weights that weft can load.',
        expected=f"{stems[0]}.safetensors",
        got=", ".join(weights[:4]) or "nothing",
        hint="weft loads no pickles (.bin); save the model as safetensors.",
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
    except (ValueError, RecursionError) as error:
        raise ModelError(
            "model.bad_config",
            f'"{path.parent.name}/{path.name}" is not valid JSON: {error}.',
            hint="Download or copy the folder again.",
        ) from error
    return value if isinstance(value, dict) else {}
