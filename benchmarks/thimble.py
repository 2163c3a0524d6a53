"""How well thimble draws what it is told: every figure beside its target.

    python -m benchmarks.thimble                # 200 fixed prompts and seeds, some minutes
    python -m benchmarks.thimble --prompts 20   # a quick look
    python -m benchmarks.thimble --json         # for machines

Prompts are combinations never rendered for training. Pictures are made by weft's own library and
judged by measurement (see `_thimble_judge`). Exits with 1 if a figure misses its target.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from benchmarks._thimble_judge import (
    background_colour,
    dominant_colour,
    edge_f1,
    edges,
    judge,
)
from benchmarks._thimble_prompts import Prompt, fixed_prompts
from benchmarks._thimble_studio import GUIDANCE, Studio
from training.render import render
from training.world import COLOURS

Image = NDArray[np.uint8]
MODELS = Path(__file__).parents[1] / "diffusion" / "thimble"
LEAST_CONTRAST = 50
"""Grey levels between every thing and the ground, so that Canny always sees the edges."""


@dataclass(frozen=True)
class Figure:
    """A measured value, on how many pictures, and what it should reach (None: for the record)."""

    name: str
    value: float
    pictures: int
    target: float | None = None

    @property
    def reached(self) -> bool:
        return self.target is None or self.value >= self.target


def _share(name: str, hits: list[bool], target: float | None = None) -> Figure:
    return Figure(name, float(np.mean(hits)) if hits else 0.0, len(hits), target)


def _mean(name: str, values: list[float], target: float | None = None) -> Figure:
    return Figure(name, float(np.mean(values)) if values else 0.0, len(values), target)


def text_figures(studio: Studio, prompts: list[Prompt]) -> list[Figure]:
    """Does the picture show what the prompt says?"""
    verdicts = [judge(studio.make(p.text, p.seed), p.scene) for p in prompts]
    counts = [len(prompt.scene.things) for prompt in prompts]
    one = [v for v, count in zip(verdicts, counts, strict=True) if count == 1]
    two = [v for v, count in zip(verdicts, counts, strict=True) if count == 2]
    plain = [all(t.texture == "plain" for t in prompt.scene.things) for prompt in prompts]
    both = list(zip(verdicts, counts, plain, strict=True))
    plain_one = [v for v, count, simple in both if count == 1 and simple]
    plain_two = [v for v, count, simple in both if count == 2 and simple]
    return [
        _share("background colour right", [v.background for v in verdicts], 0.99),
        _share("shape colour right, one thing", [v.colours for v in one], 0.98),
        _share("shape right, one thing", [v.shapes for v in one], 0.96),
        _share("colours and shapes right, two things", [v.bound for v in two], 0.90),
        _share("shape right, one plain thing", [v.shapes for v in plain_one]),
        _share("colours and shapes right, two plain things", [v.bound for v in plain_two]),
    ]


def guidance_figures(studio: Studio, prompts: list[Prompt]) -> list[Figure]:
    """Guidance makes pictures obey: the same prompts and seeds at 1 and at 5."""
    scores = []
    for guidance in (1.0, 5.0):
        pictures = [studio.make(p.text, p.seed, guidance=guidance) for p in prompts]
        right = [
            judge(picture, p.scene).bound for picture, p in zip(pictures, prompts, strict=True)
        ]
        scores.append(float(np.mean(right)))
    return [
        Figure("all right at guidance 1", scores[0], len(prompts)),
        Figure("all right at guidance 5", scores[1], len(prompts)),
        Figure("gain from guidance 1 to 5", scores[1] - scores[0], len(prompts), 0.0),
    ]


def contrast(picture: Image) -> float:
    """How hard the hardest contours are: 99.5th percentile of the steps between neighbours."""
    values = picture.astype(np.float32)
    steps = np.abs(np.diff(values, axis=0)).sum(-1)[:, 1:]
    steps += np.abs(np.diff(values, axis=1)).sum(-1)[1:]
    return float(np.percentile(steps, 99.5))


def fast_figures(studio: Studio, prompts: list[Prompt]) -> list[Figure]:
    """Few steps without guidance, with the LCM-LoRA and without: the same prompts and seeds."""
    figures, right = [], {}
    for steps in (1, 2, 4):
        for distilled in (True, False):
            pictures = [studio.make_fast(p.text, p.seed, steps, distilled) for p in prompts]
            verdicts = [judge(made, p.scene) for made, p in zip(pictures, prompts, strict=True)]
            name = f"{steps} steps, {'LCM-LoRA' if distilled else 'base'}"
            figures += [
                _share(f"{name}: background right", [v.background for v in verdicts]),
                _share(f"{name}: colours right", [v.colours for v in verdicts]),
                _share(f"{name}: all right", [v.bound for v in verdicts]),
                _mean(f"{name}: hardest contours", [contrast(made) for made in pictures]),
            ]
            right[steps, distilled] = figures[-2].value
    gain = right[2, True] - right[2, False]
    return [*figures, Figure("gain of the LCM-LoRA at 2 steps, all right", gain, len(prompts), 0.2)]


def _grey(colour: str) -> float:
    red, green, blue = COLOURS[colour]
    return 0.299 * red + 0.587 * green + 0.114 * blue


def with_contrast(prompts: list[Prompt]) -> list[Prompt]:
    """Those whose edges show in grey."""
    return [
        prompt
        for prompt in prompts
        if all(
            abs(_grey(thing.colour) - _grey(prompt.scene.background)) >= LEAST_CONTRAST
            and not thing.outlined
            and thing.texture == "plain"
            for thing in prompt.scene.things
        )
    ]


def control_figures(studio: Studio, prompts: list[Prompt]) -> list[Figure]:
    """Do contours follow the control map, and only then?"""
    controlled, free, same, changed = [], [], [], []
    for number, prompt in enumerate(prompts):
        wanted = edges(render(prompt.scene))
        hint = np.repeat((wanted * 255).astype(np.uint8)[..., None], 3, axis=2)
        plain = studio.make(prompt.text, prompt.seed)
        guided = studio.make(prompt.text, prompt.seed, hint=hint)
        controlled.append(edge_f1(edges(guided), wanted))
        free.append(edge_f1(edges(plain), wanted))
        if number < 3:
            off = studio.make(prompt.text, prompt.seed, hint=hint, strength=0.0)
            same.append(bool(np.abs(off.astype(int) - plain).max() <= 1))
            changed.append(bool(np.abs(guided.astype(int) - plain).max() > 8))
    return [
        _mean("edge F1 with control", controlled, 0.85),
        _mean("edge F1 without, same seeds", free),
        Figure("gain of edge F1", float(np.mean(controlled) - np.mean(free)), len(free), 0.40),
        _share("control strength 0 changes nothing", same, 1.0),
        _share("control strength 1 changes the picture", changed, 1.0),
    ]


def photograph_figures(studio: Studio, count: int) -> list[Figure]:
    """Contours of two photographs that no training saw; there is no target for them."""
    texts = ("a blue drawing on a white background", "a red and white drawing", "a photo")
    scores = []
    for name in ("astronaut.png", "chelsea.png"):
        photo = cv2.imread(str(Path(skimage.data.__file__).parent / name))
        assert photo is not None
        side = min(photo.shape[:2])
        small = cv2.resize(photo[:side, :side], (128, 128), interpolation=cv2.INTER_AREA)
        wanted = edges(np.asarray(small[..., ::-1]))
        hint = np.repeat((wanted * 255).astype(np.uint8)[..., None], 3, axis=2)
        for seed, text in enumerate(texts[:count]):
            scores.append(edge_f1(edges(studio.make(text, seed, hint=hint)), wanted))
    return [_mean("edge F1 with control, photographs", scores)]


def reference_figures(studio: Studio, prompts: list[Prompt]) -> list[Figure]:
    """Does an empty prompt with a reference take over the reference's colours?"""
    dominant, ground, same, changed = [], [], [], []
    for number, prompt in enumerate(prompts):
        reference = render(prompt.scene)
        made = studio.make("", prompt.seed, reference=reference)
        dominant.append(dominant_colour(made) == dominant_colour(reference))
        ground.append(background_colour(made) == background_colour(reference))
        if number < 3:
            plain = studio.make("", prompt.seed)
            off = studio.make("", prompt.seed, reference=reference, weight=0.0)
            same.append(bool(np.abs(off.astype(int) - plain).max() <= 1))
            changed.append(bool(np.abs(made.astype(int) - plain).max() > 8))
    return [
        _share("dominant colour of the reference, empty prompt", dominant, 0.90),
        _share("background colour of the reference", ground),
        _share("adapter weight 0 changes nothing", same, 1.0),
        _share("adapter weight 1 changes the picture", changed, 1.0),
    ]


