"""What a written file says of its own making."""

from __future__ import annotations

import json

from ...engine.declaration.context import Run


def embedded(run: Run, *, more: bool = True) -> dict[str, str]:
    """Texts to embed: the workflow with its seeds drawn, and the seeds by themselves.

    Args:
        run: The run that writes.
        more: Whether the file has room for what whoever asked for the run gave along.

    Returns:
        `weft`: the document as JSON. `weft_seeds`: `node.parameter` -> seed, as JSON. `weft_lock`:
        what it is made with, where that is known. `prompt`: the workflow in ComfyUI's API format,
        where ComfyUI has all of it. And what was given along, such as `workflow` of ComfyUI's
        editor. Nothing where metadata are not wanted.
    """
    texts = run.texts() if more else {}
    if not run.document:
        return dict(texts)
    found = {
        **texts,
        "weft": json.dumps(run.document, ensure_ascii=False),
        "weft_seeds": json.dumps(dict(run.seeds)),
    }
    lock = run.lock()
    if lock is not None:
        found["weft_lock"] = json.dumps(lock, ensure_ascii=False)
    return found
