"""A server that others reach: TLS, a token that is made and shown, what is warned of."""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import ROOT

WORDS = (sys.executable, "-m", "weft", "serve", "--port", "0", "--no-packs", "--no-warm")
OPENSSL = shutil.which("openssl")


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*WORDS, "--workers", "0", "--data", str(folder / "d"), "--out", str(folder / "o"), *words],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> tuple[str, list[dict[str, Any]]]:
    """Stop it; its output and the rest of its log."""
    process.send_signal(signal.SIGTERM)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:  # not `communicate`, which misses what was read ahead
        err, out = process.stderr.read(), process.stdout.read()
    assert process.wait(60) == 0, err
    return out, [json.loads(line) for line in err.splitlines()]


def until_listening(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stderr is not None
    for line in process.stderr:
        found: dict[str, Any] = json.loads(line)
        if found["message"] == "listening":
            return found
    raise AssertionError("it ended")


@pytest.mark.skipif(OPENSSL is None, reason="no openssl makes a certificate")
def test_certificate_makes_it_https(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c.pem", tmp_path / "k.pem"
    subprocess.run(
        [
            *(str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:prime256v1", "-nodes", "-keyout", str(key), "-out"),
            *(str(certificate), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    process = begin(tmp_path, "--tls-certfile", str(certificate), "--tls-keyfile", str(key))
    url = str(until_listening(process)["url"])
    assert url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=str(certificate))
    with urllib.request.urlopen(f"{url}/v1/health", context=trusting, timeout=60) as answer:
        assert json.load(answer)["status"] == "ok"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{url}/v1/health", timeout=60)
    assert finish(process)[1][0]["message"] == "stopping"


def test_certificate_that_cannot_be_read_is_a_plain_error(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    for name in ("bad.pem", "missing.pem"):
        process = begin(tmp_path, "--tls-certificate", str(tmp_path / name))
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2
        assert "server.tls" in err
        assert "Traceback" not in err


def test_bare_token_is_shown_once_and_opens_and_stands_in_no_log(tmp_path: Path) -> None:
    process = begin(tmp_path, "--listen", "0.0.0.0", "--token")
    port = str(until_listening(process)["url"]).rpartition(":")[2]
    assert process.stdout is not None
    token = process.stdout.readline().removeprefix("token: ").strip()
    link = process.stdout.readline().removeprefix("open:").strip()
    assert link == f"http://127.0.0.1:{port}/?token={token}"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/jobs", timeout=60)
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/jobs")
    asked.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.status == 200
    _, log = finish(process)
    assert any("--tls-certificate" in line["message"] for line in log)
    assert token not in json.dumps(log)


def test_token_does_not_stand_in_the_command_line_when_it_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEFT_TOKEN", "a-token-from-the-environment")
    process = begin(tmp_path)
    url = str(until_listening(process)["url"])
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{url}/v1/jobs", timeout=60)
    if Path("/proc").is_dir():
        assert b"a-token" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    out, log = finish(process)
    assert os.environ["WEFT_TOKEN"] not in out + json.dumps(log)


def test_wider_without_a_token_does_not_start(tmp_path: Path) -> None:
    process = begin(tmp_path, "--listen")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "guard.no_token" in err
    assert "--token" in err
