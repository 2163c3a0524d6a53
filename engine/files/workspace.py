"""The folders that a run may use: model folders by kind, input folders, one output folder."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from ..errors import FileError
from .digest import FileDigests
from .paths import find_under, is_data, safe_parts, stands_for, walk_files

# Folder names of ComfyUI, and the second names that some kinds have there.
KINDS: Mapping[str, tuple[str, ...]] = {
    "checkpoints": ("checkpoints",),
    "clip": ("clip", "text_encoders"),
    "clip_vision": ("clip_vision",),
    "controlnet": ("controlnet", "t2i_adapter"),
    "diffusers": ("diffusers",),
    "diffusion_models": ("diffusion_models", "unet"),
    "embeddings": ("embeddings",),
    "gligen": ("gligen",),
    "hypernetworks": ("hypernetworks",),
    "ipadapter": ("ipadapter",),
    "loras": ("loras",),
    "photomaker": ("photomaker",),
    "style_models": ("style_models",),
    "upscale_models": ("upscale_models",),
    "vae": ("vae",),
    "vae_approx": ("vae_approx",),
}
_PICKLED = {".ckpt", ".pt", ".pth", ".bin"}
_MODEL_SUFFIXES = {".safetensors", ".sft", ".gguf", ".onnx", *_PICKLED}


class Workspace:
    """Folders and the rules for using them.

    Args:
        models: Folders that hold one folder per kind (`checkpoints/`, `controlnet/`, ...).
            Searched in order.
        model_folders: More folders by kind, searched before `models`.
        inputs: Folders in which input files are looked for, in order.
        output: Where finished files go; made when the first one is written.
        digests: Content digests of files; by default forgotten with the workspace.
    """

    def __init__(
        self,
        *,
        models: Sequence[Path] = (),
        model_folders: Mapping[str, Sequence[Path]] | None = None,
        inputs: Sequence[Path] = (),
        output: Path = Path("out"),
        digests: FileDigests | None = None,
    ) -> None:
        self.models = tuple(models)
        self.inputs = tuple(inputs)
        self.output = output
        self.digests = digests if digests is not None else FileDigests()
        self._extra = {kind: tuple(paths) for kind, paths in (model_folders or {}).items()}

    def writing_to(self, output: Path) -> Workspace:
        """The same folders with another output folder."""
        return self._changed(output=output)

    def reading_first(self, folder: Path) -> Workspace:
        """The same folders with one more for inputs, before the others."""
        return self._changed(inputs=(folder, *self.inputs))

    def _changed(
        self, *, inputs: Sequence[Path] | None = None, output: Path | None = None
    ) -> Workspace:
        return Workspace(
            models=self.models,
            model_folders=self._extra,
            inputs=self.inputs if inputs is None else inputs,
            output=self.output if output is None else output,
            digests=self.digests,
        )

    def folders(self, kind: str) -> tuple[Path, ...]:
        """The folders of one kind of model, in search order, existing or not."""
        names = KINDS.get(kind, (kind,))
        extra = tuple(p for n in names for p in self._extra.get(n, ()))
        return extra + tuple(root / name for root in self.models for name in names)

    @property
    def readable(self) -> tuple[Path, ...]:
        """Every folder that files are read from: models, inputs, output."""
        extra = tuple(path for paths in self._extra.values() for path in paths)
        return (*self.models, *extra, *self.inputs, self.output)

    def list_models(self, kind: str) -> list[str]:
        """Names of the models of one kind, sorted, each once.

        A folder in diffusers layout (it has `model_index.json`) is one model.
        """
        names: set[str] = set()
        for folder in self.folders(kind):
            files = walk_files(folder)
            pipelines = {
                n.removesuffix("/model_index.json")
                for n in files
                if n.endswith("/model_index.json")
            }
            names |= pipelines
            names.update(
                n
                for n in files
                if Path(n).suffix.lower() in _MODEL_SUFFIXES
                and not any(n.startswith(p + "/") for p in pipelines)
            )
        return sorted(names)

    def model(self, kind: str, name: str) -> Path:
        """Path of a model.

        Raises:
            FileError: It is in none of the folders of that kind; the nearest name is offered.
        """
        for folder in self.folders(kind):
            found = find_under(folder, name, follow_links=True)
            if found is not None:
                return found
        known = self.list_models(kind)
        stem = name.removesuffix(".safetensors")
        for other in known if stem != name else ():
            if other.startswith(f"{stem}.") and other[len(stem) :].lower() in _PICKLED:
                raise FileError(
                    f'The model "{name[:300]}" is not in models/{kind}, but "{other[:300]}" is, '
                    "which weft does not read: a pickle can run code.",
                    code="files.not_converted",
                    expected="a safetensors file",
                    got=other[:300],
                    hint=f"Run `weft models convert {kind}/{other} FOLDER/{name}`, "
                    "which reads tensors alone.",
                )
        raise _missing(f'model "{name}"', f"models/{kind}", name, known)

    def input(self, name: str) -> Path:
        """Path of an input file.

        Raises:
            FileError: It is in none of the input folders; the nearest name is offered.
        """
        for folder in self.inputs:
            found = find_under(folder, name, follow_links=False)
            if found is not None and found.is_file():
                return found
        known = self.inputs_instead_of(name)
        raise _missing(f'input file "{name}"', "the input folders", name, known)

    def inputs_instead_of(self, name: str) -> list[str]:
        """Input files of the sort that a missing one was, sorted; none of folders in them."""
        return sorted(n for n in self.inputs_like("*") if stands_for(n, name))

    def inputs_like(self, pattern: str) -> list[str]:
        """Names of the input files that fit a pattern, each once; neither hidden ones nor code.

        Args:
            pattern: A relative name with `*`, `?`, `[...]` and `**` (any folders).
        """
        if safe_parts(pattern) is None:
            return []
        found: dict[str, None] = {}
        for folder in self.inputs:
            for path in folder.glob(pattern):
                name = path.relative_to(folder).as_posix()
                hidden = any(part.startswith(".") for part in name.split("/"))
                if hidden or not is_data(name):
                    continue
                if find_under(folder, name, follow_links=False) == path:
                    found.update({name: None} if path.is_file() else {})
        return list(found)

    def write(
        self, prefix: str, suffix: str, fill: Callable[[BinaryIO], object], *, folder: str = ""
    ) -> Path:
        """Write a new numbered file `prefix_00001suffix` into the output folder.

        The content is written beside its place and appears under its name at once and complete; an
        existing file is never replaced, and two writers never get one name.

        Args:
            prefix: Relative name before the number; may hold folders.
            suffix: With its dot.
            fill: Writes the content.
            folder: Relative folder below the output folder.

        Raises:
            FileError: The prefix would leave the output folder, or the disk refuses.
        """
        name = "/".join(p for p in (folder, prefix) if p)
        parts = safe_parts(name)
        if parts is None or len(parts[-1]) > 200:
            raise FileError(
                f"The file name prefix {name[:200]!r} cannot be used.",
                code="files.bad_name",
                expected="a relative name without .., \\ or control characters",
                hint="Use letters, digits, - and _, with / for folders.",
            )
        target = self.output.joinpath(*parts[:-1])
        try:
            if not target.resolve().is_relative_to(self.output.resolve()):
                raise FileError(
                    f"The folder of {name!r} is a link that leads out of the output folder.",
                    code="files.bad_name",
                )
            target.mkdir(parents=True, exist_ok=True)
            return _write_numbered(target, parts[-1], suffix, fill)
        except OSError as error:
            raise FileError(
                f"{name}{suffix} cannot be written to {self.output}: {error.strerror or error}.",
                code="files.write_failed",
                hint="Look at free space and rights, or choose another output folder.",
            ) from error


def _write_numbered(
    folder: Path, stem: str, suffix: str, fill: Callable[[BinaryIO], object]
) -> Path:
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=suffix + ".part")
    try:
        with os.fdopen(handle, "wb") as file:
            fill(file)
        Path(temporary).chmod(0o644)
        number = _next_number(folder, stem, suffix)
        while True:
            path = folder / f"{stem}_{number:05d}{suffix}"
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)  # fails if the name is taken, unlike a rename
                return path
            number += 1
    finally:
        Path(temporary).unlink(missing_ok=True)


def _next_number(folder: Path, stem: str, suffix: str) -> int:
    taken = (
        p.name[len(stem) + 1 : -len(suffix)]
        for p in folder.iterdir()
        if p.name.startswith(stem + "_") and p.name.endswith(suffix)
    )
    return max((int(n) for n in taken if n.isdecimal()), default=0) + 1


def _missing(what: str, where: str, name: str, known: Iterable[str]) -> FileError:
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f'Nearest name: "{close[0]}".' if close else "Copy the file there or choose another."
    return FileError(
        f"The {what[:300]} is not in {where} ({len(known)} files).",
        expected="the name of a file there",
        got=name[:300],
        hint=hint,
    )
