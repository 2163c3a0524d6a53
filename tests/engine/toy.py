"""Small nodes and helpers for engine tests. No torch: the engine knows none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Annotated, Any, NamedTuple

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.widgets import Alias, FilePrefix, InputFile, Range, Seed
from weft.engine.engine import Engine, Result
from weft.engine.errors import NodeError
from weft.engine.files.workspace import Workspace
from weft.engine.store.cache import MemoryCache
from weft.engine.testing import EventLog
from weft.engine.workflows.workflow import Workflow


class Pair(NamedTuple):
    """Two numbers."""

    low: float
    high: float


class Opaque:
    """A value without content: only its making names it."""

    __socket__ = "OPAQUE"

    def __init__(self, number: float) -> None:
        self.number = number


class Picture:
    """A socket type that nothing converts to."""

    __socket__ = "PICTURE"


@node("Number", category="toy", aliases=["PrimitiveNumber"], lane="inline")
def number(*, value: Annotated[float, Range(-1e6, 1e6), Alias("val")] = 0.0) -> float:
    """Give a number.

    Args:
        value: The number.
    """
    return value


@node("Add", category="toy", lane="inline")
def add(a: float, b: float, *, bias: float = 0.0) -> float:
    """Add two numbers.

    Args:
        a: One.
        b: Other.
        bias: Added too.
    """
    return a + b + bias


@node("Sign", category="toy", lane="inline")
def sign(a: float) -> int:
    """Tell only the sign: many inputs, few outputs.

    Args:
        a: A number.
    """
    return (a > 0) - (a < 0)


@node("Split", category="toy", lane="inline")
def split(a: float) -> Pair:
    """Give a number less and plus one.

    Args:
        a: A number.
    """
    return Pair(a - 1, a + 1)


@node("Slow", category="toy")
def slow(a: float) -> float:
    """Pass a number through a thread.

    Args:
        a: A number.
    """
    return a


@node("Sum", category="toy", lane="inline")
def total(items: list[float]) -> float:
    """Add all linked numbers.

    Args:
        items: Numbers.
    """
    return sum(items)


@node("Dice", category="toy", lane="inline")
def dice(*, seed: Annotated[int, Seed()] = 0) -> int:
    """Give the seed.

    Args:
        seed: A seed.
    """
    return seed


@node("Now", category="toy", pure=False, lane="inline")
def now(*, value: float = 0.0) -> float:
    """Be called every time.

    Args:
        value: What to give.
    """
    return value


@node("Wrap", category="toy", lane="inline")
def wrap(a: float) -> Opaque:
    """Wrap a number into a value without content.

    Args:
        a: A number.
    """
    return Opaque(a)


@node("Unwrap", category="toy", lane="inline")
def unwrap(opaque: Opaque) -> float:
    """Take the number out again.

    Args:
        opaque: The wrapping.
    """
    return opaque.number


@node("Fail", category="toy", lane="inline")
def fail(a: float) -> float:
    """Refuse every input.

    Args:
        a: A number.
    """
    raise NodeError("It cannot be.", code="toy.refused", port="a", hint="Try another.")


@node("Crash", category="toy")
def crash(a: float) -> float:
    """Raise what no node should.

    Args:
        a: A number.
    """
    raise ZeroDivisionError("by zero")


@node("ReadText", category="toy", effects=["reads"], lane="io")
def read_text(run: Run, *, file: Annotated[str, InputFile()]) -> str:
    """Read a file.

    Args:
        file: Its name.
    """
    return run.workspace.input(file).read_text()


@node("Show", category="toy", output=True, lane="inline")
def show(a: float) -> None:
    """Be a root.

    Args:
        a: A number.
    """


@node("WriteText", category="toy", effects=["writes"])
def write_text(run: Run, text: str, *, prefix: Annotated[str, FilePrefix()] = "note") -> None:
    """Write a file.

    Args:
        text: Its content.
        prefix: Its name.
    """
    path = run.write(prefix, ".txt", lambda f: f.write(text.encode()))
    run.artifact(path, "text/plain")


@node("TakePicture", category="toy", lane="inline")
def take_picture(picture: Picture, *, mode: str = "") -> float:
    """Take what nothing gives.

    Args:
        picture: A picture.
        mode: Anything.
    """
    return 0.0


REGISTRY = Registry(
    [
        number, add, sign, split, slow, total, dice, now, wrap, unwrap, fail, crash, read_text,
        show, write_text, take_picture,
    ]
)  # fmt: skip


def link(target: str) -> dict[str, str]:
    """A link."""
    return {"link": target}


def meeting() -> tuple[Callable[..., float], dict[str, tuple[str, dict[str, Any]]]]:
    """A node that waits until two of it run, and a graph of two of them whose numbers are added."""
    both = threading.Barrier(2)

    @node("Meet", category="toy", lane="io")
    def meet(*, value: float = 0.0) -> float:
        """Wait until two are here.

        Args:
            value: What to give.
        """
        both.wait(30)
        return value

    nodes = {
        "x": ("Meet", {"value": 1}),
        "y": ("Meet", {"value": 2}),
        "d": ("Add", {"a": "@x.value", "b": "@y.value"}),
    }
    return meet, nodes


def flow(**nodes: tuple[str, dict[str, Any]]) -> Workflow:
    """A workflow of `id=(type, inputs)`; texts such as "@a.value" are links."""

    def value(v: Any) -> Any:
        if isinstance(v, str) and v.startswith("@"):
            return link(v[1:])
        return [value(i) for i in v] if isinstance(v, list) else v

    data = {
        node_id: {"type": kind, "inputs": {n: value(v) for n, v in inputs.items()}}
        for node_id, (kind, inputs) in nodes.items()
    }
    return Workflow.from_json({"weft": 1, "nodes": data})


def engine(
    *, workspace: Workspace | None = None, budget: int = 2**30, nodes: Iterable[Any] = ()
) -> Engine:
    """An engine with the toy nodes."""
    return Engine(Registry([REGISTRY, *nodes]), workspace=workspace, cache=MemoryCache(budget))


def run(
    on: Engine, workflow: Workflow, *outputs: str, token: Any = None
) -> tuple[Result, EventLog]:
    """Run and listen."""
    log = EventLog()
    result = on.run(workflow, outputs=outputs or None, on_event=log, token=token)
    return result, log


class Gate:
    """A node that waits until it is opened, without sleeping."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.calls = 0

        @node("Wait", category="toy")
        def wait(run: Run, a: float) -> float:
            """Wait for the gate.

            Args:
                a: A number.
            """
            self.calls += 1
            self.entered.set()
            while not self.open.wait(0.005):
                run.check()
            return a

        self.node = wait