PARTS = ("text", "guidance", "control", "references", "fast")


def measure(
    studio: Studio, count: int, parts: Sequence[str], tell: Callable[[str], None]
) -> list[Figure]:
    """Figures over the first `count` prompts; all parts but the first use some of them."""
    prompts = fixed_prompts(count)
    some = max(4, count // 5)
    figures: list[Figure] = []
    for part in parts:
        tell(part)
        if part == "text":
            figures += text_figures(studio, prompts)
        elif part == "guidance":
            figures += guidance_figures(studio, prompts[:some])
        elif part == "control":
            figures += control_figures(studio, with_contrast(prompts)[:some])
            figures += photograph_figures(studio, 3)
        elif part == "fast":
            figures += fast_figures(studio, prompts)
        else:
            figures += reference_figures(studio, prompts[:some])
    return figures


def table(figures: list[Figure]) -> str:
    """One line a figure."""
    lines = []
    for figure in figures:
        target = "" if figure.target is None else f"target {figure.target:.2f}"
        mark = "" if figure.target is None else ("ok" if figure.reached else "MISSED")
        lines.append(
            f"{figure.name:<48} {figure.value:6.3f}  {target:<12} {mark:<7} n={figure.pictures}"
        )
    return "\n".join(lines)


def main() -> int:
    """Run, print, and say by the exit code whether all targets are reached."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=200, help="how many of the fixed prompts")
    parser.add_argument("--models", type=Path, default=MODELS, help="models folder")
    parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    studio = Studio.open(given.models)
    figures = measure(
        studio, given.prompts, given.parts, lambda text: print(text, file=sys.stderr, flush=True)
    )
    if given.json:
        rows = [asdict(figure) | {"reached": figure.reached} for figure in figures]
        print(json.dumps({"guidance": GUIDANCE, "figures": rows}, indent=2))
    else:
        print(table(figures))
    return 0 if all(figure.reached for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
