"""Translations of node types into other languages.

A package that declares nodes has `locales/<language>.json` beside its modules, such as `zh.json`:

    {"titles":     {"KSampler": "K 采样器"},
     "categories": {"sampling": "采样", "sampling/custom": "自定义采样"},
     "ports":      {"steps": "步数", "Round.mode": "方式"},
     "choices":    {"none": "无", "crop.none": "不裁剪", "ImageScale.crop.none": "不裁剪"},
     "texts":      {"Decode latents into pictures.": "把 Latent 解码为图片。"}}

Every part may be missing, and so may every entry: what has no translation stays as it is. Names
come with the node, the input or both where they need it; the longest one counts. A text stands
under its English, so that one which was changed is not translated wrongly. `#` in a name or text
stands for any whole number, and for the same in its translation.

Tables of the package itself and of those around it count, the nearest first, and last a common one
with the field's usual words.
"""

from __future__ import annotations

import importlib.resources
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from .node import NodeSpec, Parameter
from .sockets import SocketType

log = logging.getLogger(__name__)

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_NUMBER = re.compile(r"\d+")


class Table(BaseModel):
    """The translations of one package; see the top of this module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    titles: dict[str, str] = {}
    categories: dict[str, str] = {}
    ports: dict[str, str] = {}
    choices: dict[str, str] = {}
    texts: dict[str, str] = {}


class Translation:
    """One language, as far as there are tables of it.

    Args:
        language: Such as `zh`, or `pt-BR`, for which tables of `pt` are looked into as well.
        common: A package whose table counts for every node, after those of its own.
    """

    def __init__(self, language: str, *, common: str | None = None) -> None:
        self.language = language
        self._common = common

    def of(self, spec: NodeSpec) -> dict[str, Any]:
        """One node type: what of its schema has a translation.

        Returns:
            Any of `title`, `category`, `summary` and `description`; and by name `inputs`, each
            with any of `label`, `description` and `choices` (value -> label), and `outputs`.
        """
        say = _Words(spec.type_id, self.tables(spec))
        found = {
            "title": say("titles", spec.type_id),
            "category": say.category(spec.category),
            "summary": say("texts", spec.doc.summary),
            "description": say("texts", spec.doc.body),
            "inputs": _filled((p.name, _input(say, p)) for p in spec.parameters.values()),
            "outputs": _filled((o.name, _port(say, o.name, o.type)) for o in spec.outputs),
        }
        return {part: value for part, value in found.items() if value}

    def categories(self, specs: Iterable[NodeSpec]) -> dict[str, str]:
        """The parts of the categories of some node types, as far as they have a translation."""
        words: dict[str, str] = {}
        for spec in specs:
            say = _Words(spec.type_id, self.tables(spec))
            for part in spec.category.split("/"):
                if part not in words and (word := say("categories", part)) is not None:
                    words[part] = word
        return words

    def tables(self, spec: NodeSpec) -> Sequence[Table]:
        """The tables that count for a node type, the nearest first."""
        packages = [*_packages(spec.function.__module__), *([self._common] if self._common else [])]
        languages = (self.language, self.language.partition("-")[0])
        found = (read_table(p, n) for n in dict.fromkeys(languages) for p in packages)
        return [table for table in found if table is not None]


def languages(specs: Iterable[NodeSpec], *, common: str | None = None) -> list[str]:
    """The languages that any of the node types has a table of, in order of the alphabet."""
    packages = {p for spec in specs for p in _packages(spec.function.__module__)}
    return sorted({n for p in packages | ({common} if common else set()) for n in _languages(p)})


@cache
def read_table(package: str, language: str) -> Table | None:
    """The table of one package, or None. One that cannot be read is reported once, and is none."""
    if language not in _languages(package):
        return None
    file = importlib.resources.files(package) / "locales" / f"{language}.json"
    try:
        return Table.model_validate_json(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        log.warning("%s has no usable translation %s.json: %s", package, language, reason)
        return None


@cache
def _languages(package: str) -> frozenset[str]:
    """The languages that a package has tables of."""
    try:
        files = list((importlib.resources.files(package) / "locales").iterdir())
    except (OSError, ImportError, TypeError):  # no folder, or no package with files
        return frozenset()
    stems = {f.name.removesuffix(".json") for f in files if f.name.endswith(".json")}
    return frozenset(stem for stem in stems if _LANGUAGE.fullmatch(stem))


def _packages(module: str) -> Iterator[str]:
    """The packages around a module, the innermost first; itself, if it is one."""
    while module:
        if hasattr(sys.modules.get(module), "__path__"):
            yield module
        module = module.rpartition(".")[0]


class _Words:
    """Translations for one node type."""

    def __init__(self, type_id: str, tables: Sequence[Table]) -> None:
        self._type = type_id
        self._tables = tables

    def __call__(self, part: str, *names: str) -> str | None:
        """The translation under the first of some names that has one."""
        for table in self._tables:
            entries: Mapping[str, str] = getattr(table, part)
            for name in names:
                found = _look_up(entries, name)
                if found:
                    return found
        return None

    def category(self, path: str) -> str | None:
        """A category: as a whole, or part by part."""
        parts = path.split("/")
        said = [self("categories", "/".join(parts[: i + 1]), p) for i, p in enumerate(parts)]
        if not any(said):
            return None
        return "/".join(word or part for word, part in zip(said, parts, strict=True))

    def port(self, name: str) -> str | None:
        """The translated name of an input or output."""
        return self("ports", f"{self._type}.{name}", name)

    def choice(self, port: str, value: str) -> str | None:
        """The translated name of a choice."""
        return self("choices", f"{self._type}.{port}.{value}", f"{port}.{value}", value)


def _look_up(entries: Mapping[str, str], name: str) -> str | None:
    found = entries.get(name)
    if found is None and (numbers := _NUMBER.findall(name)):
        pattern = entries.get(_NUMBER.sub("#", name))
        if pattern is not None and pattern.count("#") == len(numbers):
            rest = iter(numbers)
            found = re.sub("#", lambda _: next(rest), pattern)
    return found


def _input(say: _Words, parameter: Parameter) -> dict[str, Any]:
    text = say("texts", parameter.text) if parameter.text else None
    about = {"description": text} if text else {}
    return {**_port(say, parameter.name, parameter.type), **about}


def _port(say: _Words, name: str, kind: SocketType) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if label := say.port(name):
        entry["label"] = label
    choices = kind.choices if kind.name == "COMBO" else ()
    if labels := _filled((str(c), say.choice(name, str(c))) for c in choices):
        entry["choices"] = labels
    return entry


def _filled(items: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in items if value}
