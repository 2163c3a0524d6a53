"""Clear refusals, and nothing changed: each hostile file through every reader."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.hostile.files import KEPT, REFUSED
from tests.server.fake import FakeWorkers
from tests.server.running import serving
from weft.cli.main import main

ALL = {**REFUSED, **KEPT}


def below(folder: Path) -> dict[str, bytes]:
    """What lies there, notes of weft's own left out."""
    files = (p for p in folder.rglob("*") if p.is_file() and "weft-home" not in p.parts)
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


@pytest.mark.parametrize("case", REFUSED)
def test_command_line_refuses_and_writes_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for suffix in (".json", ".weft.zip", ".png"):
        (tmp_path / f"file{suffix}").write_bytes(REFUSED[case]())
    before = below(tmp_path)
    for words in (
        ["share", "check", "file.json"],
        ["share", "check", "file.weft.zip"],
        ["share", "run", "file.weft.zip", "--accept", "reads,writes,network,packs"],
        ["share", "pack", "file.png", "-o", "new.weft.zip", "--no-picture"],
        ["diff", "file.png", "file.json"],
    ):
        # Two broken workflows can be compared all the same.
        assert main(words) in ((0, 2) if words[0] == "diff" else (2,)), words
        said = capsys.readouterr()
        text = said.out + said.err
        assert words[0] == "diff" or "error" in text or "problem  [" in text, words
        assert len(text) < 10_000
        assert not any(ord(c) < 32 and c not in "\n\t" for c in text)
        assert "Traceback" not in text
    assert below(tmp_path) == before


@pytest.mark.parametrize("case", KEPT)
def test_command_line_takes_odd_files_as_text(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file.weft.zip"
    path.write_bytes(KEPT[case]())
    assert main(["share", "check", str(path)]) in (0, 2)
    text = capsys.readouterr().out
    assert text.startswith(("title", "node", "problem", "effects", "unknown", "It"))
    assert not any(ord(c) < 32 and c not in "\n\t" for c in text)


async def test_server_refuses_each_and_goes_on(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        before = below(tmp_path)
        for case, make in REFUSED.items():
            data = make()
            for path in ("/v1/share/check/file", "/v1/share/open"):
                status, answer = await api.ask("POST", path, data=io.BytesIO(data))
                if status == 200:  # it can be read, and its check says that it cannot run
                    assert not answer["report"]["ready"], (case, path)
                    continue
                assert 400 <= status < 500, (case, path, answer)
                assert answer["error"]["code"] != "server.fault", case
                assert len(answer["error"]["message"]) < 5000, case
            status, answer = await api.ask("POST", "/v1/jobs", data=io.BytesIO(data))
            assert 400 <= status < 500, (case, answer)
        for case, make in KEPT.items():
            status, answer = await api.ask("POST", "/v1/share/open", data=io.BytesIO(make()))
            assert status == 200, (case, answer)
        now = below(tmp_path)
        changed = {name for name in now.keys() | before.keys() if now.get(name) != before.get(name)}
        assert {name for name in changed if "sqlite" not in name} == set()
        assert (await api.ask("GET", "/v1/jobs"))[1]["jobs"] == []
        assert (await api.ask("GET", "/v1/health"))[0] == 200


async def test_hostile_bundle_saved_in_the_library_or_submitted_is_no_fault(tmp_path: Path) -> None:
    async with serving(tmp_path, FakeWorkers()) as api:
        for case, make in ALL.items():
            data = make()
            if len(data) > 1_000_000:
                continue
            try:
                document = json.loads(data)
            except (ValueError, RecursionError):
                continue
            body = {"name": "x", "document": document}
            try:
                sent = json.dumps(body)
            except (ValueError, RecursionError):
                continue
            status, answer = await api.ask("POST", "/v1/workflows", data=sent)
            assert status < 500, (case, answer)
