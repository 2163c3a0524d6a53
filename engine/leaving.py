"""A node that would end the process only fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import NodeError


@contextmanager
def leaving_refused() -> Iterator[None]:
    """Make `sys.exit()` of code of others an error of the node that called it.

    Raises:
        NodeError: `node.exit`.
    """
    try:
        yield
    except SystemExit as error:
        code = "" if error.code is None else str(error.code)[:200]
        raise NodeError(
            f"it called sys.exit({code}), which would stop weft.",
            code="node.exit",
            expected="a result, or an exception with a message",
            hint="Raise NodeError in the node instead; until then use another node.",
        ) from error
