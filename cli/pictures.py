"""Pictures on the command line: the workflow they hold, what two of them have in common."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..engine.document import read_json
from ..engine.errors import FileError
from ..engine.events import NodeArtifact
from ..engine.registry import Registry
from ..engine.share.bundle import PNG, read_bundle
from ..engine.workflow import Workflow

PICTURES = (".png", ".webp", ".jpg", ".jpeg")


def open_workflow(file: Path, registry: Registry) -> tuple[Workflow, bytes | None]:
    """A workflow file, or the workflow that a picture holds together with the picture as PNG.

    Raises:
        FileError: The picture holds none.
        DocumentError: It cannot be read as a workflow.
    """
    if file.name.endswith((".weft.png", ".weft.zip")):
        bundle = read_bundle(file)
        return bundle.workflow, bundle.picture
    if file.suffix.lower() not in PICTURES:
        return Workflow.load(file, registry), None
    text = workflow_text(picture_texts(file), file)
    workflow = Workflow.from_json(read_json(text), registry)
    content = file.read_bytes()
    return workflow, content if content.startswith(PNG) else None


def workflow_text(texts: Mapping[str, str], file: Path) -> str:
    """The workflow among the texts of a picture: weft's, else ComfyUI's.

    Raises:
        FileError: There is none.
    """
    text = texts.get("weft") or texts.get("prompt")
    if text is None:
        raise FileError(
            f"The picture {file.name} holds no workflow.",
            code="share.no_workflow",
            hint="Pictures lose it when they are edited or sent through messengers.",
        )
    return text


def picture_texts(file: Path) -> dict[str, str]:
    """The texts that a picture holds, by keyword.

    Raises:
        FileError: It is no picture, or cannot be read.
    """
    from ..diffusion import DiffusionError
    from ..diffusion.picture_texts import read_texts

    try:
        return read_texts(file)
    except DiffusionError as error:
        raise FileError(str(error), code=error.code) from error
    except OSError as error:
        raise FileError(f"{file} cannot be read: {error.strerror}.", code="files.unreadable") from (
            error
        )


def first_picture(artifacts: Iterable[NodeArtifact]) -> bytes | None:
    """The first finished PNG that a run wrote."""
    for artifact in artifacts:
        if artifact.media_type == "image/png" and not artifact.temporary:
            return Path(artifact.path).read_bytes()
    return None


def described(path: Path) -> tuple[str | None, str | None]:
    """What a model file holds, and its family; None where that cannot be told."""
    from ..diffusion import DiffusionError, inspect_file

    try:
        report = inspect_file(path)
    except DiffusionError:
        return None, None
    return report.kind, report.family


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two pictures are apart.

    Attributes:
        largest: Largest difference of a channel, 0 to 255.
        psnr: Peak signal-to-noise ratio in dB; None when they are equal.
        sizes: Both sizes, when they differ: nothing else was compared then.
    """

    largest: int
    psnr: float | None
    sizes: tuple[tuple[int, int], tuple[int, int]] | None = None

    def __str__(self) -> str:
        if self.sizes is not None:
            (a, b), (c, d) = self.sizes
            return f"{a}x{b} pixels expected, {c}x{d} got"
        return f"at most {self.largest} of 255 a channel, PSNR {self.psnr or math.inf:.1f} dB"


def compare(expected: bytes, got: bytes) -> Difference:
    """Compare two pictures by their pixels."""
    import numpy as np
    from PIL import Image

    one, other = (Image.open(io.BytesIO(each)).convert("RGB") for each in (expected, got))
    if one.size != other.size:
        return Difference(255, 0.0, (one.size, other.size))
    error = np.asarray(one, np.float64) - np.asarray(other, np.float64)
    mean = float((error**2).mean())
    if mean == 0:
        return Difference(0, None)
    return Difference(int(abs(error).max()), 10 * math.log10(255**2 / mean))
