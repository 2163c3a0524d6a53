"""Settings that affect results beside the workflow: device, precision, attention, compilation."""

from __future__ import annotations

import contextlib
import importlib.metadata

from weft.engine.share.lock import Runtime


def standard_numerics() -> str:
    """Settings that affect results beside the workflow: device, precisions, attention kernel,
    fp8 storage and compilation."""
    from weft.diffusion import device as kinds
    from weft.diffusion.device import attention_choice, compute_device, compute_dtype, storage_dtype
    from weft.diffusion.weights.budget import compile_mode

    device = compute_device()
    told = (kinds.UNET, kinds.CONTROL, kinds.NETWORK, kinds.VAE, kinds.TEXT, kinds.EXACT)
    words = [device.type, *(str(compute_dtype(each, device)) for each in told)]
    # Kernels differ in their last digits. "auto" says nothing, so that older keys stay valid.
    chosen = {
        "attention": attention_choice(),
        "unet": storage_dtype(kinds.UNET),
        "text": storage_dtype(kinds.TEXT),
        "compile": compile_mode(),
    }
    words += [f"{name}={value}" for name, value in chosen.items() if value not in (None, "auto")]
    return " ".join(words)


def standard_runtime() -> Runtime:
    """Device, precision and versions that affect results, for locks of shared workflows."""
    packages = {}
    for name in ("torch", "diffusers", "transformers"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            packages[name] = importlib.metadata.version(name)
    return Runtime(
        weft=importlib.metadata.version("weft"), numerics=standard_numerics(), packages=packages
    )
