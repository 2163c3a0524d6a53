"""The workflow and other metadata that saved files hold."""

from __future__ import annotations

import json

from weft.engine.declaration.context import Run


def embedded(run: Run, *, more: bool = True) -> dict[str, str]:
    """Texts to embed: the workflow with its seeds drawn, and the seeds by themselves.

    Args:
        run: The run that writes.
        more: Whether the file format has room for extra metadata that the client sent.

    Returns:
        `weft`: the document as JSON. `weft_seeds`: `node.parameter` -> seed, as JSON. `weft_lock`:
        the lock (model hashes and versions), where it is known. `prompt`: the workflow in ComfyUI's
        API format, if ComfyUI has all its nodes. And the client's extra metadata, such as
        `workflow` of ComfyUI's editor. Empty if metadata are turned off.
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
