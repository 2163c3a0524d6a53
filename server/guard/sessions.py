"""The cookie that represents a token in a browser.

It is signed with the hash of the user's token: nothing is stored, it survives a restart, and it
ends with the token. The token itself is never in it.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping

from .users import User

COOKIE = "weft_session"
LIFETIME = 30 * 24 * 3600  # seconds


def sign(user: User, now: Callable[[], float] = time.time) -> str:
    """A cookie value for a user, good for `LIFETIME` seconds."""
    claim = f"{user.name}.{int(now()) + LIFETIME}"
    return f"{claim}.{_mac(user, claim)}"


def read(
    cookie: str, users: Mapping[str, User], now: Callable[[], float] = time.time
) -> User | None:
    """The user of a cookie value; None if it is forged, damaged, expired, or of no user."""
    parts = cookie.split(".")
    if len(cookie) > 500 or len(parts) != 3 or not (parts[1].isascii() and parts[1].isdecimal()):
        return None
    user = users.get(parts[0])
    if user is None or not cookie.isascii():
        return None
    if not hmac.compare_digest(parts[2], _mac(user, f"{parts[0]}.{parts[1]}")):
        return None
    return user if int(parts[1]) > now() else None


def _mac(user: User, claim: str) -> str:
    return hmac.new(user.secret, b"weft session " + claim.encode(), hashlib.sha256).hexdigest()
