"""weft's side: the whole way of a workflow, timed, or latents of many samplers."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from benchmarks.full_size import child
from benchmarks.full_size.cases import Case, levels
from benchmarks.full_size.weights import FILE, SCALE

GRAPH = Path(__file__).parents[2] / "graphs" / "txt2img.json"


def timed(job: dict[str, Any]) -> dict[str, Any]:
    """Two pictures by a workflow, the second with another prompt."""
    home = tempfile.TemporaryDirectory()
    os.environ["WEFT_HOME"] = home.name  # so that the file is new to weft, and hashed
    import weft

    ready = child.imported()
    data = json.loads(GRAPH.read_text("utf-8"))
    for node in data["nodes"].values():
        if node["type"] == "LoadCheckpoint":
            node["inputs"]["ckpt_name"] = FILE.name
        if node["type"] == "EmptyLatentImage":
            node["inputs"].update(width=job["side"], height=job["side"])
        if node["type"] == "KSampler":
            rule = {"sampler_name": "euler", "scheduler": "normal"}
            node["inputs"].update(steps=job["steps"], cfg=job["cfg"], **rule)
    watch = child.Watch()

    def listen(event: Any) -> None:
        if type(event).__name__ == "NodeProgress" and event.node == "sample":
            watch.tick()

    with (
        tempfile.TemporaryDirectory() as output,
        weft.Engine(models=[job["folder"]], output=output, packs=False, disk_cache=False) as engine,
    ):
        for prompt in job["prompts"]:
            with watch.prompt():
                workflow = weft.Workflow.from_json(data)
                engine.run(workflow.with_inputs(prompt=prompt, seed=job["seed"]), on_event=listen)
    home.cleanup()
    return watch.found(job["began"], ready)


def latents(job: dict[str, Any]) -> dict[str, Any]:
    """Latents (in the model's space), noise levels and drawn noise of each case, into a file."""
    from safetensors.torch import save_file

    import weft.diffusion as wd
    from weft.diffusion.latents.noise import StepNoise
    from weft.diffusion.sampling import sample as sampling
    from weft.diffusion.sampling.brownian import BrownianNoise

    draws: list[Any] = []

    def recorded(make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*given: Any) -> Callable[..., Any]:
            source = make(*given)

            def draw(*at: Any) -> Any:
                draws.append(source(*at).clone())
                return draws[-1]

            return draw

        return made

    paths = SimpleNamespace(between=lambda sigmas: recorded(BrownianNoise.between(sigmas)))
    listening = mock.patch.multiple(sampling, StepNoise=recorded(StepNoise), BrownianNoise=paths)
    model, clip, _ = wd.load_checkpoint(Path(job["folder"]) / FILE)
    positive, negative = wd.encode_text(clip, job["prompts"][0]), wd.encode_text(clip, "")
    guider = wd.Guider(model, positive, negative, job["cfg"])
    kept: dict[str, Any] = {
        "positive": positive.entries[0].tokens,
        "negative": negative.entries[0].tokens,
    }
    used: dict[str, list[float]] = {}
    for case in (Case(*given) for given in job["cases"]):
        draws.clear()
        sigmas = levels(case, job["steps"])
        choice = wd.SamplerChoice(case.sampler)
        schedule, noise = wd.Schedule(tuple(sigmas)), wd.NoiseSource(job["seed"])
        empty = wd.empty_latent(job["side"], job["side"])
        with listening:
            latent = wd.sample_custom(guider, choice, schedule, empty, noise).output
        kept[f"{case.name}.latent"] = latent.samples * SCALE
        for number, drawn in enumerate(draws):
            kept[f"{case.name}.draw.{number}"] = drawn
        used[case.name] = sigmas
    save_file({key: value.contiguous() for key, value in kept.items()}, job["file"])
    return used


if __name__ == "__main__":
    told = child.job()
    child.answer((latents if told["what"] == "latents" else timed)(told))
