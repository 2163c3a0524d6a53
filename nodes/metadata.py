"""What a written file says of its own making."""

from __future__ import annotations

import json

from ..engine.context import Run


def embedded(run: Run) -> dict[str, str]:
    """Texts to embed: the workflow with its seeds drawn, and the seeds by themselves.

    Args:
        run: The run that writes.

    Returns:
        `weft`: the document as JSON. `weft_seeds`: `node.parameter` -> seed, as JSON.
    """
    if not run.document:
        return {}
    return {
        "weft": json.dumps(run.document, ensure_ascii=False),
        "weft_seeds": json.dumps(dict(run.seeds)),
    }
