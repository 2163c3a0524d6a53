"""Reading named tensors of one safetensors file onto a device, in a number type.

Tensors that already have the wanted type and stay on the CPU are *mapped*: no copy is made, the
system pages them in when the network first reads them, and every process that maps the file shares
them. All others are read one at a time and converted, so that at most one tensor exists twice. A
float16 file on the CPU therefore takes twice its size in memory (float32), never more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .errors import ModelError
from .file_digest import FileState, file_state
from .formats.safetensors_header import Header, TensorInfo

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class TensorReader:
    """Reads from the file a header came from, and refuses once that file has changed."""

    def __init__(self, header: Header, state: FileState) -> None:
        self.header = header
        self._state = state

    def read(
        self, names: Mapping[str, str], device: torch.device, dtype: torch.dtype
    ) -> dict[str, Tensor]:
        """Read tensors.

        Args:
            names: Name in the file -> name in the result.
            device: Where to put them.
            dtype: Type of all floating tensors; integers keep theirs.

        Raises:
            ModelError: The file changed since it was opened, or has types that cannot be computed.
        """
        import torch
        from safetensors import safe_open

        self._check_unchanged()
        result: dict[str, Tensor] = {}
        types = _torch_types()
        mapped = [
            old
            for old in names
            if device.type == "cpu" and self._type(old, types) in {dtype, torch.int64}
        ]
        if mapped:
            with safe_open(self.header.path, framework="pt", device="cpu") as file:
                for old in mapped:
                    result[names[old]] = file.get_tensor(old)
        with self.header.path.open("rb") as stream:
            for old, new in names.items():
                if new in result:
                    continue
                info = self.header.tensors[old]
                stream.seek(info.start)
                raw = bytearray(info.nbytes)
                if stream.readinto(raw) != info.nbytes:
                    raise self._changed()
                found = self._type(old, types)
                tensor = torch.empty(0, dtype=found)
                if raw:
                    tensor = torch.frombuffer(raw, dtype=found)
                target = dtype if found.is_floating_point else found
                result[new] = tensor.reshape(info.shape).to(device=device, dtype=target)
        return result

    def _type(self, name: str, types: Mapping[str, torch.dtype]) -> torch.dtype:
        info: TensorInfo = self.header.tensors[name]
        if info.dtype not in types:
            raise ModelError(
                "model.unsupported_precision",
                f'Tensor "{name}" of "{self.header.path.name}" is stored as {info.dtype}.',
                expected=", ".join(sorted(types)),
                got=info.dtype,
                hint="Save the model as float16, bfloat16 or float32.",
            )
        return types[info.dtype]

    def _check_unchanged(self) -> None:
        path = self.header.path
        try:
            unchanged = file_state(path) == self._state
        except OSError:
            unchanged = False
        if not unchanged:
            raise self._changed()

    def _changed(self) -> ModelError:
        return ModelError(
            "model.file_changed",
            f'"{self.header.path.name}" was changed or removed after it had been opened.',
            hint="Load it again. Write new weights under a new name, then rename.",
        )


def _torch_types() -> dict[str, torch.dtype]:
    import torch

    return {
        "F64": torch.float64,
        "F32": torch.float32,
        "F16": torch.float16,
        "BF16": torch.bfloat16,
        "F8_E4M3": torch.float8_e4m3fn,
        "F8_E5M2": torch.float8_e5m2,
        "I64": torch.int64,
        "I32": torch.int32,
    }
