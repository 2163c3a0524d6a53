"""IP-Adapters: they act where they are asked for, and nowhere else."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch

import weft.diffusion as wd

from ... import models
from ..control.test_apply import picture
from ..sampling.test_sample import run

Prompts = tuple[wd.Conditioning, wd.Conditioning]


def test_weight_0_is_the_same_model(model: wd.Model, adapter: wd.IPAdapter) -> None:
    assert wd.apply_ip_adapter(model, adapter, picture(), 0.0) is model


def test_models_with_and_without_adapter_interleave_bit_for_bit(
    model: wd.Model, adapter: wd.IPAdapter, prompts: Prompts
) -> None:
    patched = wd.apply_ip_adapter(model, adapter, picture(), 0.8)
    plain, with_image = run(model, prompts).samples, run(patched, prompts).samples
    assert float((plain - with_image).abs().mean()) > 0.01
    inner: list[torch.Tensor] = []

    def in_between(info: wd.StepInfo) -> None:
        if info.step == 1:
            inner.append(run(model, prompts).samples)

    assert torch.equal(run(patched, prompts, on_step=in_between).samples, with_image)
    assert torch.equal(inner[0], plain)
    assert torch.equal(run(model, prompts).samples, plain)


def test_models_with_and_without_adapter_run_in_two_threads(
    model: wd.Model, adapter: wd.IPAdapter, prompts: Prompts
) -> None:
    patched = wd.apply_ip_adapter(model, adapter, picture(), 0.8)
    jobs = [model, patched, model, patched]
    expected = [run(job, prompts).samples for job in jobs]
    got: dict[int, torch.Tensor] = {}
    threads = [
        threading.Thread(target=lambda i=i, job=job: got.update({i: run(job, prompts).samples}))
        for i, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(got[i], expected[i]) for i in range(len(jobs)))


def test_plain_model_gives_what_the_stock_attention_gives(
    model: wd.Model, prompts: Prompts
) -> None:
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    context = torch.cat([prompt.entries[0].tokens for prompt in prompts])
    network: Any = model.weights.module
    with torch.no_grad():
        ours = network(x, 500, encoder_hidden_states=context).sample
        stock = models.tiny_unet(seed=0)(x, 500, encoder_hidden_states=context).sample
    assert torch.equal(ours, stock)


def test_two_adapters_at_half_weight_equal_one_at_full(
    model: wd.Model, adapter: wd.IPAdapter, prompts: Prompts
) -> None:
    image = picture()
    once = wd.apply_ip_adapter(model, adapter, image, 1.0)
    twice = wd.apply_ip_adapter(model, adapter, image, 0.5)
    twice = wd.apply_ip_adapter(twice, adapter, image, 0.5)
    assert len(twice.attached) == 2
    assert torch.allclose(run(once, prompts).samples, run(twice, prompts).samples, atol=1e-3)


def test_adapter_outside_of_its_window_does_nothing(
    model: wd.Model, adapter: wd.IPAdapter, prompts: Prompts
) -> None:
    late = wd.apply_ip_adapter(model, adapter, picture(), 1.0, 0.6, 1.0)
    options = {"steps": 4, "last_step": 2, "force_full_denoise": False}
    assert torch.equal(
        run(late, prompts, **options).samples, run(model, prompts, **options).samples
    )
    assert not torch.equal(
        run(late, prompts, steps=4).samples, run(model, prompts, steps=4).samples
    )


def test_negative_pass_gets_an_empty_image(model: wd.Model, adapter: wd.IPAdapter) -> None:
    use = wd.apply_ip_adapter(model, adapter, picture(batch=2)).attached[0]
    assert use.positive.shape == use.negative.shape == (2, models.IMAGE_WIDTH)
    assert not use.negative.any()


def test_batch_of_pictures_is_sampled_with_an_adapter(
    model: wd.Model, adapter: wd.IPAdapter, prompts: Prompts
) -> None:
    patched = wd.apply_ip_adapter(model, adapter, picture(batch=3))
    assert run(patched, prompts, wd.empty_latent(64, 64, 2)).samples.shape == (2, 4, 8, 8)


def test_adapter_of_another_unet_is_refused(
    model: wd.Model, vision: wd.ClipVision, tmp_path: Path
) -> None:
    projection, attention = models.tiny_ip_adapter_tensors()
    del attention["1.to_k_ip.weight"], attention["1.to_v_ip.weight"]
    wd.save_ip_adapter(tmp_path / "other.safetensors", projection, attention)
    other = wd.load_ip_adapter(tmp_path / "other.safetensors", vision)
    with pytest.raises(wd.ModelError, match=r"other\.safetensors") as caught:
        wd.apply_ip_adapter(model, other, picture())
    assert caught.value.code == "model.widths_do_not_fit"
