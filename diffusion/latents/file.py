"""Latent files, in the layout that ComfyUI reads and writes.

A safetensors file with `latent_tensor` (B, C, h, w) as the VAE takes it, and an empty tensor
`latent_format_version_0` that says so. Files without that mark are older and scaled.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import DiffusionError
from ..types import Latent

_OLD_SCALE = 0.18215


def latent_bytes(latent: Latent, metadata: Mapping[str, str]) -> bytes:
    """A latent file's content.

    Args:
        latent: What to write. Its noise mask is not part of the format and is left out.
        metadata: Texts for the header.
    """
    import torch
    from safetensors.torch import save

    tensors = {
        "latent_tensor": latent.samples.contiguous(),
        "latent_format_version_0": torch.tensor([]),
    }
    return save(tensors, {**metadata, "weft_family": latent.family})


def read_latent(path: Path) -> Latent:
    """Read a latent file.

    Raises:
        DiffusionError: `latent.not_a_latent`: it is damaged or something else.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            names = set(file.keys())
            if "latent_tensor" not in names:
                raise _not_a_latent(path, f"tensors {', '.join(sorted(names)[:5]) or 'none'}")
            samples = file.get_tensor("latent_tensor").float()
            family = (file.metadata() or {}).get("weft_family", "sd1")
    except (SafetensorError, OSError) as error:
        raise _not_a_latent(path, str(error)) from error
    if samples.ndim != 4 or 0 in samples.shape:
        raise _not_a_latent(path, f"a tensor of shape {tuple(samples.shape)}")
    if "latent_format_version_0" not in names:
        samples = samples / _OLD_SCALE
    return Latent(samples, family)


def _not_a_latent(path: Path, got: str) -> DiffusionError:
    return DiffusionError(
        "latent.not_a_latent",
        f'The file "{path.name}" holds no latent.',
        expected="a file written by SaveLatent",
        got=got[:200],
        hint="Choose another file.",
    )
