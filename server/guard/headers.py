"""Response headers that make browsers treat content safely."""

from __future__ import annotations

from aiohttp import web

# The editor: scripts from files of ours only, never from the page's text.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
# Data, and files that strangers uploaded: nothing may run, even if opened as a page.
DATA_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


async def add_security_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Add what every response carries; a handler may have set a header itself."""
    response.headers["Server"] = "weft"  # whoever looks for old versions need not be told
    for name, value in _ALWAYS.items():
        response.headers.setdefault(name, value)
    page = response.content_type == "text/html"
    response.headers.setdefault("Content-Security-Policy", PAGE_POLICY if page else DATA_POLICY)
