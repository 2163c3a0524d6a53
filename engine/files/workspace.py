"""The folders that a run may use: model folders by kind, input folders, one output folder."""

from __future__ import annotations

import difflib
import errno
import itertools
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import FileError
from .digest import FileDigests
from .name_tokens import fill as fill_tokens
from .new_files import new_part, write_numbered
from .paths import find_under, is_data, safe_parts, stands_for, walk_files
from .written_names import output_parts

_MOST_COMPARED = 1000  # names, when one like a missing one is looked for
_PICKLED = {".ckpt", ".pt", ".pth", ".bin"}
_MODEL_SUFFIXES = {".safetensors", ".sft", ".gguf", ".onnx", *_PICKLED}


class Workspace:
    """Folders and the rules for using them.

    Args:
        models: Folders that hold one folder per kind (`checkpoints/`, `controlnet/`, ...).
            Searched in order.
        model_folders: More folders by kind, searched before `models`.
        kinds: Names of the folders of a kind below those of `models`; a kind that is not among them
            has a folder of its own name.
        inputs: Folders in which input files are looked for, in order.
        output: Where finished files go; made when the first one is written.
        reads_output: Whether an input named `picture.png [output]` is that finished file. Not
            where several people share the folder.
        digests: Content digests of files; by default forgotten with the workspace.
        pinned: Input files by name that lie elsewhere, and are found before all others.
        hides: Whether an input file is to look missing, by its folder and name.
    """

    def __init__(
        self,
        *,
        models: Sequence[Path] = (),
        model_folders: Mapping[str, Sequence[Path]] | None = None,
        kinds: Mapping[str, tuple[str, ...]] | None = None,
        inputs: Sequence[Path] = (),
        output: Path = Path("out"),
        reads_output: bool = False,
        digests: FileDigests | None = None,
        pinned: Mapping[str, Path] | None = None,
        hides: Callable[[Path, str], bool] | None = None,
    ) -> None:
        self.models = tuple(models)
        self.kinds: Mapping[str, tuple[str, ...]] = dict(kinds or {})
        self.inputs = tuple(inputs)
        self.output = output
        self.reads_output = reads_output
        self.digests = digests if digests is not None else FileDigests()
        self._pinned = dict(pinned or {})
        self._hides = hides
        self._extra = {kind: tuple(paths) for kind, paths in (model_folders or {}).items()}

    def writing_to(self, output: Path) -> Workspace:
        """The same folders with another output folder."""
        return self._changed(output=output)

    def reading_first(self, folder: Path) -> Workspace:
        """The same folders with one more for inputs, before the others."""
        return self._changed(inputs=(folder, *self.inputs))

    def pinning(self, pinned: Mapping[str, Path]) -> Workspace:
        """The same folders, with some input files that lie elsewhere; they are found first."""
        return self._changed(pinned=pinned)

    def hiding(self, hides: Callable[[Path, str], bool]) -> Workspace:
        """The same folders without some input files, which look missing.

        Args:
            hides: Whether a file is one of them, by its folder and name.
        """
        return self._changed(hides=hides)

    def _changed(
        self,
        *,
        inputs: Sequence[Path] | None = None,
        output: Path | None = None,
        pinned: Mapping[str, Path] | None = None,
        hides: Callable[[Path, str], bool] | None = None,
    ) -> Workspace:
        return Workspace(
            models=self.models,
            model_folders=self._extra,
            kinds=self.kinds,
            inputs=self.inputs if inputs is None else inputs,
            output=self.output if output is None else output,
            reads_output=self.reads_output,
            digests=self.digests,
            pinned=self._pinned if pinned is None else pinned,
            hides=self._hides if hides is None else hides,
        )

    def folders(self, kind: str) -> tuple[Path, ...]:
        """The folders of one kind of model, in search order, existing or not."""
        names = self.kinds.get(kind, (kind,))
        extra = tuple(p for n in names for p in self._extra.get(n, ()))
        return extra + tuple(root / name for root in self.models for name in names)

    @property
    def readable(self) -> tuple[Path, ...]:
        """Every folder that files are read from: models, inputs, output."""
        extra = tuple(path for paths in self._extra.values() for path in paths)
        elsewhere = (path.parent for path in self._pinned.values())
        return (*self.models, *extra, *self.inputs, self.output, *elsewhere)

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
            found = self._find(folder, name, follow_links=True)
            if found is not None:
                return found
        known = self.list_models(kind)
        stem = name.removesuffix(".safetensors")
        for other in known if stem != name else ():
            if other.startswith(f"{stem}.") and other[len(stem) :].lower() in _PICKLED:
                raise FileError(
                    f'The model "{name[:300]}" is not in models/{kind}. "{other[:300]}" is there, '
                    "but weft does not load pickles, which can run code.",
                    code="files.not_converted",
                    expected="a safetensors file",
                    got=other[:300],
                    hint=f"Run `weft models convert {kind}/{other} FOLDER/{name}`, which reads "
                    "only the tensors.",
                )
        raise self._missing(f'model "{name[:200]}"', f"models/{kind}", name, known)

    def input(self, name: str) -> Path:
        """Path of an input file; ComfyUI's `[input]` or `[output]` behind the name says where.

        Raises:
            FileError: It is in none of the input folders; the nearest name is offered. It is marked
                as a finished or a temporary file, and such files are not read here.
        """
        if name in self._pinned:
            return self._pinned[name]
        name, mark = split_mark(name)
        if mark == "output" and self.reads_output:
            found = find_under(self.output, name, follow_links=False)
            if found is not None and found.is_file():
                return found
        if mark in ("output", "temp"):
            raise FileError(
                f'"{name[:300]} [{mark}]" is in '
                f"ComfyUI's {mark} folder, which weft does not read here.",
                expected="the name of a file in the input folders",
                got=f"{name[:300]} [{mark}]",
                hint="Copy the file into an input folder, and remove the word in brackets.",
            )
        if name in self._pinned:
            return self._pinned[name]
        for folder in self.inputs:
            found = self._find(folder, name, follow_links=False)
            if found is not None and found.is_file() and not self._is_hidden(folder, name):
                return found
        known = self.inputs_instead_of(name)
        raise self._missing(f'input file "{name[:200]}"', "the input folders", name, known)

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
                if hidden or not is_data(name) or self._is_hidden(folder, name):
                    continue
                if find_under(folder, name, follow_links=False) == path:
                    found.update({name: None} if path.is_file() else {})
        return list(found)

    def _find(self, folder: Path, name: str, *, follow_links: bool) -> Path | None:
        return find_under(folder, name, follow_links=follow_links)

    def nearest(self, name: str, known: Iterable[str]) -> str | None:
        """The known name most like one that is missing; None if none is like it."""
        few = list(itertools.islice(known, _MOST_COMPARED))
        return next(iter(difflib.get_close_matches(name[:100], few, n=1, cutoff=0.4)), None)

    def _missing(self, what: str, where: str, name: str, known: Collection[str]) -> FileError:
        close = self.nearest(name, known)
        return FileError(
            f"The {what} is not in {where} ({len(known)} files).",
            expected="the name of a file there",
            got=name[:300],
            hint=f'Nearest name: "{close}".'
            if close
            else "Copy the file there, or choose another.",
        )

    def _is_hidden(self, folder: Path, name: str) -> bool:
        return self._hides is not None and self._hides(folder, name)

    def write(
        self,
        prefix: str,
        suffix: str,
        fill: Callable[[BinaryIO], object],
        *,
        folder: str = "",
        began: datetime | None = None,
        image: Mapping[str, int] | None = None,
    ) -> Path:
        """Write a new numbered file `prefix_00001suffix` into the output folder.

        The content is written beside its place and appears under its name at once and complete; an
        existing file is never replaced, and two writers never get one name.

        Args:
            prefix: Relative name before the number; may hold folders and the tokens of
                `name_tokens`.
            suffix: With its dot.
            fill: Writes the content.
            folder: Relative folder below the output folder that the prefix is in.
            began: What tokens of time stand for; None for now.
            image: `width`, `height` and `batch_num` for tokens, where the file is an image.

        Raises:
            FileError: The name cannot be used (`written_names`), or the disk refuses.
        """
        name = fill_tokens(prefix, began or datetime.now().astimezone(), image)
        parts = (*(folder.split("/") if folder else ()), *output_parts(name))
        target = self.output.joinpath(*parts[:-1])
        try:
            if not target.resolve().is_relative_to(self.output.resolve()):
                raise FileError(
                    f"The folder of {name!r} is a link that leads outside the output folder.",
                    code="files.bad_name",
                )
            target.mkdir(parents=True, exist_ok=True)
            return write_numbered(target, parts[-1], suffix, fill)
        except OSError as error:
            raise _not_written(f"{name}{suffix}", self.output, error) from error

    def check_output(self, name: str | None = None) -> None:
        """Check that files can be written before a run that would write them.

        A file is made and deleted in the output folder, or in the folder that it will be made in;
        permissions alone do not tell of a read-only or foreign file system.

        Args:
            name: A name that will be written to, its tokens filled in: its folders are looked at;
                None for the output folder alone.

        Raises:
            FileError: `files.write_failed`.
        """
        parts = () if name is None else output_parts(name)[:-1]
        folder = self.output.joinpath(*parts)
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        try:
            if not folder.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, f"{folder.name} is a file, not a folder")
            handle, probe = new_part(folder)
            os.close(handle)
            probe.unlink()
        except OSError as error:
            raise _not_written("A file", self.output.joinpath(*parts), error) from error


def _not_written(what: str, output: Path, error: OSError) -> FileError:
    return FileError(
        f"{what} cannot be written to {output}: {error.strerror or error}.",
        code="files.write_failed",
        hint="Check free space and permissions, or choose another output folder.",
    )


def split_mark(name: str) -> tuple[str, str]:
    """The name of a file, and the folder that ComfyUI says behind it in brackets, or nothing.

    The folder is "input", "output" or "temp": `painted.png [input]`.
    """
    for mark in ("input", "output", "temp"):
        if name.endswith(f" [{mark}]"):
            return name.removesuffix(f" [{mark}]"), mark
    return name, ""
