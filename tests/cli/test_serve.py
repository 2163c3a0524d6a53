"""The options of `weft serve` as settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from weft.cli.main import BAD_WORKFLOW, _parser, main
from weft.cli.serve import settings_of
from weft.server.settings import Settings


def parsed(*words: str) -> Settings:
    return settings_of(_parser().parse_args(["serve", *words]))


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
    ],
)
def test_value_out_of_range_is_named(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", *words]) == BAD_WORKFLOW
    assert named in capsys.readouterr().err


def test_flag_that_means_something_else_in_comfyui_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--force-fp16"])
    assert "--force-fp16" in capsys.readouterr().err


def test_module_of_nodes_that_cannot_be_loaded_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", str(tmp_path), "--nodes", "no.such.module", "--quick-test-for-ci"]
    assert main(["serve", "--port", "0", *words]) == BAD_WORKFLOW
    assert "no.such.module" in capsys.readouterr().err
