"""Names from documents reach only files that they may, and files appear whole."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import FileError
from weft.engine.files.atomic import write_atomically
from weft.engine.files.model_paths import read_extra_model_paths
from weft.engine.files.paths import safe_parts
from weft.engine.files.workspace import Workspace

HOSTILE = [
    "", ".", "..", "../x", "a/../x", "a/./b", "/etc/passwd", "//x", "a//b", "a/", "C:/x", "C:x",
    "\\\\host\\x", "a\\b", "..\\x", "x\0y", "x\ny", "x\r\ny", "\x7f", "a/..", "con", "NUL.txt",
    "lpt1", "x.", "x ", "a. /b", "\u2025/x", "\uff0e\uff0e/x", "a\u2215b", "n" * 300, "a/" * 600,
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_refused_everywhere(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "x"
    secret.write_text("secret")
    inside = tmp_path / "in"
    inside.mkdir()
    workspace = Workspace(inputs=[inside], models=[tmp_path / "models"], output=tmp_path / "out")
    with pytest.raises(FileError) as caught:
        workspace.input(name)
    assert caught.value.code == "files.not_found"
    with pytest.raises(FileError):
        workspace.model("checkpoints", name)
    if name:
        with pytest.raises(FileError) as caught:
            workspace.write(name, ".png", lambda f: f.write(b"x"))
        assert caught.value.code == "files.bad_name"
    assert not (tmp_path / "out").exists()


def test_missing_and_forbidden_inputs_are_told_apart_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "in").mkdir()
    workspace = Workspace(inputs=[tmp_path / "in"])
    messages = []
    for name in ("../secret.txt", "../absent.txt"):
        with pytest.raises(FileError) as caught:
            workspace.input(name)
        messages.append(str(caught.value).replace(name, ""))
    assert messages[0] == messages[1]


@given(st.text(max_size=30))
def test_safe_parts_stay_below_the_root(name: str) -> None:
    parts = safe_parts(name)
    if parts is not None:
        root = os.path.abspath("/base/folder")  # noqa: PTH100
        path = os.path.normpath(os.path.join(root, *parts))  # noqa: PTH118
        assert path.startswith(root + os.sep)
        assert "\0" not in path


def test_symlink_out_of_an_input_folder_is_refused_but_models_may_be_linked(
    tmp_path: Path,
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "models" / "checkpoints").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "big.safetensors"
    target.write_text("x")
    (tmp_path / "in" / "big.safetensors").symlink_to(target)
    (tmp_path / "in" / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "models" / "checkpoints" / "big.safetensors").symlink_to(target)
    workspace = Workspace(inputs=[tmp_path / "in"], models=[tmp_path / "models"])
    for name in ("big.safetensors", "folder/big.safetensors"):
        with pytest.raises(FileError):
            workspace.input(name)
    assert workspace.model("checkpoints", "big.safetensors").read_text() == "x"


def test_symlink_out_of_the_output_folder_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out" / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileError):
        Workspace(output=tmp_path / "out").write("link/x", ".txt", lambda f: f.write(b"x"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_models_are_found_in_order_and_listed_once(tmp_path: Path) -> None:
    for root, text in (("a", "first"), ("b", "second")):
        folder = tmp_path / root / "checkpoints" / "sub"
        folder.mkdir(parents=True)
        (folder / "m.safetensors").write_text(text)
    pipeline = tmp_path / "b" / "checkpoints" / "pipe"
    (pipeline / "unet").mkdir(parents=True)
    (pipeline / "model_index.json").write_text("{}")
    (pipeline / "unet" / "x.safetensors").write_text("")
    (tmp_path / "b" / "checkpoints" / "readme.txt").write_text("")
    workspace = Workspace(models=[tmp_path / "a", tmp_path / "b"])
    assert workspace.list_models("checkpoints") == ["pipe", "sub/m.safetensors"]
    assert workspace.model("checkpoints", "sub/m.safetensors").read_text() == "first"
    with pytest.raises(FileError, match=r'Nearest name: "sub/m.safetensors"'):
        workspace.model("checkpoints", "sub/n.safetensors")


def test_models_of_a_kind_with_two_names_are_found_under_both(tmp_path: Path) -> None:
    for folder in ("clip", "text_encoders"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.safetensors").write_text("")
    workspace = Workspace(models=[tmp_path], kinds={"clip": ("clip", "text_encoders")})
    assert workspace.list_models("clip") == ["clip.safetensors", "text_encoders.safetensors"]
    assert workspace.writing_to(tmp_path / "out").kinds == workspace.kinds
    assert Workspace(models=[tmp_path]).list_models("clip") == ["clip.safetensors"]


def test_written_files_are_numbered_and_never_replaced(tmp_path: Path) -> None:
    workspace = Workspace(output=tmp_path)
    (tmp_path / "x_00007.txt").write_text("mine")
    names = [workspace.write("x", ".txt", lambda f: f.write(b"new")).name for _ in range(2)]
    assert names == ["x_00008.txt", "x_00009.txt"]
    assert (tmp_path / "x_00007.txt").read_text() == "mine"
    assert workspace.write("sub/x", ".txt", lambda f: f.write(b"")).name == "x_00001.txt"


def test_two_writers_never_get_one_name(tmp_path: Path) -> None:
    workspace = Workspace(output=tmp_path)

    def write(n: int) -> Path:
        return workspace.write("x", ".txt", lambda f: f.write(str(n).encode()))

    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(write, range(40)))
    assert len(set(paths)) == 40
    assert sorted(int(p.read_text()) for p in paths) == list(range(40))


def test_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def broken(file: object) -> None:
        file.write(b"half")  # type: ignore[attr-defined]
        raise OSError(28, "No space left on device")

    with pytest.raises(FileError, match="No space left") as caught:
        Workspace(output=tmp_path).write("x", ".txt", broken)
    assert caught.value.code == "files.write_failed"
    assert list(tmp_path.iterdir()) == []


def test_write_atomically_replaces_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "f"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    with pytest.raises(TypeError):
        write_atomically(file, "text")  # type: ignore[arg-type]
    assert file.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_extra_model_paths_are_read_as_comfyui_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "extra_model_paths.yaml"
    file.write_text(
        "a111:\n  base_path: webui\n  checkpoints: models/Stable-diffusion\n"
        "  loras: |\n    models/Lora\n    models/LyCORIS\n  custom_nodes: nodes\n"
        "main:\n  base_path: /big\n  is_default: true\n  checkpoints: ckpt\nempty:\n"
    )
    folders = read_extra_model_paths(file)
    webui = tmp_path / "webui" / "models"
    assert folders == {
        "checkpoints": [Path("/big/ckpt"), webui / "Stable-diffusion"],
        "loras": [webui / "Lora", webui / "LyCORIS"],
    }
    workspace = Workspace(models=[tmp_path / "own"], model_folders=folders)
    assert workspace.folders("checkpoints")[0] == Path("/big/ckpt")
    assert workspace.folders("checkpoints")[-1] == tmp_path / "own" / "checkpoints"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[1, 2]", "files.bad_config"),
        ("a: 3", "files.bad_config"),
        ("a: {checkpoints: [x]}", "files.bad_config"),
        ("a: {base_path: 3, checkpoints: x}", "files.bad_config"),
        ("a: {", "files.bad_config"),
        ("a: !!python/object/apply:os.system ['true']", "files.bad_config"),
    ],
)
def test_extra_model_paths_of_wrong_shape_are_refused(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(FileError) as caught:
        read_extra_model_paths(file)
    assert caught.value.code == code


def test_extra_model_paths_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"gone\.yaml"):
        read_extra_model_paths(tmp_path / "gone.yaml")


def test_mark_behind_an_inputs_name_says_where_it_is(tmp_path: Path) -> None:
    for folder in ("in", "out"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(folder.encode())
    folders = {"inputs": [tmp_path / "in"], "output": tmp_path / "out"}
    alone = Workspace(**folders, reads_output=True).writing_to(tmp_path / "out")
    shared = Workspace(**folders)
    for name, where in (("a.png", "in"), ("a.png [input]", "in"), ("a.png [output]", "out")):
        assert alone.input(name) == tmp_path / where / "a.png"
    for workspace, name in ((shared, "a.png [output]"), (alone, "a.png [temp]")):
        with pytest.raises(FileError, match="folder, which weft does not read here"):
            workspace.input(name)
    with pytest.raises(FileError):
        alone.input("../in/a.png [output]")
