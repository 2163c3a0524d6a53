"""The nodes that need no model keep the contract of a node; what breaks it is found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from weft import testing
from weft.diffusion.types import Image, Latent, Mask
from weft.engine.declaration.context import Run
from weft.engine.declaration.node import node
from weft.engine.declaration.registry import Registry
from weft.engine.declaration.sockets import SocketType
from weft.engine.engine import Engine
from weft.engine.errors import FileError, NodeError, RunError
from weft.engine.files.workspace import Workspace
from weft.engine.store.values import Values
from weft.engine.workflows.workflow import Workflow
from weft.nodes.basics import flow, plain
from weft.nodes.control.preprocess import edges as preprocess_edges
from weft.nodes.latents import latent
from weft.nodes.pictures import image, scale
from weft.nodes.standard.folders import THIMBLE
from weft.nodes.standard.registry import standard_registry
from weft.nodes.values import CODECS


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (plain.integer, {"value": 7}),
        (plain.float_, {"value": 7}),
        (plain.boolean, {"value": True}),
        (plain.text, {"value": "a"}),
        (plain.join_text, {"a": "a", "b": "b", "delimiter": ", "}),
        *(
            (plain.arithmetic, {"a": 3.0, "b": 2, "operation": operation})
            for operation in ("add", "subtract", "multiply", "divide", "power", "minimum")
        ),
        *((plain.round_, {"a": 2.5, "mode": mode}) for mode in ("nearest", "down", "up")),
        (latent.empty_latent_image, {"width": 64, "height": 32, "batch_size": 2}),
    ],
)
def test_plain_node_keeps_its_contract(function: Any, inputs: dict[str, Any]) -> None:
    testing.check_node(function, **inputs)


def test_switch_keeps_its_contract() -> None:
    testing.check_node(flow.switch, on=True, yes=testing.image(), no=testing.mask())


@pytest.mark.parametrize("crop", ["disabled", "center"])
@pytest.mark.parametrize("method", ["nearest-exact", "bilinear", "area", "bicubic", "lanczos"])
def test_image_scale_keeps_its_contract(method: str, crop: str) -> None:
    for width, height in ((20, 40), (96, 0), (64, 48)):  # smaller, larger, the same
        testing.check_node(
            scale.image_scale,
            image=testing.image(2),
            width=width,
            height=height,
            upscale_method=method,
            crop=crop,
        )


def test_canny_keeps_its_contract() -> None:
    edges = testing.check_node(preprocess_edges.canny, image=testing.image(2), low=0.1, high=0.3)
    assert 0 < edges.mean() < 0.5


def test_nodes_that_write_keep_their_contract(tmp_path: Path) -> None:
    run = Run(workspace=Workspace(output=tmp_path))
    testing.check_node(image.save_image, run=run, images=testing.image(3))
    assert list(tmp_path.glob("weft_*.png"))
    testing.check_node(image.preview_image, run=run, images=testing.image())
    testing.check_node(latent.save_latent, run=run, samples=testing.latent())


def test_nodes_that_read_keep_their_contract(tmp_path: Path) -> None:
    run = Run(workspace=Workspace(inputs=[tmp_path], output=tmp_path))
    image.save_image(run, testing.image())
    latent.save_latent(run, testing.latent(), filename_prefix="noise")
    loaded = testing.check_node(image.load_image, run=run, file="weft_00001.png")
    assert torch.allclose(loaded.image, testing.image(), atol=1 / 255)
    testing.check_node(latent.load_latent, run=run, file="noise_00001.latent")


def broken(result: Any) -> Any:
    """A node that returns something for a picture."""

    @node("Broken", category="toy")
    def give(picture: Image) -> Image:
        """Return something.

        Args:
            picture: A picture.

        Returns:
            Something.
        """
        return result(picture)

    return give


@pytest.mark.parametrize(
    ("result", "code", "words"),
    [
        (lambda p: p[0], "output", "(B, H, W, 3)"),
        (lambda p: p.movedim(-1, 1).contiguous(), "output", "(1, 3, 48, 64)"),
        (lambda p: p[:0].clone(), "output", "no side 0"),
        (lambda p: p.double(), "output", "float64"),
        (lambda p: p * 2, "output", "[0, 1]"),
        (lambda p: p / 0 * 0, "output", "nan"),
        (lambda p: p.clone().requires_grad_(), "output", "gradient"),
        (lambda p: p.numpy(), "output", "ndarray"),
        (lambda p: torch.zeros(64, 48, 64, 3)[:1], "size", "return a clone"),
        (lambda p: p.mul_(0.5).clone(), "mutated_input", "copy"),
        (torch.rand_like, "not_deterministic", "Seed"),
    ],
)
def test_picture_node_that_breaks_the_contract_is_told_why(
    result: Any, code: str, words: str
) -> None:
    with pytest.raises(testing.ContractError) as caught:
        testing.check_node(broken(result), picture=testing.image())
    assert f"contract.{code}" in [p.code for p in caught.value.problems]
    assert words in str(caught.value)


def test_picture_node_that_keeps_tensors_is_found() -> None:
    kept: list[Any] = []

    def keep(picture: Any) -> Any:
        kept.append(picture + 0)
        return kept[-1]

    with pytest.raises(testing.ContractError) as caught:
        testing.check_node(broken(keep), picture=testing.image())
    assert [p.code for p in caught.value.problems] == ["contract.memory"]


def test_picture_node_given_no_picture_is_a_fault_of_the_test() -> None:
    with pytest.raises(testing.ContractError) as caught:
        testing.check_node(preprocess_edges.canny, image=torch.zeros(8, 8, 3))
    assert [(p.code, p.port) for p in caught.value.problems] == [("contract.input", "image")]


def test_purity_mode_finds_a_node_that_changes_a_tensor() -> None:
    @node("Paper", category="toy")
    def paper() -> Image:
        """Make a picture.

        Returns:
            A picture.
        """
        return testing.image()

    registry = Registry([paper, broken(lambda p: p.mul_(0.5))])
    workflow = Workflow.from_json(
        {
            "nodes": {
                "paper": {"type": "Paper"},
                "bad": {"type": "Broken", "inputs": {"picture": {"link": "paper.image"}}},
            }
        }
    )
    with (
        Engine(registry, values=Values(CODECS), debug_purity=True) as engine,
        pytest.raises(RunError) as caught,
    ):
        engine.run(workflow, outputs=["bad.image"])
    (problem,) = caught.value.problems
    assert (problem.code, problem.node, problem.port) == ("node.mutated_input", "bad", "picture")
    assert "paper.image (Paper)" in problem.message


def test_fixtures_cover_every_socket_type_of_the_nodes() -> None:
    specs = standard_registry(packs=False).values()
    sockets = {p.type for s in specs for p in s.parameters.values() if p.is_socket}
    sockets |= {o.type for s in specs for o in s.outputs}

    def names_of(kind: SocketType) -> set[str]:
        return set().union(*map(names_of, kind.args)) if kind.args else {kind.name}

    names = set().union(*map(names_of, sockets))
    # The others depend on the node: any type at all, or its own choices.
    assert names - {"NONE", "ANY", "VAR", "COMBO"} <= set(testing.SOCKETS)


@pytest.mark.parametrize("socket", ["INT", "FLOAT", "STRING", "BOOLEAN", "IMAGE", "MASK", "LATENT"])
def test_fixture_is_what_its_socket_says_and_always_the_same(socket: str) -> None:
    found = testing.value(socket)
    assert Values(CODECS).digest(found) == Values(CODECS).digest(testing.value(socket))
    if socket == "IMAGE":
        assert testing.image_problem(found) is None
    if socket == "MASK":
        assert testing.mask_problem(found) is None
        assert 0 < found.mean() < 1
    if socket == "LATENT":
        assert isinstance(found, Latent)


def test_mask_is_checked_as_one() -> None:
    assert Mask.__socket__ == "MASK"
    assert testing.mask_problem(testing.image()) is not None
    assert testing.image_problem(testing.mask()) is not None


def test_fixture_of_an_unknown_socket_is_refused() -> None:
    with pytest.raises(NodeError, match="no value of socket") as caught:
        testing.value("PICTURE")
    assert "CONDITIONING" in str(caught.value.problem.expected)


def test_model_fixtures_come_from_a_folder(tiny_models: Path) -> None:
    for socket in ("MODEL", "CLIP", "VAE", "CONTROL_NET", "CLIP_VISION", "IPADAPTER"):
        assert type(testing.value(socket, models=tiny_models)).__socket__ == socket


def test_model_fixtures_that_are_not_there_say_where_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileError, match="models=FOLDER"):
        testing.value("VAE", models=tmp_path)
    monkeypatch.setattr("weft.nodes.standard.folders.THIMBLE", tmp_path)
    with pytest.raises(FileError, match="thimble"):
        testing.value("VAE")
    assert THIMBLE.name == "thimble"
