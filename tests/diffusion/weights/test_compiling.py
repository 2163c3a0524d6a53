"""Models that torch compiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd
from weft.diffusion.patches.compiling import compile_model, network_of

from ... import models
from ..sampling.test_sample import run


@pytest.fixture
def graphs() -> Iterator[list[Any]]:
    """The graphs that a backend of torch's own kind was given; they run as they are."""
    found: list[Any] = []

    def counting(graph: Any, _: Any) -> Any:
        found.append(graph)
        return graph.forward

    torch._dynamo.register_backend(counting, name="counting")
    yield found
    torch._dynamo.reset()
    torch._dynamo.backends.registry._BACKENDS.pop("counting", None)
    torch._dynamo.backends.registry._COMPILER_FNS.pop("counting", None)


def test_compiled_model_samples_alike_and_compiles_once(tmp_path: Path, graphs: list[Any]) -> None:
    model, clip, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=9300))
    text = wd.encode_text(clip, "a red circle")
    compiled = compile_model(model, "counting")
    plain = run(model, (text, text), wd.empty_latent(64, 64)).samples
    assert not graphs
    first = run(compiled, (text, text), wd.empty_latent(64, 64)).samples
    made = len(graphs)
    assert made > 0
    torch.testing.assert_close(first, plain, rtol=1e-4, atol=1e-4)
    again = run(compiled, (text, text), wd.empty_latent(64, 64)).samples
    assert len(graphs) == made
    assert torch.equal(first, again)


def test_compiled_network_counts_as_in_use_while_it_is_held(
    tmp_path: Path, graphs: list[Any]
) -> None:
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=9301))
    network = network_of(compile_model(model, "counting"))
    wd.RESIDENCY.release()
    assert model.weights.loaded
    del network
    wd.RESIDENCY.release()
    assert not model.weights.loaded
    assert not model.weights.slot.compiled


def test_environment_has_every_network_compiled(
    tmp_path: Path, graphs: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    compiler = torch.nn.Module.compile

    def counted(module: Any, **options: Any) -> None:
        asked.append(options["mode"])
        compiler(module, backend="counting")

    monkeypatch.setattr(torch.nn.Module, "compile", counted)
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=9303))
    inputs = torch.ones(1, 4, 8, 8), torch.tensor([5]), torch.ones(1, 77, models.CONTEXT)
    with torch.no_grad():
        plain = model.weights.module(*inputs).sample
        assert not asked
        model.weights.unload()
        monkeypatch.setenv("WEFT_COMPILE", "max-autotune")
        compiled = model.weights.module(*inputs).sample
    assert asked == ["max-autotune"]
    assert graphs
    torch.testing.assert_close(compiled, plain, rtol=1e-5, atol=1e-5)


def test_backend_that_torch_lacks_is_refused(tmp_path: Path) -> None:
    model, _, _ = wd.load_checkpoint(models.tiny_sd1(tmp_path / "x.safetensors", seed=9302))
    with pytest.raises(wd.ParameterError) as caught:
        compile_model(model, "magic")
    assert caught.value.code == "model.unknown_backend"
    assert "inductor" in str(caught.value.expected)
