"""A declaration is checked when it is made, and the function stays a function."""

from __future__ import annotations

import inspect
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node, spec_of
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.schema import node_schema
from weft.engine.declaration.widgets import (
    Alias,
    Box,
    Choice,
    Color,
    Curve,
    ModelFile,
    Multiline,
    Points,
    Range,
    Seed,
    to_json,
)
from weft.engine.errors import DeclarationError

from .. import toy


class Two(NamedTuple):
    """Two outputs."""

    image: toy.Picture
    count: int


def test_node_stays_a_plain_function() -> None:
    assert toy.add(1, 2, bias=3) == 6
    assert inspect.isfunction(toy.add)


def test_node_schema_is_read_from_the_annotations() -> None:
    @node(
        "Everything",
        category="toy/all",
        version=3,
        aliases=["Comfy"],
        effects=["reads"],
        output=True,
    )
    def everything(
        run: Run,
        picture: toy.Picture,
        extra: toy.Picture | None = None,
        *,
        steps: Annotated[int, Range(1, 9, step=2), Alias("n")] = 5,
        mode: Literal["fast", "good"] = "good",
        name: Annotated[str, Choice(("a", "b"))] = "a",
        text: Annotated[str, Multiline()] = "",
        seed: Annotated[int, Seed()] = 0,
        file: Annotated[str, ModelFile("checkpoints")],
    ) -> Two:
        """Do it all.

        And say why.

        Args:
            picture: A picture,
                over two lines.
            extra: Another or None.
            steps: Count.
            mode: How.
            name: Which.
            text: What.
            seed: Seed.
            file: Model.

        Returns:
            Two things.

        Source: Nobody 1999.
        """
        return Two(picture, steps)

    spec = spec_of(everything)
    assert spec.run_parameter == "run"
    schema = node_schema(spec)
    assert schema["summary"] == "Do it all."
    assert schema["description"] == "And say why."
    assert (schema["returns"], schema["source"]) == ("Two things.", "Nobody 1999.")
    assert schema["outputs"] == {"image": {"type": "PICTURE"}, "count": {"type": "INT"}}
    inputs = schema["inputs"]
    assert list(inputs) == [
        "picture", "extra", "steps", "mode", "name", "text", "seed", "file",
    ]  # fmt: skip
    assert inputs["picture"] == {
        "type": "PICTURE",
        "socket": True,
        "required": True,
        "description": "A picture, over two lines.",
    }
    assert (inputs["extra"]["type"], inputs["extra"]["default"]) == ("PICTURE | NONE", None)
    assert (inputs["steps"]["min"], inputs["steps"]["max"], inputs["steps"]["default"]) == (1, 9, 5)
    assert inputs["steps"]["aliases"] == ["n"]
    assert inputs["mode"]["choices"] == ["fast", "good"]
    assert inputs["name"]["choices"] == ["a", "b"]
    assert inputs["text"]["multiline"] is True
    assert inputs["seed"]["seed"] is True
    assert inputs["file"]["model"] == "checkpoints"
    assert schema["root"] is True


def test_range_with_a_soft_part_allows_values_outside_of_it_and_publishes_it() -> None:
    steps = Range(1, 10_000, soft=(1, 50))
    assert to_json(steps) == {"min": 1, "max": 10_000, "soft": [1, 50]}
    assert steps.problem(500) is None
    assert "soft" not in to_json(Range(1, 10_000))


@pytest.mark.parametrize("soft", [(50, 1), (1, 1), (0, 50), (1, 20_000), (float("nan"), 5)])
def test_range_with_a_soft_part_that_is_no_part_of_it_is_refused(
    soft: tuple[float, float],
) -> None:
    with pytest.raises(ValueError, match="soft range"):
        Range(1, 10_000, soft=soft)


def test_marks_of_shapes_and_colours_stand_in_the_schema() -> None:
    @node("Drawn", category="toy")
    def drawn(
        *,
        color: Annotated[int, Color()] = 255,
        curve: Annotated[list[list[float]], Curve()] = [[0.0, 0.0], [1.0, 1.0]],  # noqa: B006
        points: Annotated[list[list[float]], Points(least=3, closed=True)],
        x: Annotated[float, Range(0, 1), Box("x")] = 0,
        y: Annotated[float, Range(0, 1), Box("y")] = 0,
        width: Annotated[float, Range(0, 1), Box("width")] = 1,
        height: Annotated[float, Range(0, 1), Box("height")] = 1,
    ) -> int:
        """Draw.

        Args:
            color: Colour.
            curve: Curve.
            points: Corners.
            x: Left.
            y: Top.
            width: Width.
            height: Height.
        """
        return color

    inputs = node_schema(spec_of(drawn))["inputs"]
    assert (inputs["color"]["color"], inputs["color"]["max"]) == (True, 0xFFFFFF)
    assert inputs["curve"]["curve"] is True
    assert inputs["points"]["points"] == {"least": 3, "closed": True}
    assert [inputs[side]["box"] for side in ("x", "y", "width", "height")] == [
        "x", "y", "width", "height",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "value", "reason"),
    [
        (Curve(), [[0, 0], [0.5, 1], [1, 0]], None),
        (Curve(), [[0, 0]], "two or more"),
        (Curve(), [[0, 0], [1, 1.5]], "from 0 to 1"),
        (Curve(), [[0, 0], [1, float("nan")]], "from 0 to 1"),
        (Curve(), [[0, 0, 0], [1, 1, 1]], "pairs"),
        (Curve(), [[0.6, 0], [0.4, 1]], "larger than the one before"),
        (Points(), [], None),
        (Points(least=1), [], "1 points or more"),
        (Points(), [[0.5, -0.1]], "from 0 to 1"),
        (Points(), 3, "pairs"),
    ],
)
def test_points_and_curves_say_what_is_wrong_with_them(
    mark: Points | Curve, value: object, reason: str | None
) -> None:
    found = mark.problem(value)
    assert found is None if reason is None else reason in (found or "")


