"""Builds the torch modules: an empty shell on the meta device, filled with tensors from a file.

Nothing is initialised and nothing is copied: `load_state_dict(assign=True)` puts the tensors that
were read (or mapped) in the place of the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from ..importing import importing
from . import NETWORKS

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from ..weights.packed import PackedTensor


def build_network(
    kind: str,
    config: Mapping[str, Any],
    tensors: dict[str, Tensor],
    *,
    packed: Mapping[str, PackedTensor] | None = None,
) -> Module:
    """Make a frozen module in evaluation mode.

    Args:
        kind: A key of `networks.NETWORKS`.
        config: From `configuring.network_config`.
        tensors: All its parameters by diffusers (transformers) name, on device and in type.
        packed: More of its parameters, in few bits; linear and convolution layers keep them so, for
            others they are unpacked in the type of `tensors`.

    Raises:
        ModelError: Tensors are missing, left over, or of another shape.
    """
    import torch

    with torch.device("meta"):
        module = NETWORKS[kind].build(dict(config))
    expected = {name: tuple(p.shape) for name, p in module.state_dict().items()}
    kept: set[str] = set()
    if packed:
        from ..weights.packed import keep_packed

        kept = keep_packed(module, {n: blocks for n, blocks in packed.items() if n in expected})
        dtype = next((t.dtype for t in tensors.values() if t.is_floating_point()), torch.float32)
        tensors |= {n: packed[n].unpacked().to(dtype) for n in packed.keys() - kept}
    if kind == "t5" and "shared.weight" in tensors:
        tensors.setdefault("encoder.embed_tokens.weight", tensors["shared.weight"])
    _check(kind, expected, {**tensors, **{name: (packed or {})[name] for name in kept}})
    fitting = {n: tensors[n].reshape(shape) for n, shape in expected.items() if n not in kept}
    module.load_state_dict(fitting, strict=not kept, assign=True)
    device = next(iter(fitting.values())).device
    _fill_buffers(module, device)
    module.requires_grad_(False)
    _record_hidden_states(module)
    return module.eval()


def _record_hidden_states(module: Module) -> None:
    """Put transformers' recorders of hidden states on a network, once for all.

    It does so itself at the first call, and notes it on the module that was called. That is a lease
    (`weights.residency`), which goes; through the next one every layer would be recorded twice, and
    "the layer before the last" be the last.
    """
    if type(module).__module__.startswith("transformers."):
        with importing():
            from transformers.utils.output_capturing import maybe_install_capturing_hooks

        network: Any = module
        maybe_install_capturing_hooks(network)


def _check(
    kind: str, expected: Mapping[str, tuple[int, ...]], tensors: Mapping[str, Tensor | PackedTensor]
) -> None:
    missing = [name for name in expected if name not in tensors]
    left_over = [name for name in tensors if name not in expected]
    if missing or left_over:
        names = missing or left_over
        raise ModelError(
            "model.tensors_do_not_fit",
            f"The {kind} lacks {len(missing)} tensors and has {len(left_over)} unknown ones, e.g. "
            f'"{names[0]}".',
            expected=f"{len(expected)} tensors",
            got=str(len(tensors)),
            hint="The file is incomplete, or a variant that weft does not support yet.",
        )
    for name, shape in expected.items():
        got = tuple(tensors[name].shape)
        # 1x1 convolutions and linear layers hold the same numbers; old files mix them.
        if tuple(n for n in got if n != 1) != tuple(n for n in shape if n != 1):
            raise ModelError(
                "model.tensors_do_not_fit",
                f'Tensor "{name}" of the {kind} does not match the other tensors.',
                expected=str(shape),
                got=str(got),
            )


def _fill_buffers(module: Module, device: torch.device) -> None:
    """Give the buffers that no file holds their values: position numbers, sines of places."""
    import torch

    for owner in module.modules():
        for name, buffer in list(owner.named_buffers(recurse=False)):
            if buffer is None or not buffer.is_meta:
                continue
            if name == "position_ids":
                values = torch.arange(buffer.shape[-1], device=device).expand(buffer.shape)
            elif name == "token_type_ids":
                values = torch.zeros(buffer.shape, dtype=torch.long, device=device)
            elif name == "pos_embed":
                values = _places(owner, buffer).to(device=device)
            else:
                raise AssertionError(f"unknown buffer {name!r} left without values")
            owner.register_buffer(name, values, persistent=False)


def _places(owner: Any, buffer: Tensor) -> Tensor:
    """The sines of places that PixArt's patch embedding is made with."""
    import math

    with importing():
        from diffusers.models.embeddings import get_2d_sincos_pos_embed

    sines: Tensor = get_2d_sincos_pos_embed(
        buffer.shape[-1],
        math.isqrt(buffer.shape[1]),
        base_size=owner.base_size,
        interpolation_scale=owner.interpolation_scale,
        output_type="pt",
    )
    return sines.float().unsqueeze(0)
