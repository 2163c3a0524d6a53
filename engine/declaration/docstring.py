"""Read the parts of a Google-style docstring that a node's schema needs."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

_SECTION = re.compile(r"^(Args|Returns|Raises|Source|Example|Note):\s*(.*)$")
_ENTRY = re.compile(r"^(\*{0,2}\w+)\s*:\s*(.*)$")


@dataclass(slots=True)
class Docstring:
    """A docstring in parts.

    Attributes:
        summary: First sentence; the tooltip.
        body: What stands between the summary and the first section.
        args: Text for each argument, whitespace folded.
        sections: Whole text of the other sections, by name.
    """

    summary: str = ""
    body: str = ""
    args: dict[str, str] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)


def parse_docstring(text: str | None) -> Docstring:
    """Split a docstring; a missing one gives empty parts."""
    parts = Docstring()
    if not text:
        return parts
    sections: dict[str, list[str]] = {"": []}
    current = ""
    for line in inspect.cleandoc(text).splitlines():
        header = _SECTION.match(line)
        if header:
            current = header[1]
            sections[current] = [header[2]] if header[2] else []
        else:
            sections[current].append(line)
    head = sections.pop("")
    parts.summary = head[0].strip() if head else ""
    parts.body = "\n".join(head[1:]).strip()
    parts.args = _entries(sections.pop("Args", []))
    parts.sections = {name: inspect.cleandoc("\n".join(v)) for name, v in sections.items()}
    return parts


def _entries(lines: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    for line in inspect.cleandoc("\n".join(lines)).splitlines():
        entry = _ENTRY.match(line)  # continuation lines are indented deeper, so do not match
        if entry:
            name = entry[1]
            entries[name] = entry[2]
        elif name and line.strip():
            entries[name] += " " + line.strip()
    return entries