def documented(function: Any, *names: str) -> Any:
    lines = "".join(f"\n    {n}: Something." for n in names)
    function.__doc__ = f"Do something.\n\nArgs:{lines}" if names else "Do something."
    return function


def no_annotation(a, *, b: int = 0) -> int:  # type: ignore[no-untyped-def]
    return b


def star(*a: int) -> int:
    return 0


def default_out_of_range(*, a: Annotated[int, Range(1, 5)] = 9) -> int:
    return a


def default_of_wrong_type(*, a: int = "1") -> int:  # type: ignore[assignment]
    return a


def default_no_choice(*, a: Annotated[str, Choice(("x",))] = "y") -> str:
    return a


def half_a_box(*, x: Annotated[int, Box("x")] = 0, y: Annotated[int, Box("y")] = 0) -> int:
    return x + y


def curve_that_falls_back(
    *,
    a: Annotated[list[list[float]], Curve()] = [[0.5, 0.0], [0.5, 1.0]],  # noqa: B006
) -> int:
    return len(a)


def no_return(a: int):  # type: ignore[no-untyped-def]
    return a


def odd_return(a: int) -> dict[str, int]:
    return {}


def odd_parameter(a: tuple[int, int]) -> int:
    return 0


def unknown_name(a: NotThere) -> int:  # type: ignore[name-defined]  # noqa: F821
    return 0


def fine(a: int) -> int:
    return a


@pytest.mark.parametrize(
    ("function", "names", "reason"),
    [
        (no_annotation, ["a", "b"], "parameter a has no annotation"),
        (star, ["a"], "no schema"),
        (default_out_of_range, ["a"], "default 9: allowed 1 to 5"),
        (default_of_wrong_type, ["a"], "default '1'"),
        (default_no_choice, ["a"], "one of 'x'"),
        (half_a_box, ["x", "y"], "a Box has the sides x, y, width, height, each once"),
        (curve_that_falls_back, ["a"], "an x larger than the one before"),
        (no_return, ["a"], "return annotation is missing"),
        (odd_return, ["a"], "no socket type"),
        (odd_parameter, ["a"], "no socket type"),
        (unknown_name, ["a"], "cannot be read"),
        (fine, [], "without description ['a']"),
        (fine, ["a", "b"], "described but missing ['b']"),
    ],
)
def test_node_with_faulty_declaration_is_refused(function: Any, names: Any, reason: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        node("Faulty", category="toy")(documented(function, *names))
    assert reason in str(caught.value)
    assert "test_node.py:" in str(caught.value)


def test_node_without_docstring_is_refused() -> None:
    def silent(a: int) -> int:
        return a

    with pytest.raises(DeclarationError, match="docstring"):
        node("Silent", category="toy")(silent)


@pytest.mark.parametrize("type_id", ["lower", "With Space", "9x", "A-b"])
def test_node_with_bad_type_id_is_refused(type_id: str) -> None:
    with pytest.raises(DeclarationError, match="PascalCase"):
        node(type_id, category="toy")(documented(fine, "a"))


def test_node_with_unknown_effect_is_refused() -> None:
    with pytest.raises(DeclarationError, match="unknown effects"):
        node("E", category="t", effects=["telepathy"])(  # type: ignore[list-item]
            documented(fine, "a")
        )


def test_registry_with_one_id_twice_names_both_places() -> None:
    @node("Number", category="toy")
    def other(*, value: float = 0) -> float:
        """Be another.

        Args:
            value: A number.
        """
        return value

    with pytest.raises(DeclarationError) as caught:
        Registry([toy.number, other])
    assert caught.value.code == "node.duplicate"
    assert "toy.py:" in str(caught.value)
    assert "test_node.py:" in str(caught.value)


def test_registry_with_alias_of_another_id_is_refused() -> None:
    @node("Fresh", category="toy", aliases=["Add"])
    def fresh(*, value: float = 0) -> float:
        """Be fresh.

        Args:
            value: A number.
        """
        return value

    with pytest.raises(DeclarationError, match="claim the name Add"):
        Registry([toy.add, fresh])


def test_registry_of_a_module_takes_its_own_nodes_only() -> None:
    import types

    module = types.ModuleType("pack")
    module.add = toy.add  # type: ignore[attr-defined]
    assert set(Registry([module])) == set(Registry())
    assert "Add" in Registry([toy])


def test_registry_refuses_what_is_no_node() -> None:
    with pytest.raises(DeclarationError, match="is not a node"):
        Registry([fine])


def test_registry_finds_aliases_but_lists_only_ids() -> None:
    registry = Registry([toy.number])
    assert registry.find("PrimitiveNumber") is registry["Number"]
    assert set(registry) - set(Registry()) == {"Number"}
    assert registry.similar("Nmber") == "Number"
