"""Where the inputs of the cases lie."""

from __future__ import annotations

from pathlib import Path

OWN = Path(__file__).parent / "inputs"
"""The copies in this repository, which every clone has."""

SHARED = OWN.parents[3] / "shared" / "cases"
"""The collection beside the project, which is read in preference where it is there."""


def case(name: str) -> Path:
    """Give the path of an input, such as `behaviour/15_bom.json`.

    Args:
        name: Folder and file name, as the INDEX.md of the folder lists it.

    Raises:
        FileNotFoundError: No such input: the name is misspelt, or its copy is missing.
    """
    for root in (SHARED, OWN):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(f"{name} is not among the cases; copy it to {OWN}")
