"""The options of `weft serve` as settings."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from weft.cli.comfy_flags import REFUSED
from weft.cli.main import BAD_WORKFLOW, _parser, main
from weft.cli.serve import settings_of
from weft.cli.serve_options import add_serve
from weft.server.settings import Settings


def parsed(*words: str) -> Settings:
    return settings_of(_parser().parse_args(["serve", *words]))


def _serve_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_serve(parser)
    return parser


def test_without_options_it_serves_loopback_from_wefts_home(tmp_path: Path) -> None:
    settings = parsed()
    assert settings.hosts == ("127.0.0.1",)
    assert settings.port == 8188
    assert settings.data == tmp_path / "weft-home" / "server"
    assert settings.uploads == settings.data / "input"
    assert settings.token is None


def test_comfyui_names_mean_the_same() -> None:
    ours = parsed(
        *("--host", "0.0.0.0", "--out", "o", "--input", "i", "--data", "d", "--no-packs"),
        *("--tls-certificate", "c.pem", "--tls-key", "k.pem", "--database", "sqlite:///x"),
    )
    theirs = parsed(
        *("--listen", "0.0.0.0", "--output-directory", "o", "--input-directory", "i"),
        *("--user-directory", "d", "--tls-certfile", "c.pem", "--tls-keyfile", "k.pem"),
        *("--database-url", "sqlite:///x", "--disable-all-custom-nodes"),
    )
    assert ours == theirs


def test_bare_listen_means_every_address() -> None:
    settings = parsed("--listen")
    assert settings.hosts == ("0.0.0.0", "::")


def test_base_directory_names_four_folders() -> None:
    settings = parsed("--base-directory", "b", "--output-directory", "elsewhere")
    assert settings.models == (Path("b/models"),)
    assert settings.uploads == Path("b/input")
    assert settings.data == Path("b/user")
    assert settings.output == Path("elsewhere")


def test_several_model_paths_files_can_stand_behind_one_option() -> None:
    settings = parsed("--extra-model-paths-config", "a.yaml", "b.yaml")
    assert settings.extra_model_paths == (Path("a.yaml"), Path("b.yaml"))


def test_token_comes_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEFT_TOKEN", "from the environment")
    settings = parsed()
    assert settings.token is not None
    assert settings.token.get_secret_value() == "from the environment"
    assert "from the environment" not in repr(settings)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--port", "70000"), "--port"),
        (("--workers", "-1"), "--workers"),
        (("--host", " , "), "--host"),
        (("--max-upload-size", "0"), "--max-upload-size"),
        (("--keep-jobs", "0"), "--keep-jobs"),
    ],
)
def test_value_out_of_range_is_named(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == BAD_WORKFLOW
    assert named in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_option_of_comfyui_that_weft_does_not_have_is_refused_with_a_sentence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", name, "value"])
    said = capsys.readouterr().err
    assert f"{name} is an option of ComfyUI; {REFUSED[name]}" in said
    assert len(said.splitlines()) <= 3


def test_every_documented_option_of_comfyui_is_taken_or_refused_in_words() -> None:
    known = set(_serve_parser()._option_string_actions)
    text = """--listen --port --tls-keyfile --tls-certfile --enable-cors-header --max-upload-size
        --base-directory --output-directory --input-directory --temp-directory --user-directory
        --extra-model-paths-config --auto-launch --disable-auto-launch --cuda-device --cpu
        --gpu-only --highvram --normalvram --lowvram --novram --reserve-vram --force-fp32
        --force-fp16 --fp32-unet --bf16-unet --fp16-unet --fp8_e4m3fn-unet --fp32-vae --fp16-vae
        --bf16-vae --cpu-vae --fp32-text-enc --fp16-text-enc --force-channels-last
        --preview-method --preview-size --cache-classic --cache-lru --cache-none
        --use-pytorch-cross-attention --disable-smart-memory --deterministic --disable-metadata
        --disable-all-custom-nodes --whitelist-custom-nodes --disable-api-nodes --multi-user
        --verbose --log-stdout --dont-print-server --quick-test-for-ci --front-end-root
        --front-end-version --enable-compress-response-body --default-hashing-function
        --database-url"""
    assert set(text.split()) <= known


def test_bare_cors_option_is_refused_because_it_means_every_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tmp_path), "--enable-cors-header", "--quick-test-for-ci"]
    assert main(["serve", "--port", "0", *words]) == BAD_WORKFLOW
    assert "guard.bad_origin" in capsys.readouterr().err


def test_bare_token_is_made_anew_and_long() -> None:
    first, second = parsed("--token").token, parsed("--token").token
    assert first is not None
    assert second is not None
    assert len(first.get_secret_value()) >= 40
    assert first != second


def test_preview_method_of_comfyui_reaches_the_settings() -> None:
    assert parsed().previews is None
    assert parsed("--preview-method", "none").previews == "none"


def test_unknown_level_of_the_log_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--verbose", "LOUD"])
    assert "LOUD" in capsys.readouterr().err


def test_module_of_nodes_that_cannot_be_loaded_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tmp_path), "--nodes", "no.such.module", "--quick-test-for-ci"]
    assert main(["serve", "--port", "0", *words]) == BAD_WORKFLOW
    assert "no.such.module" in capsys.readouterr().err
