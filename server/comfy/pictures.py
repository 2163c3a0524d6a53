"""`/view` and `/upload`: images by file name, folder and kind."""

from __future__ import annotations

import json
import re
from functools import partial
from io import BytesIO
from pathlib import Path

from aiohttp import web

from weft.diffusion.pictures.levels import in_eight_bits

from ..api.errors import ApiError
from ..files.folders import Kind, as_kind
from ..files.media import disposition, file_headers
from ..files.pictures import open_picture
from ..files.sending import StoredFile
from ..files.service import DECODER, UPLOADS, find_file
from ..files.upload import uploader_of
from ..keys import SETTINGS
from .routing import Twins, answer

routes = Twins()
_WEBP_SIDE = 16_383  # pixels; the format holds no more
_ANNOTATED = re.compile(r"(.*) \[(input|output|temp)\]", re.DOTALL)


@routes.get("/view")
async def view(request: web.Request) -> web.StreamResponse:
    """A file, or an image in another format or with some of its channels."""
    query = request.query
    name, kind = query.get("filename", ""), query.get("type", "output")
    annotated = _ANNOTATED.fullmatch(name)
    if annotated is not None:
        name, kind = annotated[1], annotated[2]
    if not name:
        raise ApiError(400, "The request names no file.", code="files.bad_name")
    folder = query.get("subfolder", "").strip("/")
    full = f"{folder}/{name}" if folder else name
    path = find_file(request, as_kind(kind), full)
    preview, channel = query.get("preview"), query.get("channel", "rgba")
    if preview is None and channel not in ("rgb", "a"):
        return StoredFile(path, headers=file_headers(name))
    pixels = request.app[SETTINGS].limits.pixels
    form, media_type = _format(preview, channel)
    quality = _quality(preview)
    work = partial(_converted, path, form, quality, channel, pixels)
    body = await request.app[DECODER].run(work, path)
    return web.Response(
        body=body,
        content_type=media_type,
        headers={
            "Content-Disposition": disposition("inline", name),
            "Cache-Control": "private, no-cache",
        },
    )


@routes.post("/upload/image")
async def upload_image(request: web.Request) -> web.Response:
    """Store an image; the same bytes under the same name are stored once."""
    form = await request.app[UPLOADS].receive_form(request, _kind_ahead(request))
    try:
        files = [item for item in form.files if item[0] == "image"] or form.files
        if not files or not files[0][1]:
            raise ApiError(400, "The form has no image.", code="request.bad_form")
        _, name, content = files[0]
        return await _keep(request, form.fields, name, content)
    finally:
        form.discard()


@routes.post("/upload/mask")
async def upload_mask(request: web.Request) -> web.Response:
    """Store the image that a mask was painted on, with the mask as its transparency."""
    form = await request.app[UPLOADS].receive_form(request, _kind_ahead(request))
    try:
        if not form.files:
            raise ApiError(400, "The form has no image.", code="request.bad_form")
        _, name, content = form.files[0]
        original = _original(request, form.fields.get("original_ref", ""))
        pixels = request.app[SETTINGS].limits.pixels
        work = partial(_put_alpha, original, content, pixels)
        await request.app[DECODER].run(work, original, content)
        return await _keep(request, form.fields, name, content)
    finally:
        form.discard()


def _kind_ahead(request: web.Request) -> Kind:
    """Where an upload is put before its form is read: all kinds lie on disks of the server."""
    return as_kind(request.query.get("type", "input"))


async def _keep(
    request: web.Request, fields: dict[str, str], name: str, content: Path
) -> web.Response:
    kind = as_kind(fields.get("type", "input"))
    folder = fields.get("subfolder", "").strip("/")
    full = f"{folder}/{name}" if folder else name
    overwrite = fields.get("overwrite", "").lower() in ("true", "1")
    kept = await request.app[UPLOADS].keep(
        content, kind, full, uploader_of(request), overwrite=overwrite
    )
    place, _, last = kept.rpartition("/")
    return answer({"name": last, "subfolder": place, "type": kind})


def _original(request: web.Request, text: str) -> Path:
    try:
        given = json.loads(text)
        name, folder = str(given["filename"]), str(given.get("subfolder", "")).strip("/")
        kind = as_kind(str(given.get("type", "output")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ApiError(400, "original_ref names no file.", code="request.bad_form") from error
    return find_file(request, kind, f"{folder}/{name}" if folder else name)


def _format(preview: str | None, channel: str) -> tuple[str, str]:
    wanted = (preview or "").partition(";")[0]
    if wanted == "jpeg" and channel != "a":
        return "JPEG", "image/jpeg"
    if wanted in ("webp", "jpeg"):
        return "WEBP", "image/webp"
    return ("PNG", "image/png") if preview is None else ("WEBP", "image/webp")


def _quality(preview: str | None) -> int:
    text = (preview or "").partition(";")[2]
    return min(max(int(text), 1), 100) if text.isascii() and text.isdecimal() and text else 90


def _converted(path: Path, form: str, quality: int, channel: str, pixels: int) -> bytes:
    from PIL import Image

    with open_picture(path, pixels) as opened:
        picture = in_eight_bits(opened)
        if channel == "a":
            alpha = picture.convert("RGBA").getchannel("A")
            shown = Image.new("RGBA", picture.size, (0, 0, 0, 0))
            shown.putalpha(alpha)
        elif channel == "rgb" or form == "JPEG":
            shown = picture.convert("RGB")
        else:
            shown = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if form == "WEBP" and max(shown.size) > _WEBP_SIDE:  # a preview may be smaller
        shown.thumbnail((_WEBP_SIDE, _WEBP_SIDE))
    file = BytesIO()
    shown.save(file, form, quality=quality)
    return file.getvalue()


def _put_alpha(original: Path, mask: Path, pixels: int) -> None:
    """Replace the mask's file by the original picture with the mask's transparency."""
    with open_picture(mask, pixels) as painted:
        alpha = in_eight_bits(painted).convert("RGBA").getchannel("A")
    with open_picture(original, pixels) as picture:
        whole = in_eight_bits(picture).convert("RGBA")
        known = picture.info.items()
        texts = {n: t for n, t in known if isinstance(n, str) and isinstance(t, str)}
    if whole.size != alpha.size:
        alpha = alpha.resize(whole.size)
    whole.putalpha(alpha)
    beside = mask.with_suffix(".png")
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    whole.save(beside, "PNG", pnginfo=info, compress_level=4)
    beside.replace(mask)
