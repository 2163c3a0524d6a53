"""What fuzzing once found, again; and every reader on random bytes, quickly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import targets

FOUND = sorted(path for path in (Path(__file__).parent / "found").iterdir())
BY_NAME = {target.__name__: target for target in targets.TARGETS}


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_input_that_was_once_too_much_is_refused(path: Path) -> None:
    name = path.name.partition("-")[0]
    refused = targets.run(BY_NAME[name], path.read_bytes()) is not None
    assert refused or name == "text"  # any text is a prompt


@pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.__name__)
@settings(max_examples=20)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused_or_read(target: Callable[[bytes], None], data: bytes) -> None:
    targets.run(target, data)
