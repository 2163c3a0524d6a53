"""The contract test finds each breach, names it, and lets good nodes pass."""

from __future__ import annotations

import copy
import enum
import random
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from weft.engine.contract.check import ContractError, check_contract
from weft.engine.declaration.context import Run
from weft.engine.declaration.lazy import Lazy
from weft.engine.declaration.node import node
from weft.engine.declaration.widgets import Range
from weft.engine.errors import Cancelled, DeclarationError, NodeError
from weft.engine.files.workspace import Workspace
from weft.engine.store.values import Values

from .. import toy


@dataclass
class Box:
    """A value with content that can be watched."""

    items: list[float]


class Kind(enum.Enum):
    """Members live for ever."""

    ROUND = 1


class Two(NamedTuple):
    """Two outputs."""

    number: float
    box: Box


def check(function: Any, **inputs: Any) -> Any:
    return check_contract(function, inputs, run=Run(), values=Values(), types={})


def breaches(function: Any, **inputs: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(ContractError) as caught:
        check(function, **inputs)
    text = str(caught.value)
    for problem in caught.value.problems:
        assert f"[{problem.code}]" in text
        assert problem.node is not None
        assert problem.node in text
    return [(p.code.removeprefix("contract."), p.port) for p in caught.value.problems]


@node("Scale", category="toy")
def scale(
    box: Box, *, by: Annotated[float, Range(0, 4)] = 2.0, way: Literal["up", "down"] = "up"
) -> Two:
    """Multiply.

    Args:
        box: Numbers.
        by: Factor.
        way: `down` divides.

    Returns:
        number: Their sum. box: The new numbers.
    """
    factor = by if way == "up" else 1 / by
    items = [i * factor for i in box.items]
    return Two(sum(items), Box(items))


def test_contract_of_a_good_node_gives_its_result() -> None:
    assert check(scale, box=Box([1, 2]), by=3) == Two(9.0, Box([3.0, 6.0]))
    assert check(scale, box=Box([1, 2]), way="down").number == 1.5


def test_contract_of_what_is_no_node_is_refused() -> None:
    with pytest.raises(DeclarationError):
        check(print)


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, [("input", "box")]),
        ({"box": [1.0]}, [("input", "box")]),
        ({"box": Box([]), "by": 5}, [("input", "by")]),
        ({"box": Box([]), "by": "2"}, [("input", "by")]),
        ({"box": Box([]), "way": "left"}, [("input", "way")]),
        ({"box": Box([]), "bye": 2}, [("input", "bye")]),
    ],
)
def test_contract_with_inputs_that_do_not_fit_says_so_and_calls_nothing(
    inputs: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert breaches(scale, **inputs) == expected


def test_contract_asks_for_a_whole_docstring() -> None:
    @node("Terse", category="toy")
    def terse(a: float) -> float:
        """Give it back

        Args:
            a:
        """
        return a

    assert breaches(terse, a=1) == [("docstring", None), ("docstring", "a"), ("docstring", None)]


def test_contract_names_the_input_that_was_changed() -> None:
    @node("Sort", category="toy")
    def sort(first: list[float], second: list[float]) -> float:
        """Sort in place.

        Args:
            first: Stays.
            second: Changes.

        Returns:
            The smallest.
        """
        second.sort()
        return min(first[0], second[0])

    assert breaches(sort, first=[2, 1], second=[2, 1]) == [("mutated_input", "second")]


def test_contract_finds_chance() -> None:
    @node("Chance", category="toy")
    def chance(a: float) -> Two:
        """Add chance.

        Args:
            a: A number.

        Returns:
            number: By chance. box: Not by chance.
        """
        return Two(a + random.random(), Box([a]))

    assert breaches(chance, a=1) == [("not_deterministic", "number")]


def test_contract_allows_chance_that_is_declared() -> None:
    @node("Declared", category="toy", pure=False)
    def declared() -> float:
        """Give any number.

        Returns:
            A number in [0, 1].
        """
        return random.random()

    check(declared)


@pytest.mark.parametrize(
    "result",
    [1.0, "text", None, (1.0, 2.0), (1.0, Box([]), 3), Two("x", Box([])), Two(1.0, [])],  # type: ignore[arg-type]
)
def test_contract_finds_outputs_that_are_not_as_declared(result: Any) -> None:
    @node("Liar", category="toy")
    def liar() -> Two:
        """Return something.

        Returns:
            Not what it says.
        """
        return copy.deepcopy(result)  # type: ignore[no-any-return]

    assert {code for code, _ in breaches(liar)} == {"output"}


def test_contract_of_optional_and_list_outputs() -> None:
    @node("Loose", category="toy")
    def loose(*, what: str = "") -> list[float | None]:
        """Return a list.

        Args:
            what: What is in it.

        Returns:
            A list.
        """
        return [1.0, None] if not what else [what]  # type: ignore[list-item]

    assert check(loose) == [1.0, None]
    assert breaches(loose, what="x") == [("output", "value")]


def test_contract_finds_what_a_node_keeps() -> None:
    kept: list[Any] = []

    @node("Hoard", category="toy")
    def hoard(a: float) -> Two:
        """Keep a value.

        Args:
            a: A number.

        Returns:
            number: A number. box: Kept.
        """
        kept.append(Box([a]))
        return Two(a, kept[-1])

    assert breaches(hoard, a=1) == [("memory", "box")]


def test_contract_lets_a_node_hand_on_its_input_and_what_lives_for_ever() -> None:
    @node("Pass", category="toy")
    def hand_on(box: Box) -> Box:
        """Hand on.

        Args:
            box: A box.

        Returns:
            The same.
        """
        return box

    @node("Constant", category="toy")
    def constant() -> Kind:
        """Give a member.

        Returns:
            Always the same.
        """
        return Kind.ROUND

    box = Box([1])
    assert check(hand_on, box=box) is box
    assert check(constant) is Kind.ROUND


def test_contract_finds_an_insane_size() -> None:
    values = Values()
    values.nbytes = lambda value: 2**40  # type: ignore[method-assign]
    with pytest.raises(ContractError) as caught:
        check_contract(scale, {"box": Box([1])}, run=Run(), values=values, types={})
    assert [p.code for p in caught.value.problems] == ["contract.size"] * 2


def working(swallow: type[Exception] | None, steps: int = 3) -> Any:
    """A node that reports progress and swallows some errors."""

    @node("Work", category="toy")
    def work(run: Run) -> int:
        """Work.

        Returns:
            The number of steps.
        """
        for step in range(steps):
            try:
                run.progress(step + 1, steps)
            except Exception as error:
                if swallow is None:
                    raise
                if swallow is NodeError:
                    raise NodeError("Something failed.") from error
        return steps

    return work


def test_contract_of_a_node_that_stops_when_cancelled() -> None:
    assert check(working(None)) == 3
    assert check(working(None, steps=1)) == 1


@pytest.mark.parametrize(("steps", "count"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("swallow", [Cancelled, NodeError])
def test_contract_finds_a_node_that_swallows_cancellation(
    swallow: type[Exception], steps: int, count: int
) -> None:
    assert breaches(working(swallow, steps)) == [("cancel", None)] * count


def test_contract_of_an_async_node() -> None:
    @node("Later", category="toy")
    async def later(a: float) -> float:
        """Give a number later.

        Args:
            a: A number.

        Returns:
            One more.
        """
        return a + 1

    assert check(later, a=1) == 2


def test_contract_of_a_node_that_writes_uses_the_folders_of_the_run(tmp_path: Any) -> None:
    run = Run(workspace=Workspace(output=tmp_path))
    check_contract(toy.write_text, {"text": "x"}, run=run, values=Values(), types={})
    assert len(list(tmp_path.iterdir())) == 2


def test_contract_of_a_node_with_lazy_inputs_takes_plain_values() -> None:
    @node("Choose", category="toy")
    async def choose(on: bool, yes: Lazy[float], no: Lazy[float]) -> float:
        """Choose.

        Args:
            on: Which.
            yes: One.
            no: The other.

        Returns:
            The chosen.
        """
        return await (yes if on else no)

    assert check(choose, on=True, yes=1, no=Lazy.of(2.0)) == 1
    assert breaches(choose, on=True, yes="x", no=2) == [("input", "yes")]
