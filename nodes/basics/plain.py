"""Numbers, texts and arithmetic: values that several nodes can share."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Alias, Multiline
from weft.engine.errors import NodeError


@node("Integer", category="values", aliases=["PrimitiveInt"], lane="inline")
def integer(*, value: int = 0) -> int:
    """Provide a whole number.

    Args:
        value: The number, without bounds.

    Returns:
        The same number.
    """
    return value


@node("Float", category="values", aliases=["PrimitiveFloat"], lane="inline")
def float_(*, value: float = 0.0) -> float:
    """Provide a number.

    Args:
        value: The number.

    Returns:
        The same number.
    """
    return value


@node("Boolean", category="values", aliases=["PrimitiveBoolean"], lane="inline")
def boolean(*, value: bool = False) -> bool:
    """Provide a boolean: true or false.

    Args:
        value: True or false.

    Returns:
        The same value.
    """
    return value


@node(
    "Text",
    category="values",
    aliases=["PrimitiveString", "PrimitiveStringMultiline"],
    lane="inline",
)
def text(*, value: Annotated[str, Multiline()] = "") -> str:
    """Provide a text.

    Args:
        value: The text. It may have several lines.

    Returns:
        The same text.
    """
    return value


@node("JoinText", category="values", aliases=["StringConcatenate"], lane="inline")
def join_text(
    *,
    a: Annotated[str, Multiline(), Alias("string_a")] = "",
    b: Annotated[str, Multiline(), Alias("string_b")] = "",
    delimiter: str = "",
) -> str:
    """Join two texts.

    Args:
        a: The first text.
        b: The second text.
        delimiter: The text between them.

    Returns:
        `a`, `delimiter` and `b`, joined.
    """
    return f"{a}{delimiter}{b}"


@node("Arithmetic", category="values", lane="inline")
def arithmetic(
    a: float,
    b: float,
    *,
    operation: Literal[
        "add", "subtract", "multiply", "divide", "power", "minimum", "maximum"
    ] = "add",
) -> float:
    """Calculate with two numbers.

    Args:
        a: The left operand.
        b: The right operand.
        operation: The operation.

    Returns:
        The result in double precision.

    Raises:
        NodeError: The result is not defined or not finite (division by zero, overflow).
    """
    try:
        match operation:
            case "add":
                result = a + b
            case "subtract":
                result = a - b
            case "multiply":
                result = a * b
            case "divide":
                result = a / b
            case "power":
                result = math.pow(a, b)
            case "minimum":
                result = min(a, b)
            case "maximum":
                result = max(a, b)
    except (ArithmeticError, ValueError) as error:
        raise _no_result(operation, a, b) from error
    if not math.isfinite(result):
        raise _no_result(operation, a, b)
    return result


@node("Round", category="values", lane="inline")
def round_(a: float, *, mode: Literal["nearest", "down", "up"] = "nearest") -> int:
    """Round a number to a whole number.

    Args:
        a: A finite number.
        mode: `nearest` rounds to the nearest whole number (halves to even), `down` towards minus
            infinity, `up` towards plus infinity.

    Returns:
        The whole number.

    Raises:
        NodeError: `a` is not finite.
    """
    if not math.isfinite(a):
        raise NodeError(
            f"{a} cannot be rounded to a whole number.", code="node.no_result", port="a"
        )
    match mode:
        case "nearest":
            return round(a)
        case "down":
            return math.floor(a)
        case "up":
            return math.ceil(a)


def _no_result(operation: str, a: float, b: float) -> NodeError:
    return NodeError(
        f"{operation} of {a} and {b} has no finite result.",
        code="node.no_result",
        hint="Change one of the two numbers.",
    )
