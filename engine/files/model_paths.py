"""Read ComfyUI's `extra_model_paths.yaml`: model folders that people already have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from ..errors import FileError


def read_extra_model_paths(path: Path) -> dict[str, list[Path]]:
    """Folders by kind, as a file of that format lists them.

    Each section may have a `base_path`; every other entry is a kind with one folder or several,
    one a line, relative to it. A section with `is_default` comes first. Custom-node folders are
    of no use here and left out.

    Raises:
        FileError: The file is missing or is not of this format; the place is named.
    """
    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileError(f"{path} is not valid YAML: {error}", code="files.bad_config") from error
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise _bad(path, "the file", "sections by name", data)
    sections = [(name, section) for name, section in data.items() if section is not None]
    for name, section in sections:
        if not isinstance(section, Mapping):
            raise _bad(path, f"section {name}", "entries by kind", section)
    sections.sort(key=lambda item: not item[1].get("is_default", False))

    folders: dict[str, list[Path]] = {}
    for name, section in sections:
        base_text = section.get("base_path", "")
        if not isinstance(base_text, str):
            raise _bad(path, f"{name}.base_path", "a text", base_text)
        base = (path.parent / Path(base_text).expanduser()).resolve()
        for kind, lines in section.items():
            if kind in ("base_path", "is_default", "custom_nodes"):
                continue
            if not isinstance(lines, str):
                raise _bad(path, f"{name}.{kind}", "folder names, one a line", lines)
            names = [line.strip() for line in lines.split("\n") if line.strip()]
            folders.setdefault(str(kind), []).extend(
                base / Path(name).expanduser() for name in names
            )
    return folders


def _bad(path: Path, where: str, expected: str, got: object) -> FileError:
    return FileError(
        f"{path}: {where} is {type(got).__name__}, expected {expected}.",
        code="files.bad_config",
        expected=expected,
        got=type(got).__name__,
    )
