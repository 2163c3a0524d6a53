"""Parse text into values, by the type of the parameter."""

from __future__ import annotations

import json
from typing import Any

from .node import Parameter


def takes_text(parameter: Parameter | None) -> bool:
    """Whether a parameter's values are texts, so that no word means anything else there."""
    return parameter is not None and parameter.type.name in ("STRING", "COMBO")


def typed(word: str, parameter: Parameter | None) -> Any:
    """The value of a word: itself where a text is taken; elsewhere JSON, if it is JSON.

    Args:
        word: As typed.
        parameter: What it is for; None when that is not known.
    """
    if takes_text(parameter):
        return word
    try:
        return json.loads(word)
    except (ValueError, RecursionError):  # no JSON, a number beyond all bounds, nested too deep
        return word
