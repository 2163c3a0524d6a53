"""The picture machine's names cost no torch until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import weft.diffusion as wd

HEAVY = "{'torch', 'diffusers', 'transformers', 'accelerate', 'numpy'}"


@pytest.mark.parametrize(
    "statement",
    [
        "import weft.diffusion",
        "import weft.diffusion.types",
        "from weft.diffusion import SAMPLERS, SCHEDULERS, inspect_file, DiffusionError",
        "from weft.diffusion import sample, load_checkpoint, encode_text, decode_latent",
        "from weft.diffusion import apply_control, apply_ip_adapter, empty_latent, save_checkpoint",
        "import weft.diffusion.formats.ldm, weft.diffusion.formats.shapes",
        "import weft.diffusion.pictures.contact_sheet",
        "import weft.testing",
    ],
)
def test_import_of_light_names_loads_no_heavy_library(statement: str) -> None:
    code = f"{statement}\nimport sys\nprint(sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[]"


def test_tokenizing_loads_no_torch() -> None:
    code = (
        "from weft.diffusion.text.tokenizers import clip_tokenizer\n"
        "import sys\nprint(clip_tokenizer().ids('a cat'), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "[320, 2368] False"


def test_every_public_name_resolves() -> None:
    assert all(getattr(wd, name) is not None for name in wd._HOME)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_thing"):
        wd.no_such_thing  # noqa: B018


@pytest.mark.parametrize(
    ("name", "socket"),
    [
        ("Image", "IMAGE"),
        ("Mask", "MASK"),
        ("Latent", "LATENT"),
        ("Conditioning", "CONDITIONING"),
        ("Model", "MODEL"),
        ("Clip", "CLIP"),
        ("Vae", "VAE"),
        ("ControlNet", "CONTROL_NET"),
        ("IPAdapter", "IPADAPTER"),
        ("ClipVision", "CLIP_VISION"),
    ],
)
def test_socket_class_carries_its_field_name(name: str, socket: str) -> None:
    assert getattr(wd, name).__socket__ == socket
