"""Opened model files: their kind is read from headers; weights are read on first use.

Memory: float32 files on the CPU stay mapped (peak about the file's size, shared with other
processes); other types are converted tensor by tensor (see `tensor_reader`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..device import DTYPES, FP8, storage_dtype
from ..errors import ModelError
from ..formats.digest import FileContent, joined_digest, read_with_content
from ..formats.folder import network_files, read_json
from ..formats.fp8_names import fp8_scales
from ..formats.gguf_header import read_model_header
from ..formats.pieces import Plan, planned_shapes
from ..formats.safetensors_header import Header, TensorInfo
from ..networks import NETWORKS
from ..networks.configuring import network_class, network_config
from ..networks.identify import identify_file
from ..networks.identity import Identity, wrong_kind
from ..weights.handle import SHARED, PackedAs, Stored, Weights

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from torch.nn import Module

    from .tensor_reader import TensorReader


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One opened network file (or its shards).

    Attributes:
        path: The file, or the folder of the shards.
        files: Headers, and the content of the files that they were read from.
        digest: Of the content.
        identity: What it holds.
        shapes: Of all its tensors, but for scales of others.
        scales: fp8 weight -> the tensor that holds the factor on it.
        stated: The config.json beside it; {} if there is none.
    """

    path: Path
    files: tuple[tuple[Header, FileContent], ...]
    digest: str
    identity: Identity
    shapes: Mapping[str, tuple[int, ...]] = field(repr=False)
    stated: Mapping[str, Any] = field(default_factory=dict, repr=False)
    scales: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def metadata(self) -> Mapping[str, str]:
        """Free text of the first header."""
        return self.files[0][0].metadata

    @property
    def tensors(self) -> Mapping[str, TensorInfo]:
        """Type and shape of all its tensors."""
        return {name: info for header, _ in self.files for name, info in header.tensors.items()}

    def nbytes(self, names: set[str]) -> int:
        """Size of some of its tensors."""
        return sum(
            info.nbytes
            for header, _ in self.files
            for name, info in header.tensors.items()
            if name in names
        )

    def tensor(self, plan: Plan, name: str) -> Tensor | None:
        """One tensor of a network, read now; None if the plan has none of that name."""
        import torch

        if name not in plan:
            return None
        read = self.reader().read({name: plan[name]}, torch.device("cpu"), torch.float32)
        return read[name]

    def reader(self) -> TensorReader:
        """What reads its tensors."""
        from .tensor_reader import TensorReader

        return TensorReader(self.files, self.scales)


def open_source(path: Path, stems: Sequence[str] = ()) -> ModelSource:
    """Open a safetensors or GGUF file, or the folder of one network.

    Args:
        path: A file, or a folder with one network (in one piece or shards) and its config.json.
        stems: Names that a folder's file may have; () = those of diffusers.

    Raises:
        ModelError: Missing or damaged, neither safetensors nor GGUF.
    """
    if not path.is_dir():
        return _source(path, [path], {})
    files = network_files(path, *([tuple(stems)] if stems else []))
    return _source(path, files, read_json(path / "config.json"))


def _source(path: Path, files: Sequence[Path], stated: Mapping[str, Any]) -> ModelSource:
    opened = [read_with_content(file, read_model_header) for file in files]
    headers = [header for header, _ in opened]
    tensors = {n: info for header in headers for n, info in header.tensors.items()}
    with naming(path):
        scales, apart = fp8_scales(tensors)
    shapes = {name: info.shape for name, info in tensors.items() if name not in apart}
    return ModelSource(
        path=path if len(files) > 1 else files[0],
        files=tuple(opened),
        digest=joined_digest([content.digest for _, content in opened]),
        identity=identify_file(headers, shapes),
        shapes=shapes,
        stated=stated,
        scales=scales,
    )


def require(source: ModelSource, *kinds: str) -> None:
    """Refuse a file that holds something else; both kinds are named.

    Raises:
        ModelError: It is of none of these kinds, or of a family that weft does not run.
    """
    if source.identity.kind not in kinds:
        raise wrong_kind(source.path.name, source.identity, *kinds)


