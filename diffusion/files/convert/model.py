"""`weft models convert`: chooses the direction by source and target."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ...errors import ModelError
from ...formats.fp8_names import fp8_scales
from ...formats.gguf_header import is_gguf
from ...formats.safetensors_header import Header, begins_as_safetensors, read_header

_PICKLED = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def convert_model(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> Path:
    """Convert a model.

    A single file becomes a folder, a folder a single file, bit for bit; a .ckpt becomes safetensors
    or a folder.

    Args:
        source: A safetensors file, a pickled file (told by content), or a diffusers folder.
        target: A name that ends in ".safetensors", or a folder. It must not exist.

    Returns:
        The target.

    Raises:
        ModelError: The source is not what it should be (a GGUF file among others), or the target
            exists.
    """
    from .pickled import unpickle
    from .to_folder import refuse_existing, write_folder
    from .to_single import write_single

    source, target = Path(source), Path(target)
    refuse_existing(target)
    single = target.suffix in (".safetensors", ".sft")
    if source.is_dir():
        if not single:
            raise _same("folder", source, target)
        write_single(source, target)
        return target
    if is_gguf(source):
        raise ModelError(
            "convert.packed",
            f'"{source.name}" is a GGUF file, whose quantised weights cannot be converted without '
            "loss.",
            expected="safetensors, a pickled file or a folder",
            got="GGUF",
            hint="Load the file as it is; ModelSave writes its unpacked weights.",
        )
    if not is_pickled(source):
        _refuse_scaled(source, read_header(source))
        if single:
            raise _same("safetensors file", source, target)
        write_folder(source, target)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as work:
        tensors = Path(work) / f"{source.stem}.safetensors"
        unpickle(source, tensors)
        if single:
            tensors.rename(target)
        else:
            write_folder(tensors, target)
    return target


def _refuse_scaled(source: Path, header: Header) -> None:
    if fp8_scales(header.tensors)[0]:
        raise ModelError(
            "convert.scaled",
            f'"{source.name}" has fp8 weights with scales, which other layouts cannot store.',
            expected="weights without scales",
            got="scaled fp8",
            hint="Load the file as it is; CheckpointSave and ModelSave write its weights.",
        )


def is_pickled(path: Path) -> bool:
    """Whether a file's content is a pickle or torch's archive of one."""
    try:
        with path.open("rb") as file:
            first = file.read(9)
        known = begins_as_safetensors(first, path.stat().st_size)
        return first.startswith(_PICKLED) and not known
    except OSError:
        return False  # reading its header then says why


def _same(what: str, source: Path, target: Path) -> ModelError:
    return ModelError(
        "convert.nothing_to_do",
        f'"{source.name}" is a {what}, and "{target.name}" names another {what}.',
        expected="a folder from a file, or a .safetensors file from a folder",
        got=f"a {what} twice",
        hint='For a single file, use a target name that ends in ".safetensors".',
    )
