"""Two servers on one machine, with homes, data, models and people of their own: what one person
packs on the first, another checks and runs on the second, and the pictures are equal.
"""

from __future__ import annotations

import io
import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.server.process import PATIENCE, Serve
from weft.engine.share.bundle import parse_bundle

THIMBLE = Path(__file__).parents[2] / "diffusion" / "thimble" / "checkpoints"

WORKFLOW = {
    "weft": 1,
    "title": "Edges of a photo",
    "nodes": {
        "checkpoint": {"type": "LoadCheckpoint", "inputs": {"ckpt_name": "anns/mine.safetensors"}},
        "photo": {"type": "LoadImage", "inputs": {"file": "photo.png"}},
        "latent": {
            "type": "VAEEncode",
            "inputs": {"pixels": {"link": "photo.image"}, "vae": {"link": "checkpoint.vae"}},
        },
        "text": {
            "type": "CLIPTextEncode",
            "inputs": {"clip": {"link": "checkpoint.clip"}, "text": "a red circle"},
        },
        "sample": {
            "type": "KSampler",
            "inputs": {
                "model": {"link": "checkpoint.model"},
                "positive": {"link": "text.conditioning"},
                "negative": {"link": "text.conditioning"},
                "latent_image": {"link": "latent.latent"},
                "seed": "random",
                "steps": 3,
                "denoise": 0.6,
            },
        },
        "decode": {
            "type": "VAEDecode",
            "inputs": {"samples": {"link": "sample.latent"}, "vae": {"link": "checkpoint.vae"}},
        },
        "save": {"type": "SaveImage", "inputs": {"images": {"link": "decode.image"}}},
    },
}


class Place:
    """A server with a home of its own, and somebody who uses it."""

    def __init__(self, folder: Path, name: str, person: str) -> None:
        self.folder = folder / name
        self.models = self.folder / "models" / "checkpoints"
        self.models.mkdir(parents=True)
        self.name, self.person = name, person

    def serve(self, patch: pytest.MonkeyPatch) -> Serve:
        """Start it, and give the person a token."""
        patch.setenv("WEFT_HOME", str(self.folder / "home"))
        admin = f"{self.name}-administrator"
        models = str(self.folder / "models")
        server = Serve(self.folder, "--token", admin, "--models", models, "--cpu", token=admin)
        status, made = server.ask("POST", "/v1/users", {"name": self.person, "role": "editor"})
        assert status == 201, made
        server.token = made["token"]
        return server


def send(server: Serve, method: str, path: str, body: bytes) -> tuple[str, bytes]:
    """Send bytes; the type and the bytes of the answer."""
    request = server._request(path, method, body)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.headers["Content-Type"]), answer.read()


def pixels(data: bytes) -> Any:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_bundle_of_one_server_gives_the_same_picture_on_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = Place(tmp_path, "ann", "ann"), Place(tmp_path, "bob", "bob")
    for place, name in ((ann, "anns/mine.safetensors"), (bob, "other/his.safetensors")):
        (place.models / name).parent.mkdir()
        shutil.copy(THIMBLE / "thimble.safetensors", place.models / name)
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    photo = buffer.getvalue()

    with ann.serve(monkeypatch) as server:
        send(server, "PUT", "/v1/files/input/photo.png", photo)
        status, job = server.ask("POST", "/v1/jobs", {"workflow": WORKFLOW})
        assert status == 201, job
        done = server.until_done(job["id"])
        asked = {"job": job["id"], "author": "Ann", "license": "CC0"}
        kind, bundle = send(server, "POST", "/v1/share/pack", json.dumps(asked).encode())
        assert kind == "image/png"
    packed = parse_bundle(bundle)
    assert packed.lock.seeds == done["seeds"]

    # Bob has another photo of that name, and the model under another one.
    inputs = bob.folder / "data" / "input"
    inputs.mkdir(parents=True)
    (inputs / "photo.png").write_bytes(packed.picture or b"")
    with bob.serve(monkeypatch) as server:
        _, text = send(server, "POST", "/v1/share/check/file", bundle)
        found = json.loads(text)
        report = found["report"]
        assert report["effects"] == ["reads", "writes"]
        assert {f["name"]: f["state"] for f in report["files"]} == {
            "anns/mine.safetensors": "other name",
            "photo.png": "bundled",
        }
        assert report["same_picture"] is True, report
        assert list(inputs.glob("*.png")) == [inputs / "photo.png"]

        _, text = send(server, "POST", "/v1/share/open", bundle)
        document = json.loads(text)["document"]
        status, refused = server.ask(
            "POST", "/v1/jobs", {"workflow": document, "accepts": ["reads"]}
        )
        assert (status, refused["problems"][0]["code"]) == (422, "share.not_accepted")
        status, job = server.ask(
            "POST", "/v1/jobs", {"workflow": document, "accepts": report["effects"]}
        )
        assert status == 201, job
        done = server.until(job["id"], lambda each: each["state"] in ("done", "failed"))
        assert done["state"] == "done", done["problems"]
        file = done["artifacts"][0]["file"]
        _, made = send(server, "GET", f"/v1/files/output/{file}", b"")
    assert (inputs / "photo (1).png").read_bytes() == photo
    assert packed.picture is not None
    assert (pixels(made) == pixels(packed.picture)).all()
