"""Convert the return value of a node function into outputs, digests, sizes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..declaration.node import NodeSpec
from ..errors import NodeError
from ..store.keys import result_digest
from ..store.values import Values

MAX_TEXT = 10_000_000
"""Characters that a node may give as text: the texts of a list count together."""
Described = tuple[tuple[Any, ...], tuple[bytes, ...], tuple[int, ...]]


def describe(
    spec: NodeSpec,
    result: Any,
    key: bytes | None,
    values: Values,
    passed: Mapping[int, tuple[Any, bytes]],
) -> Described:
    """Outputs with their digests and sizes in bytes.

    Args:
        spec: The node's type.
        result: What its function returned.
        key: The step's key; None when its result is not kept.
        values: Digests and sizes.
        passed: Values that the node was given and may hand on as they are, by `id`, with their
            digests; for those whose class defines no content.

    Raises:
        NodeError: The function returned another number of outputs than it declares, one of another
            type, or a text that is too long.
    """
    count = len(spec.outputs)
    outputs: tuple[Any, ...]
    if spec.returns_tuple:
        if not isinstance(result, tuple) or len(result) != count:
            raise NodeError(
                f"{spec.type_id} returned {type(result).__name__}, expected {count} outputs.",
                code="node.wrong_outputs",
            )
        outputs = tuple(result)
    else:
        outputs = (result,) if count else ()
    for output, value in zip(spec.outputs, outputs, strict=True):
        reason = output.check(value) if output.check is not None else None
        if reason is not None:
            raise NodeError(
                f'{spec.type_id} returned {type(value).__name__} as "{output.name}": {reason}.',
                code="node.wrong_type",
                port=output.name,
                expected=str(output.type),
                got=type(value).__name__,
                hint="This is a fault of the node, not of the workflow; report it to the author "
                "of the node.",
            )
    for output in outputs:
        _check_text(spec, output)
    digests = []
    for number, output in enumerate(outputs):
        digest = values.digest(output)
        if digest is None and id(output) in passed:
            digest = passed[id(output)][1]
        if digest is None:
            # No content to compare: the computation names the value, or nothing does.
            digest = result_digest(key if key is not None else os.urandom(32), number)
        digests.append(digest)
    return outputs, tuple(digests), tuple([values.nbytes(output) for output in outputs])


def _check_text(spec: NodeSpec, output: Any) -> None:
    """Refuse a text that is too long: nodes that double one would fill the memory, 20 by 20."""
    if isinstance(output, str):
        length = len(output)
    elif isinstance(output, list | tuple):
        length = sum(len(item) for item in output if isinstance(item, str))
    else:
        return
    if length > MAX_TEXT:
        raise NodeError(
            f"{spec.type_id} returned a text of {length} characters.",
            code="text.too_long",
            expected=f"at most {MAX_TEXT} characters",
            got=str(length),
            hint="Join fewer or shorter texts.",
        )
