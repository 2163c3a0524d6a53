"""How a model is computed: compiled by torch, and in which number type."""

from __future__ import annotations

from typing import Literal

from ...diffusion.types import Model
from ...engine.declaration.node import node


@node("TorchCompileModel", category="model/speed", lane="inline")
def torch_compile_model(
    model: Model, *, backend: Literal["inductor", "cudagraphs"] = "inductor"
) -> Model:
    """Compile a model's network with torch.compile: slow to begin, faster afterwards.

    The first run of each size of picture compiles, which takes from half a minute to several; later
    runs of the same process use it again. `weft run --compile` does it for all networks.

    Args:
        model: The model. LoRAs may stand before or behind.
        backend: "inductor" makes kernels of its own and needs a C++ compiler (on CUDA Triton);
            "cudagraphs" records CUDA's launches and needs a CUDA card.

    Returns:
        The model, compiled when it is first sampled. Its numbers differ in their last digits.

    Source: torch.compile, PyTorch 2.
    """
    from ...diffusion.patches.compiling import compile_model

    return compile_model(model, backend)


@node("ModelComputeDtype", category="model/speed", lane="inline")
def model_compute_dtype(
    model: Model, *, dtype: Literal["default", "fp32", "fp16", "bf16"] = "default"
) -> Model:
    """Compute a model's network in another number type than its device computes best.

    For models that overflow in fp16 (black pictures), or to compare types. The network is held once
    more in this type while it is used. `--precision` of `weft run` does so for all networks.

    Args:
        model: The model. LoRAs may stand before or behind.
        dtype: The type that weights are brought to and sums are done in; "default" takes an
            earlier choice back, if nothing stands between.

    Returns:
        The model, in this type. GGUF and fp8 weights stay in few bits and are widened to it.

    Source: as ComfyUI.
    """
    from dataclasses import replace

    from ...diffusion.device import dtype_named
    from ...diffusion.weights.recast import recast

    weights = recast(model.weights, None if dtype == "default" else dtype_named(dtype))
    return model if weights is model.weights else replace(model, weights=weights)
