"""The settings of access control, and its checks at the start."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from weft.engine.errors import WeftError

from .hosts import Hosts, is_loopback
from .users import Role, Users

if TYPE_CHECKING:
    from ..settings import Settings


@dataclass(frozen=True)
class Policy:
    """Who has access to the server.

    Attributes:
        hosts: Names that this server answers to, and foreign pages that may call it.
        users: Who may use it; empty means whoever reaches it, which only loopback allows.
    """

    hosts: Hosts = field(default_factory=Hosts)
    users: Users = field(default_factory=Users)

    @property
    def is_open(self) -> bool:
        """Whether the server needs no token."""
        return not self.users

    def is_admin(self, owner: str) -> bool:
        """Whether a user is an administrator at this time."""
        if self.is_open:
            return True
        return any(u.owner == owner and u.role is Role.admin for u in self.users.values())


def make_policy(
    bound: Sequence[str],
    *,
    token: str | None = None,
    users_file: Path | None = None,
    names: Iterable[str] = (),
    origins: Iterable[str] = (),
) -> Policy:
    """The policy of a server.

    Args:
        bound: Addresses or names that it listens on; an empty one for all interfaces.
        token: The administrator's token; None for none.
        users_file: Where users are kept; None for nowhere.
        names: More names to answer to (a proxy's).
        origins: Foreign pages that may call.

    Raises:
        WeftError: It would be open to other machines without a token, or an origin is `*`.
    """
    origins = tuple(origins)
    for origin in origins:
        if origin == "*" or "://" not in origin:
            raise WeftError(
                "Any web page would be allowed to use this server."
                if origin == "*"
                else f"{origin!r} is no valid origin.",
                code="guard.bad_origin",
                expected="scheme://host or scheme://host:port",
                hint="List the pages that may use it; --allow-origin may be repeated.",
            )
    users = Users(users_file, token)
    wide = [b or "all interfaces" for b in bound if not is_loopback(b)]
    if not users and wide:
        raise WeftError(
            f"Listening on {wide[0]} without a token would let anyone who reaches this machine "
            "use the server.",
            code="guard.no_token",
            expected="a token, or a loopback address",
            hint="Add --token (a new one is made and printed), or listen on 127.0.0.1.",
        )
    return Policy(Hosts.of(bound, names, origins), users)


def policy_of(settings: Settings) -> Policy:
    """The policy that settings ask for; also looks that nothing uploaded becomes a program.

    Raises:
        WeftError: As `make_policy` and `check_folders`.
    """
    code = [Path(p) for p in sys.path if p]
    check_folders([settings.uploads, settings.output, settings.data], code)
    token = settings.token.get_secret_value() if settings.token is not None else None
    return make_policy(
        settings.hosts,
        token=token,
        users_file=settings.data / "users.json",
        names=settings.allowed_hosts,
        origins=settings.allowed_origins,
    )


def check_folders(writable: Iterable[Path], code: Iterable[Path]) -> None:
    """Refuse folders through which an uploaded file could become a program.

    Args:
        writable: Folders that the server writes to for strangers.
        code: Folders from which Python imports.

    Raises:
        WeftError: One of the writable folders is one of code, or lies around or inside a package.
    """
    places = [p.resolve() for p in code if p.is_dir()]
    for folder in writable:
        place = folder.resolve()
        for other in places:
            packaged = place.is_relative_to(other) and _in_package(place, other)
            if other.is_relative_to(place) or packaged:
                raise WeftError(
                    f"Users of the server can write to the folder {folder}, and Python imports "
                    f"programs from {other}.",
                    code="guard.folder_is_code",
                    hint="Choose another folder for input, output or data.",
                )


def _in_package(place: Path, root: Path) -> bool:
    """Whether a folder below an import root is part of an installed package."""
    steps = [place, *place.parents]
    return any((s / "__init__.py").exists() for s in steps[: steps.index(root)])
