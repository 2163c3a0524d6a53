"""The role that each request needs. Requests not listed here need an administrator."""

from __future__ import annotations

import re

from .origin import SAFE_METHODS
from .users import Role

# Reached without a token: the way to get in, and what a load balancer asks.
OPEN = frozenset({("GET", "/login"), ("POST", "/login"), ("GET", "/v1/health")})

_ADMIN_READS = re.compile(r"/v1/users|/internal(/|$)")
_RUNNER = re.compile(
    r"/v1/(jobs|validate|files|share)(/|$)|/v1/explain$"
    r"|/(prompt|queue|interrupt|history|upload/image|upload/mask)(/|$)"
)
_FILES = re.compile(r"/v1/files/")
_EDITOR = re.compile(r"/v1/(workflows|settings)(/|$)|/(settings|userdata)(/|$)")


def needed_role(method: str, path: str) -> Role | None:
    """The least role for a request; None when it is open to all.

    Args:
        method: HTTP method.
        path: Decoded path; `/api/x` is the same as `/x`.
    """
    if (method, path) in OPEN or (method == "HEAD" and ("GET", path) in OPEN):
        return None
    path = path.removeprefix("/api")
    if method in SAFE_METHODS:
        return Role.admin if _ADMIN_READS.match(path) else Role.viewer
    if method == "DELETE" and _FILES.match(path):
        return Role.editor
    if _RUNNER.match(path):
        return Role.runner
    return Role.editor if _EDITOR.match(path) else Role.admin
