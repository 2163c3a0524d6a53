"""Tokens, roles, cookies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.engine.errors import WeftError
from weft.server.guard import sessions
from weft.server.guard.access import needed_role
from weft.server.guard.policy import check_folders, make_policy
from weft.server.guard.throttle import Throttle
from weft.server.guard.users import Role, Users

TOKEN = "a-token-of-some-length"


def test_users_with_token_finds_the_administrator_only_by_it() -> None:
    users = Users(token=TOKEN)
    found = users.find(TOKEN)
    assert found is not None
    assert (found.name, found.role) == ("admin", Role.admin)
    assert users.find(TOKEN + "x") is None
    assert users.find("") is None
    assert users.find("\ud800") is None


def test_users_added_are_found_after_reading_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "state" / "users.json"
    token = Users(path).add("ann", Role.runner)
    again = Users(path)
    found = again.find(token)
    assert found is not None
    assert (found.name, found.role) == ("ann", Role.runner)
    assert path.stat().st_mode & 0o077 == 0
    assert token not in path.read_text()


def test_users_removed_lose_token_and_cookie(tmp_path: Path) -> None:
    users = Users(tmp_path / "users.json")
    token = users.add("ann", Role.viewer)
    cookie = sessions.sign(users["ann"])
    assert sessions.read(cookie, users) == users["ann"]
    assert users.remove("ann")
    assert users.find(token) is None
    assert sessions.read(cookie, users) is None
    assert not users.remove("ann")


@pytest.mark.parametrize("name", ["", "a b", "../x", "a.b", "x" * 65, "é", "a\n"])
def test_users_with_bad_name_are_refused(name: str) -> None:
    with pytest.raises(WeftError, match="cannot be used"):
        Users().add(name, Role.viewer)


def test_users_with_taken_name_are_refused() -> None:
    with pytest.raises(WeftError) as caught:
        Users(token=TOKEN).add("admin", Role.viewer)
    assert caught.value.code == "guard.user_exists"


def test_users_with_short_token_are_refused() -> None:
    with pytest.raises(WeftError) as caught:
        Users(token="secret")
    assert caught.value.code == "guard.weak_token"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"users": {"a": {}}}', '{"users": {"a": 1}}']
)
def test_users_with_damaged_file_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "users.json"
    path.write_text(text)
    with pytest.raises(WeftError) as caught:
        Users(path)
    assert caught.value.code == "guard.bad_users_file"


def test_users_with_short_hash_in_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(json.dumps({"users": {"a": {"role": "admin", "sha256": "00"}}}))
    with pytest.raises(WeftError):
        Users(path)


def test_user_shown_never_shows_its_secret() -> None:
    user = Users(token=TOKEN)["admin"]
    assert user.secret.hex() not in repr(user)
    assert str(user.secret) not in repr(user)


def test_cookie_over_its_lifetime_is_refused() -> None:
    users = Users(token=TOKEN)
    cookie = sessions.sign(users["admin"], now=lambda: 1000)
    assert sessions.read(cookie, users, now=lambda: 1000 + sessions.LIFETIME - 1) is not None
    assert sessions.read(cookie, users, now=lambda: 1000 + sessions.LIFETIME) is None


def test_cookie_of_another_token_is_refused() -> None:
    cookie = sessions.sign(Users(token=TOKEN)["admin"])
    assert sessions.read(cookie, Users(token=TOKEN + "2")) is None


@given(st.text(), st.integers(0, 200))
def test_cookie_altered_is_refused(text: str, place: int) -> None:
    users = Users(token=TOKEN)
    good = sessions.sign(users["admin"])
    bad = good[:place] + text + good[place:]
    assert (sessions.read(bad, users) is not None) == (bad == good)


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/v1/health", None),
        ("GET", "/login", None),
        ("POST", "/login", None),
        ("GET", "/", Role.viewer),
        ("GET", "/v1/jobs", Role.viewer),
        ("GET", "/api/ws", Role.viewer),
        ("POST", "/v1/jobs", Role.runner),
        ("POST", "/v1/jobs/x/cancel", Role.runner),
        ("POST", "/prompt", Role.runner),
        ("POST", "/api/prompt", Role.runner),
        ("POST", "/upload/image", Role.runner),
        ("POST", "/userdata/workflows%2Fa.json", Role.editor),
        ("DELETE", "/api/userdata/a", Role.editor),
        ("GET", "/v1/users", Role.admin),
        ("GET", "/internal/logs", Role.admin),
        ("POST", "/free", Role.admin),
        ("POST", "/v1/jobsx", Role.admin),
        ("POST", "/something/new", Role.admin),
        ("DELETE", "/v1/health", Role.admin),
    ],
)
def test_needed_role_of_route_is_the_least_that_fits(
    method: str, path: str, role: Role | None
) -> None:
    assert needed_role(method, path) is role


def test_policy_beyond_loopback_without_token_is_refused() -> None:
    for bound in ("0.0.0.0", "::", "", "10.1.2.3"):
        with pytest.raises(WeftError) as caught:
            make_policy([bound])
        assert caught.value.code == "guard.no_token"
    assert not make_policy(["127.0.0.1", "0.0.0.0"], token=TOKEN).is_open
    assert make_policy(["127.0.0.1"]).is_open


def test_policy_with_users_file_may_listen_wide(tmp_path: Path) -> None:
    Users(tmp_path / "users.json").add("ann", Role.admin)
    assert not make_policy(["127.0.0.1", "0.0.0.0"], users_file=tmp_path / "users.json").is_open


@pytest.mark.parametrize("origin", ["*", "example.com", ""])
def test_policy_with_any_origin_is_refused(origin: str) -> None:
    with pytest.raises(WeftError) as caught:
        make_policy(["127.0.0.1"], origins=[origin])
    assert caught.value.code == "guard.bad_origin"


def test_check_folders_around_or_inside_code_are_refused(tmp_path: Path) -> None:
    site = tmp_path / "site"
    package = site / "pack"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    for folder in (site, tmp_path, package, package / "input"):
        with pytest.raises(WeftError) as caught:
            check_folders([folder], [site])
        assert caught.value.code == "guard.folder_is_code"
    check_folders([tmp_path / "out", site / "out"], [site])


def test_throttle_used_up_refills_with_time() -> None:
    time = [0.0]
    throttle = Throttle(rate=0.5, burst=2, now=lambda: time[0])
    assert [throttle.take("a") for _ in range(3)] == [True, True, False]
    assert throttle.take("b")
    time[0] = 2.0
    assert throttle.allows("a")
    assert [throttle.take("a") for _ in range(2)] == [True, False]


def test_throttle_with_many_keys_stays_bounded() -> None:
    throttle = Throttle(rate=1, burst=1, keys=10)
    for number in range(1000):
        throttle.take(str(number))
    assert len(throttle._buckets) == 10


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["add", "back", "remove"]))))
def test_owner_of_a_new_user_was_nobody_elses(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("users") / "users.json"
    users, had, last = Users(path), set[str](), dict[str, str]()
    for name, step in steps:
        if step == "remove":
            users.remove(name)
        elif name not in users:
            returns = step == "back"
            users.add(name, Role.viewer, returns=returns)
            owner = users.owner(name)
            if returns and name in last:
                assert owner == last[name]
            else:
                assert owner not in had
            had.add(owner)
            last[name] = owner
        users = Users(path)  # as after a restart


def test_users_of_a_file_from_before_own_what_is_under_their_name(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    row = {"role": "runner", "sha256": "00" * 32}
    path.write_text(json.dumps({"users": {"ann": row}}))
    users = Users(path)
    assert users["ann"].owner == "ann"
    users.remove("ann")
    users.add("ann", Role.runner)
    assert Users(path)["ann"].owner == "ann~2"
    users.add("bob", Role.runner, used=True)
    assert users["bob"].owner == "bob~2"


@pytest.mark.parametrize("owner", ["../x", "a b", "a~", "a~x", 5, ""])
def test_users_with_an_owner_that_is_no_name_are_refused(tmp_path: Path, owner: object) -> None:
    path = tmp_path / "users.json"
    row = {"role": "runner", "sha256": "00" * 32, "owner": owner}
    path.write_text(json.dumps({"users": {"ann": row}}))
    with pytest.raises(WeftError) as caught:
        Users(path)
    assert caught.value.code == "guard.bad_users_file"
