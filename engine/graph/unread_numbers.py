"""NaN and infinities, which JSON does not have and Python writes all the same.

ComfyUI's files hold `"is_changed": [NaN]`, which nobody reads: there they are dropped. In a value
that is used they are refused, with their place.
"""

from __future__ import annotations

import math
from typing import Any

from ..errors import DocumentError

# Of a node in ComfyUI's API format, and of its editor: all that is read of them.
_API = frozenset({"class_type", "inputs", "_meta"})
_EDITOR_UNREAD = frozenset({"properties", "flags", "order"})
_READ_PROPERTIES = frozenset({"proxyWidgets"})
_ROOT_UNREAD = frozenset({"extra", "config", "last_node_id", "last_link_id"})


def without_unread(data: Any) -> Any:
    """JSON data without the numbers that JSON does not have, where nobody reads them.

    Args:
        data: Parsed JSON; it is changed.

    Raises:
        DocumentError: `document.json`: there is one in a place that is read, which is named.
    """
    stack: list[tuple[Any, str]] = [(data, "")]
    while stack:
        item, path = stack.pop()
        if isinstance(item, dict):
            for name in [n for n, v in item.items() if _unread(item, n, path) and _has_any(v)]:
                del item[name]
            stack += [(value, f"{path}.{name}" if path else name) for name, value in item.items()]
        elif isinstance(item, list):
            stack += [(value, f"{path}.{at}") for at, value in enumerate(item)]
        elif isinstance(item, float) and not math.isfinite(item):
            name = "NaN" if math.isnan(item) else "Infinity" if item > 0 else "-Infinity"
            where = f" at {path[:200]}" if path else ""
            raise DocumentError(
                f"{name}{where} is not a number that JSON has.",
                code="document.json",
                expected="a finite number",
                got=name,
                hint="Use a finite number, or remove it.",
            )
    return data


def _unread(owner: dict[str, Any], name: str, path: str) -> bool:
    if "class_type" in owner:
        return name not in _API
    if "nodes" in owner and "links" in owner:
        return name in _ROOT_UNREAD and name != "links"
    if "type" in owner and "id" in owner:
        return name in _EDITOR_UNREAD
    return path.endswith(".properties") and name not in _READ_PROPERTIES


def _has_any(data: Any) -> bool:
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if _READ_PROPERTIES & item.keys():
                return False  # looked at by itself
            stack += item.values()
        elif isinstance(item, list):
            stack += item
        elif isinstance(item, float) and not math.isfinite(item):
            return True
    return False
