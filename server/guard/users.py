"""The users of the server, by token. Only hashes of tokens are stored.

A token has 256 random bits, so a plain hash of it cannot be guessed back; slow password hashes
would add nothing but work for every request.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from weft.engine.errors import WeftError
from weft.engine.files.atomic import write_atomically

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,64}(~[0-9]{1,9})?")
MIN_TOKEN = 16


class Role(enum.IntEnum):
    """A role; each role includes the permissions of those before it.

    viewer looks, runner submits jobs and uploads pictures, editor changes workflows and settings,
    admin everything.
    """

    viewer = 1
    runner = 2
    editor = 3
    admin = 4


@dataclass(frozen=True, slots=True)
class User:
    """Somebody known.

    Attributes:
        name: Letters, digits, `-` and `_`.
        role: What they may do.
        secret: SHA-256 of their token.
        owner: Under what their jobs, files and workflows are kept: the name, and a number where
            somebody had that name before. Nobody else ever has it.
    """

    name: str
    role: Role
    secret: bytes
    owner: str

    def __repr__(self) -> str:
        return f"User({self.name!r}, {self.role.name})"  # never the secret: it signs cookies


class Users(Mapping[str, User]):
    """Users by name, kept in a file if there is one.

    Args:
        path: A JSON file, written with mode 0600; None to keep nothing. It also says how often each
            name was given to somebody, so that who gets the name of somebody removed does not get
            what was theirs.
        token: The token of an administrator who is in no file (`--token`); None for none.

    Raises:
        WeftError: The file is damaged, or the token is too short to be safe.
    """

    def __init__(self, path: Path | None = None, token: str | None = None) -> None:
        self._path = path
        self._own: dict[str, User] = {}
        self._stored: dict[str, User] = {}
        self._given: dict[str, int] = {}
        if token is not None:
            if len(token) < MIN_TOKEN:
                raise WeftError(
                    f"The token has only {len(token)} characters.",
                    code="guard.weak_token",
                    expected=f"at least {MIN_TOKEN} characters",
                    hint="Use --token without a value to make a new one.",
                )
            self._own["admin"] = User("admin", Role.admin, digest(token), "admin")
        if path is not None and path.exists():
            self._stored, self._given = _read(path)

    @property
    def _all(self) -> Mapping[str, User]:
        return MappingProxyType({**self._stored, **self._own})

    def __getitem__(self, name: str) -> User:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def find(self, token: str) -> User | None:
        """The user of a token. Takes the same time for every user, or none."""
        given, found = digest(token), None
        for user in self.values():
            if hmac.compare_digest(user.secret, given):
                found = user
        return found

    def owner(self, name: str) -> str:
        """The owner name under which a user's data are kept; the name itself for unknown users."""
        user = self.get(name)
        return user.owner if user is not None else name

    def add(self, name: str, role: Role, *, used: bool = False, returns: bool = False) -> str:
        """Add a user; the token, which is shown only now.

        Args:
            name: Letters, digits, `-` and `_`.
            role: What they may do.
            used: Whether there are things under the name of which the file need not know.
            returns: Whether it is the same person who had the name last, and gets back what is
                theirs; else a new user begins with nothing.

        Raises:
            WeftError: The name is taken or has other characters.
        """
        if not is_name(name):
            raise WeftError(
                "The user name cannot be used.",
                code="guard.bad_user",
                expected="1 to 64 letters, digits, - and _",
            )
        if name in self:
            raise WeftError(f'There is already a user "{name}".', code="guard.user_exists")
        token = secrets.token_urlsafe(32)
        before = max(self._given.get(name, 0), int(used))
        number = max(before, 1) if returns else before + 1
        owner = name if number == 1 else f"{name}~{number}"
        user = User(name, role, digest(token), owner)
        self._store({**self._stored, name: user}, {**self._given, name: number})
        return token

    def remove(self, name: str) -> bool:
        """Remove a user of the file, whose token and cookies end at once; whether there was one."""
        if name not in self._stored:
            return False
        self._store({n: u for n, u in self._stored.items() if n != name}, self._given)
        return True

    def _store(self, users: dict[str, User], given: dict[str, int]) -> None:
        if self._path is not None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            rows = {
                u.name: {"role": u.role.name, "sha256": u.secret.hex(), "owner": u.owner}
                for u in users.values()
            }
            content = json.dumps({"users": rows, "given": given}, indent=1).encode()
            write_atomically(self._path, content, mode=0o600)
        self._stored, self._given = users, given


def is_name(text: str) -> bool:
    """Whether a user may be called so."""
    return _NAME.fullmatch(text) is not None


def digest(token: str) -> bytes:
    """The stored hash of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _read(path: Path) -> tuple[dict[str, User], dict[str, int]]:
    """The users of a file, and how often each name was given to somebody."""
    try:
        data = json.loads(path.read_text("utf-8"))
        users = {
            n: User(n, Role[r["role"]], bytes.fromhex(r["sha256"]), r.get("owner", n))
            for n, r in data["users"].items()
        }
        given = {str(n): int(count) for n, count in data.get("given", {}).items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeftError(
            f"The file of users {path} cannot be read.",
            code="guard.bad_users_file",
            hint="Restore the file, or delete it and add the users again.",
        ) from error
    if not all(
        len(u.secret) == 32
        and _NAME.fullmatch(u.name)
        and isinstance(u.owner, str)
        and _OWNER.fullmatch(u.owner)
        for u in users.values()
    ):
        raise WeftError(f"The file of users {path} is damaged.", code="guard.bad_users_file")
    return users, dict.fromkeys(users, 1) | given
