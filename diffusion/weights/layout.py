"""One layout in memory for tensors, whatever way they came.

Matrix kernels choose their path by where a tensor begins and by its strides, and the paths round
differently: MKL's single-precision product of a weight that begins at an odd multiple of 8 bytes
differs by 1.6e-7 from that of the same weight at a multiple of 64, on processors where it uses its
SSE kernels. Sampling makes visible differences of that. A file maps its tensors wherever its header
ends, while torch begins what it allocates at multiples of 64 bytes; so one checkpoint gave other
images than the same weights out of a folder, a GGUF file or a merge.

Every tensor that a network computes with is therefore contiguous and, on the CPU, begins at a
multiple of 64 bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ALIGNMENT = 64
"""Bytes: a cache line, the widest vector register, and what torch's own allocator aligns to."""


def is_laid_out(tensor: Tensor) -> bool:
    """Whether a tensor is contiguous and, on the CPU, begins at a multiple of 64 bytes."""
    if not tensor.is_contiguous():
        return False
    return tensor.device.type != "cpu" or tensor.data_ptr() % ALIGNMENT == 0


def laid_out(tensor: Tensor) -> Tensor:
    """The same values in the layout that all weights have.

    Args:
        tensor: Any shape, type and device; left as it is.

    Returns:
        The tensor itself if it lies so already, else a copy.
    """
    import torch

    if is_laid_out(tensor):
        return tensor
    return tensor.clone(memory_format=torch.contiguous_format)
