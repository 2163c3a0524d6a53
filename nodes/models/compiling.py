"""Models compiled by torch."""

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
    from ...diffusion.adapters.compiling import compile_model

    return compile_model(model, backend)
