"""Whether the web page that sent a request may call this server."""

from __future__ import annotations

from collections.abc import Mapping

from .hosts import HostName, Hosts, same_origin

_OWN_SITE = {"same-origin", "none"}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def foreign_page(hosts: Hosts, host: HostName, method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request was made by a page that is neither ours nor allowed.

    Programs that are no browsers send neither header and pass. Links from elsewhere to a page of
    ours pass as well, as they only show it.

    Args:
        hosts: Ours and allowed origins.
        host: The request's own host.
        method: HTTP method; an upgrade to a websocket counts as unsafe.
        headers: Of the request, names in any case.
    """
    origin = headers.get("Origin")
    if origin is not None:
        return not (same_origin(origin, host) or origin.lower() in hosts.origins)
    site = headers.get("Sec-Fetch-Site")
    if site is None or site in _OWN_SITE:
        return False
    upgrade = headers.get("Upgrade", "").lower() == "websocket"
    link = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") in (
        "document",
        None,
    )
    return upgrade or method not in SAFE_METHODS or not link
