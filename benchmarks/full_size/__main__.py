"""weft beside the plain diffusers pipeline on one full-size SD1.5 checkpoint of random weights.

    python -m benchmarks.full_size                       # time, memory and latents, CPU, float32
    python -m benchmarks.full_size --parts time          # time and memory only
    python -m benchmarks.full_size --parts latents       # every sampler, every schedule
    python -m benchmarks.full_size --samplers euler lcm  # latents of these only
    python -m benchmarks.full_size --small --parts latents --pairs  # all samplers on all schedules
    python -m benchmarks.full_size --cuda                # fp16 and bf16, with and without compile
    python -m benchmarks.full_size --small               # tries everything on narrow networks

The checkpoint (4.3 GB, some 20 seconds) is kept below --cache. Each program runs in a process of
its own and does the whole way of a prompt: open, encode, sample, decode, save. Printed:

- a step: median seconds between the ends of steps, second prompt; and those of the processor, which
  count where other work shares the machine;
- first prompt in all, without and with the imports, and the second prompt (weft has not seen the
  file before, and hashes it);
- peak memory of the process (mapped weights included), and of the GPU with --cuda;
- for every sampler, and for every schedule with two of them, the largest difference of the latents
  over their deviation, against diffusers' pipeline or a float64 reference. The aim is 1e-4. And how
  far noise levels lie from their formula in float64; they are kept in float32;
- with --yardstick, behind it: how far the peer lies from itself with another attention kernel.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.full_size.cases import Case, chosen
from benchmarks.full_size.child import ask
from benchmarks.full_size.weights import SMALL, Shape, prepared

PROMPTS = ("a photograph of an astronaut riding a horse", "an oil painting of a lighthouse")
AIM = 1e-4
LEVELS_AIM = 1e-5
CLOCK, PROCESSOR = 0, 1
GIGA = 1e9


def measure(job: dict[str, Any], rounds: int, title: str, env: dict[str, str]) -> None:
    """Both programs in turn, so many times; prints the medians and their ratio."""
    mine = {"ours": {"WEFT_DEVICE": job["device"], **env}, "theirs": {}}
    answers: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
    for _ in range(rounds):
        for side, more in mine.items():
            answers[side].append(ask(side, {**job, "what": "time"}, more))

    def row(value: Callable[[Any], float]) -> list[float]:
        return [statistics.median(value(answer) for answer in answers[side]) for side in mine]

    rows = {
        "a step, s": row(lambda a: _step(a, CLOCK)),
        "a step, processor s": row(lambda a: _step(a, PROCESSOR)),
        "first prompt, s": row(lambda a: a["prompts"][0]["whole"][CLOCK]),
        "first, processor s": row(lambda a: a["prompts"][0]["whole"][PROCESSOR]),
        "with imports, s": row(lambda a: a["prompts"][0]["whole"][CLOCK] + a["imports"]),
        "second prompt, s": row(lambda a: a["prompts"][1]["whole"][CLOCK]),
        "peak memory, GB": row(lambda a: a["peak"] / GIGA),
    }
    if answers["ours"][0]["device_peak"]:
        rows["peak of the GPU, GB"] = row(lambda a: a["device_peak"] / GIGA)
    threads = answers["ours"][0]["threads"]
    print(f"\n{title}, {job['side']} px, {job['steps']} steps, cfg {job['cfg']:g}, "
          f"{threads} threads, {rounds} rounds")  # fmt: skip
    print(f"{'':22}{'weft':>10}{'diffusers':>12}{'ratio':>9}")
    for name, (ours, theirs) in rows.items():
        print(f"{name:22}{ours:10.3f}{theirs:12.3f}{ours / theirs:9.3f}")


def _step(answer: dict[str, Any], which: int) -> float:
    seconds: list[float] = [step[which] for step in answer["prompts"][1]["steps"]]
    return statistics.median(seconds)


def compare(job: dict[str, Any], cases: list[Case]) -> bool:
    """Print how far apart latents are; whether all are within the aim."""
    with tempfile.TemporaryDirectory() as folder:
        told = {**job, "what": "latents", "file": f"{folder}/latents.safetensors"}
        told["cases"] = [(case.sampler, case.schedule) for case in cases]
        used = ask("ours", told, {"WEFT_DEVICE": "cpu"})
        found = ask("theirs", {**told, "levels": used})
    print(f"\nlatents, {job['side']} px, {job['steps']} steps, cfg {job['cfg']:g}: largest "
          "difference over deviation; levels: largest relative difference")  # fmt: skip
    passed = True
    for case in sorted(cases, key=lambda case: -found[case.name]["difference"]):
        row = found[case.name]
        good = row["difference"] < AIM and row["finite"] and row["levels"] < LEVELS_AIM
        passed = passed and good
        levels = "" if case.schedule is None else f"{row['levels']:10.1e}"
        other = f"{row['yardstick']:10.1e}" if job["yardstick"] else ""
        mark = "" if good else "  MISSED"
        print(f"{case.name:44}{row['difference']:10.1e}{other}  {case.peer:10}{levels}{mark}")
    return passed


def samplers() -> list[str]:
    """All names."""
    from tests.diffusion.sampling.samplers.references import REFERENCES

    return list(REFERENCES)


def schedules() -> list[str]:
    """All names."""
    from tests.diffusion.sampling.schedule_references import SCHEDULES

    return list(SCHEDULES)


def cuda(job: dict[str, Any], rounds: int) -> None:
    """fp16 and bf16, with and without torch.compile."""
    import torch

    print(torch.cuda.get_device_name())
    for dtype in ("float16", "bfloat16"):
        for compiled in (False, True):
            title = f"{dtype}, {'compiled' if compiled else 'not compiled'}"
            env = {"WEFT_DTYPE": dtype, "WEFT_COMPILE": "1" if compiled else ""}
            more = {"device": "cuda", "dtype": dtype, "compile": compiled}
            measure({**job, **more}, rounds, title, env)


def _has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


def main() -> int:
    """Measure and print; 1 if latents are further apart than the aim."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "weft-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, help="where the checkpoint is kept")
    parser.add_argument("--small", action="store_true", help="narrow networks, 64 px")
    parser.add_argument("--cuda", action="store_true", help="time on CUDA in place of the CPU")
    parser.add_argument("--parts", nargs="+", default=["time", "latents"],
                        choices=["time", "latents"])  # fmt: skip
    parser.add_argument("--samplers", nargs="*", choices=samplers())
    parser.add_argument("--schedules", nargs="*", choices=schedules())
    parser.add_argument("--pairs", action="store_true", help="every sampler on every schedule")
    parser.add_argument("--side", type=int, help="pixels (256; 512 with --cuda)")
    parser.add_argument("--steps", type=int, help="(4; 20 with --cuda)")
    parser.add_argument("--cfg", type=float, default=7.0)
    parser.add_argument("--rounds", type=int, default=1, help="processes of each program")
    parser.add_argument("--yardstick", action="store_true", help="the peer beside itself, too")
    given = parser.parse_args()
    if given.cuda and not _has_cuda():
        print("skipped: this torch sees no CUDA device")
        return 0
    folder = prepared(given.cache, SMALL if given.small else Shape())
    usual = 64 if given.small else (512 if given.cuda else 256)
    job: dict[str, Any] = {
        "folder": str(folder),
        "side": given.side or usual,
        "steps": given.steps or (20 if given.cuda else 4),
        "cfg": given.cfg,
        "seed": 42,
        "prompts": PROMPTS,
        "yardstick": given.yardstick,
        "device": "cpu",
    }
    if given.cuda:
        cuda(job, given.rounds)
        return 0
    if "time" in given.parts:
        measure(job, given.rounds, "CPU, float32", {})
    if "latents" not in given.parts:
        return 0
    if given.samplers is None and given.schedules is None:
        given.samplers, given.schedules = samplers(), schedules()
    cases = chosen(given.samplers or [], given.schedules or [], pairs=given.pairs)
    return 0 if compare(job, cases) else 1


if __name__ == "__main__":
    raise SystemExit(main())