def unsupported(source: ModelSource) -> ModelError:
    """The refusal of a file of a family that weft does not run in this place."""
    return ModelError(
        "model.unsupported_family",
        f'"{source.path.name}" looks like {source.identity.words()}, which weft does not support '
        "here.",
        expected="a family of docs/families.md",
        got=source.identity.family,
        hint="Choose another file.",
    )


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name in front of errors that know of tensors only."""
    try:
        yield
    except ModelError as error:
        raise ModelError(
            error.code,
            f'In "{path.name}": {error.message}',
            expected=error.expected,
            got=error.got,
            hint=error.hint,
        ) from error


def weights_of(
    source: ModelSource,
    kind: str,
    plan: Plan,
    *,
    family: str,
    extras: Mapping[str, Any] | None = None,
    digest: str | None = None,
    dtype: str | None = None,
    stated: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> Weights:
    """A handle to one network of an opened file; the same for the same content.

    Args:
        source: The file.
        kind: "unet", "transformer", "vae", "text_encoder", "text_encoder_2", ...
        plan: Its tensors.
        family: Its family.
        extras: What else is known of it.
        digest: Of the whole that it is a part of; None = of the file.
        dtype: A key of `DTYPES`; None = what the device computes best. fp8 types are for storage:
            matrices and kernels stay in them, sums are done in the device's type.
        stated: What is known of its configuration; None = what lies beside the file.
        device: Where it runs, as torch names it; None = the compute device.

    Matrices and kernels of GGUF files stay in their blocks, whatever the type (`packed`), and those
    of fp8 files in fp8 unless another type is asked for.

    Raises:
        ModelError: Its shapes make no network, packed weights are asked for in fp8, or fp8 is
            asked for on a device that has no such type.
    """
    import torch

    from ..device import compute_device, compute_dtype

    with naming(source.path):
        shapes = planned_shapes(plan, source.shapes)
        network = network_class(kind, shapes)
        config = network_config(kind, shapes, source.metadata, stated or source.stated)
    place = torch.device(device) if device else compute_device()
    precision = NETWORKS[network].precision
    compute, storage = _types(dtype, compute_dtype(precision, place), storage_dtype(precision))
    reader = source.reader()
    if place.type == "mps" and storage is not None:
        raise ModelError(
            "model.no_fp8_here",
            f'"{source.path.name}" cannot be loaded in fp8, which {place} does not support.',
            expected="default, fp32 or fp16",
            got=str(dtype),
            hint="Choose default, or use a GGUF file of the model.",
        )
    if storage is None and place.type != "mps" and dtype in (None, "default"):
        storage = "as stored"
    packed = _packed_as(source, plan, reader, storage)
    if any(header.format == "gguf" for header, _ in source.files) and storage in _FP8_NAMES:
        raise ModelError(
            "model.packed_already",
            f'The weights of "{source.path.name}" are already quantised to fewer bits than '
            f"{dtype}.",
            expected="default, or fp32, fp16 or bf16 as the type of the computation",
            got=str(storage),
            hint="Choose default.",
        )
    content = digest or source.digest
    if dtype not in (None, "default"):
        content += f":{dtype}"  # other numbers, so other results
    elif storage in _FP8_NAMES:
        content += f":{storage}"

    def build(on: torch.device) -> Module:
        from ..networks.building import build_network

        kept = {name: how.packing for name, how in packed.items()}
        blocks = reader.packed({name: plan[name] for name in packed}, kept, on)
        plain = {name: pieces for name, pieces in plan.items() if name not in packed}
        tensors = reader.read(plain, on, compute)
        with naming(source.path):
            return build_network(network, config, tensors, packed=blocks)

    def make() -> Weights:
        used = {piece.name for pieces in plan.values() for piece in pieces}
        return Weights(
            path=source.path,
            kind=kind,
            family=family,
            content_digest=content,
            nbytes=source.nbytes(used),
            config=config,
            build=build,
            extras=extras,
            shapes=shapes,
            device=place,
            dtype=compute,
            stored=Stored(plan, source.tensors, source.metadata, source.scales),
            packed=packed,
            mapped=lambda: reader.held,
        )

    variant = (digest or source.digest, kind, family, str(place), str(compute), str(storage))
    return SHARED.share((*variant, repr(sorted((extras or {}).items(), key=str))), make)


def _packed_as(
    source: ModelSource, plan: Plan, reader: TensorReader, storage: str | None
) -> dict[str, PackedAs]:
    """Matrices and kernels that stay in few bits."""
    from ..weights.packed import block_size

    shapes = planned_shapes(plan, source.shapes)
    found = {}
    for name, pieces in plan.items():
        if not name.endswith(".weight") or _TABLE.search(name):
            continue
        packing = reader.packing(pieces, storage)
        if packing is not None:
            numbers, size = block_size(packing)
            found[name] = PackedAs(packing, math.prod(shapes[name]) // numbers * size)
    return found


_TABLE = re.compile(
    r"((token|position)_embedding|(word|position|token_type)_embeddings|shared|embed_tokens"
    r"|relative_attention_bias)\.weight\Z"
)
"""Weights that rows are looked up in: no layer that widens."""
_FP8_NAMES: Mapping[str, str] = {"F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}
"""safetensors' names of the types, and torch's."""


def _types(
    name: str | None, usual: torch.dtype, stored: torch.dtype | None
) -> tuple[torch.dtype, str | None]:
    """The type of sums, and the fp8 type that large weights are brought into (None = none)."""
    import torch

    chosen = stored
    if name is not None and name != "default":
        wanted: torch.dtype = getattr(torch, DTYPES[name])
        if name not in FP8:
            return wanted, None
        chosen = wanted
    return usual, next((n for n, t in _FP8_NAMES.items() if str(chosen) == f"torch.{t}"), None)
