"""What is installed, under which names, and what the house rules forbid."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import weft
from weft import testing

ROOT = Path(__file__).parent.parent
PACKAGES = ("engine", "diffusion", "nodes", "cli")


def test_public_names_are_these() -> None:
    assert sorted(weft.__all__) == [
        "CancelToken", "Cancelled", "DeclarationError", "DocumentError", "Engine", "Event",
        "FileError", "Listener", "NodeError", "OutputError", "Problem", "Registry", "Result",
        "Run", "RunError", "ValidationError", "WeftError", "Workflow", "__version__", "arun",
        "load", "node", "run", "standard_registry",
    ]  # fmt: skip
    for name in weft.__all__:
        assert getattr(weft, name) is not None
    with pytest.raises(AttributeError):
        weft.nothing  # noqa: B018


def test_public_names_for_tests_are_these() -> None:
    assert sorted(testing.__all__) == [
        "ContractError", "EventLog", "SOCKETS", "assert_ran", "check_node", "conditioning",
        "image", "image_problem", "latent", "mask", "mask_problem", "value",
    ]  # fmt: skip
    for name in testing.__all__:
        assert getattr(testing, name) is not None


@pytest.mark.slow
def test_sdist_builds_a_wheel_that_installs_under_weft_only(tmp_path: Path) -> None:
    """sdist -> wheel -> a fresh environment: `import weft.engine` works, `import engine` fails."""

    def run(*words: str | Path) -> str:
        done = subprocess.run(
            [str(w) for w in words], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", tmp_path / "dist"]
    run(*build, "--sdist", ROOT)
    (sdist,) = (tmp_path / "dist").glob("*.tar.gz")
    run("tar", "xzf", sdist)
    run(*build, "--wheel", tmp_path / sdist.name.removesuffix(".tar.gz"))
    (wheel,) = (tmp_path / "dist").glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()
    tops = {n.split("/")[0] for n in names}
    assert {t for t in tops if not t.endswith(".dist-info")} == {"weft"}
    for needed in (
        "weft/py.typed",
        "weft/testing.py",
        "weft/widgets.py",
        "weft/engine/run.py",
        "weft/diffusion/thimble/checkpoints/thimble.safetensors",
        "weft/graphs/canny-controlnet.json",
    ):
        assert needed in names
    assert not [n for n in names if "/tests/" in n or "/training/" in n]

    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    site = Path(run(python, "-c", "import site; print(site.getsitepackages()[0])").strip())
    zipfile.ZipFile(wheel).extractall(site)
    # The libraries come from the environment of the tests, behind the fresh one's own packages.
    here = [p for p in sys.path if p.endswith("site-packages")]
    check = f"import sys; sys.path += {here!r}\nimport weft.engine.engine\n"
    check += "assert weft.__file__.startswith(sys.prefix), weft.__file__\n"
    for package in PACKAGES:
        check += f"try:\n    import {package}\nexcept ImportError:\n    pass\n"
        check += f"else:\n    raise AssertionError({package!r})\n"
    run(python, "-c", check)


def sources() -> list[Path]:
    return [p for package in PACKAGES for p in (ROOT / package).rglob("*.py")]


@pytest.mark.parametrize(
    "pattern",
    [
        r"torch\.load\(",
        r"\bpickle\b(?!.*#.*never)",
        r"(?<![\w.])eval\(",
        r"(?<![\w.])exec\(",
        r"weights_only=False",
        r"from_pretrained\([\"'][\w-]+/[\w-]+[\"']",
    ],
)
def test_no_source_line_loads_code_from_data(pattern: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, _code(line))
    ]
    # The one reader of .ckpt files, which runs in a process of its own.
    reader = "diffusion/files/convert/unpickle_child.py"
    assert not [f for f in found if not (f.startswith(reader) and "weights_only=True" in f)]


def _code(line: str) -> str:
    """A line without its comment and without texts, which may speak of anything."""
    line = re.sub(r"\"[^\"]*\"|'[^']*'", '""', line)
    return "" if line.lstrip().startswith(("#", '"""')) else line.partition("  #")[0]


def test_imports_across_packages_are_absolute() -> None:
    """So that a reader, an editor and tools that draw the structure see which room is meant."""
    paths = [path for name in (*PACKAGES, "server") for path in (ROOT / name).rglob("*.py")]
    climbing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level >= len(path.relative_to(ROOT).parts)
    ]
    assert climbing == []


def test_only_pull_downloads() -> None:
    downloads = re.compile(r"\b(urllib\.request|requests|httpx|aiohttp|hf_hub_download)\b")
    users = {
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if any(downloads.search(_code(line)) for line in path.read_text("utf-8").splitlines())
    }
    assert users == {"cli/pull.py"}


def test_files_beyond_500_lines_say_why() -> None:
    for path in sources():
        text = path.read_text("utf-8")
        if text.count("\n") > 500:
            assert "500 lines" in text.split('"""')[1], path


def test_generated_files_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_files_left_out_of_the_fast_tier_are_there() -> None:
    listed = (ROOT / "tests" / "slow.txt").read_text().split()
    assert [name for name in listed if not (ROOT / "tests" / name).is_file()] == []
