"""Compile a model with torch, and set its compute type."""

from __future__ import annotations

from typing import Literal

from weft.diffusion.types import Model
from weft.engine.declaration.node import node


@node("TorchCompileModel", category="model/speed", lane="inline")
def torch_compile_model(
    model: Model, *, backend: Literal["inductor", "cudagraphs"] = "inductor"
) -> Model:
    """Compile a model's network with torch.compile: slower at first, faster afterwards.

    The first run at each image size compiles the network, which takes from half a minute to several
    minutes. Later runs in the same process reuse it. `weft run --compile` does this for all
    networks.

    Args:
        model: The model. LoRAs can be applied before or after this node.
        backend: "inductor" generates kernels and needs a C++ compiler (on CUDA, Triton).
            "cudagraphs" records CUDA kernel launches and needs a CUDA device.

    Returns:
        The model. It is compiled when it is first sampled. Results differ from the uncompiled model
        in the last digits.

    Source: torch.compile, PyTorch 2.
    """
    from weft.diffusion.patches.compiling import compile_model

    return compile_model(model, backend)


@node("ModelComputeDtype", category="model/speed", lane="inline")
def model_compute_dtype(
    model: Model, *, dtype: Literal["default", "fp32", "fp16", "bf16"] = "default"
) -> Model:
    """Compute a model's network in another number type than the device's default.

    Use it for models that overflow in fp16 (black images), or to compare number types. While the
    network is used, a second copy of its weights in this type is kept in memory. `weft run
    --precision` sets the type for all networks.

    Args:
        model: The model. LoRAs can be applied before or after this node.
        dtype: The number type for weights and computation. "default" undoes an earlier choice, if
            no other node is in between.

    Returns:
        The model with this compute type. Weights of GGUF and fp8 files stay compressed and are
        converted when they are used.

    Source: as ComfyUI.
    """
    from dataclasses import replace

    from weft.diffusion.device import dtype_named
    from weft.diffusion.weights.recast import recast

    weights = recast(model.weights, None if dtype == "default" else dtype_named(dtype))
    return model if weights is model.weights else replace(model, weights=weights)
