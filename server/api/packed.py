"""A large JSON answer that is made once, and sent compressed, or not at all when it is known."""

from __future__ import annotations

import gzip
import json
from typing import Any

from aiohttp import hdrs, web
from blake3 import blake3


class Packed:
    """JSON data as an answer with an ETag.

    Args:
        data: What stays the same as long as the server runs.
    """

    def __init__(self, data: Any) -> None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self._plain = text.encode()
        self._packed = gzip.compress(self._plain, 6, mtime=0)
        self._etag = blake3(self._plain).hexdigest(16)

    def answer(self, request: web.Request) -> web.Response:
        """The data; 304 for who has it already."""
        headers = {hdrs.CACHE_CONTROL: "private, no-cache", hdrs.VARY: "Accept-Encoding"}
        known = request.if_none_match or ()
        if any(tag.value in (self._etag, "*") for tag in known):
            answer = web.Response(status=304, headers=headers)
        else:
            packed = "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
            if packed:
                headers[hdrs.CONTENT_ENCODING] = "gzip"
            body = self._packed if packed else self._plain
            answer = web.Response(body=body, content_type="application/json", headers=headers)
        answer.etag = self._etag
        return answer
