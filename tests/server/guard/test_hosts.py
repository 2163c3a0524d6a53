"""Names that a server answers to, and pages that may call it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.server.guard.hosts import HostName, Hosts, is_loopback, parse_host, same_origin
from weft.server.guard.origin import foreign_page

LOCAL = Hosts.of(["127.0.0.1"])
WIDE = Hosts.of(["0.0.0.0"], names=["Weft.Example.com"])
HERE = HostName("localhost", 8188)


@pytest.mark.parametrize(
    ("header", "name", "port"),
    [
        ("localhost", "localhost", None),
        ("LocalHost:8188", "localhost", 8188),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("[::1]:8188", "::1", 8188),
        ("a.b-c.example:65535", "a.b-c.example", 65535),
    ],
)
def test_parse_host_of_good_header_gives_name_and_port(
    header: str, name: str, port: int | None
) -> None:
    assert parse_host(header) == HostName(name, port)


@pytest.mark.parametrize(
    "header",
    [
        "",
        ":80",
        "a:b",
        "a:70000",
        "a@b",
        "a/b",
        "a b",
        "[::1",
        "[x]",
        "[1:2]",
        "a.",
        "-a",
        "a\r\nb",
    ],
)
def test_parse_host_of_malformed_header_gives_none(header: str) -> None:
    assert parse_host(header) is None


@given(st.text())
def test_parse_host_of_any_text_never_raises(header: str) -> None:
    host = parse_host(header)
    assert host is None or host.is_address in (True, False)


@pytest.mark.parametrize(
    ("hosts", "header", "answered"),
    [
        (LOCAL, "localhost:8188", True),
        (LOCAL, "127.0.0.1", True),
        (LOCAL, "[::1]:1", True),
        (LOCAL, "evil.example:8188", False),
        (LOCAL, "localhost.evil.example", False),
        (LOCAL, "192.168.1.5:8188", False),
        (WIDE, "192.168.1.5:8188", True),
        (WIDE, "weft.example.com", True),
        (WIDE, "evil.example", False),
    ],
)
def test_hosts_answer_own_names_only(hosts: Hosts, header: str, answered: bool) -> None:
    assert (hosts.find(header) is not None) is answered


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("10.0.0.1", False),
        ("a-name", False),
    ],
)
def test_is_loopback_of_address_says_how_far_it_reaches(bound: str, expected: bool) -> None:
    assert is_loopback(bound) is expected


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://localhost:8188", True),
        ("https://localhost:8188", True),
        ("http://localhost", False),
        ("http://localhost:8189", False),
        ("http://127.0.0.1:8188", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("http://localhost:8188/x", False),
        ("http://a@localhost:8188", False),
        ("http://localhost:x", False),
        ("http://[::1", False),
    ],
)
def test_same_origin_compares_name_and_port(origin: str, same: bool) -> None:
    assert same_origin(origin, HERE) is same


def test_same_origin_behind_tls_proxy_takes_the_default_port() -> None:
    assert same_origin("https://weft.example.com", HostName("weft.example.com", None))


SITES = [None, "none", "same-origin", "same-site", "cross-site", "bogus"]
ORIGINS = [None, "null", "http://evil.example", "http://localhost:8188", "https://friend.example"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "ws"])
@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("site", SITES)
def test_foreign_page_over_the_whole_matrix_passes_own_pages_and_programs(
    method: str, origin: str | None, site: str | None
) -> None:
    hosts = Hosts.of(["localhost"], origins=["https://friend.example"])
    headers = {"Origin": origin, "Sec-Fetch-Site": site}
    headers["Upgrade"] = "websocket" if method == "ws" else None
    given_headers = {name: value for name, value in headers.items() if value is not None}
    found = foreign_page(hosts, HERE, "GET" if method == "ws" else method, given_headers)
    if origin is not None:
        expected = origin not in ("http://localhost:8188", "https://friend.example")
    else:
        expected = site not in (None, "none", "same-origin")
    assert found is expected


def test_foreign_page_that_only_links_here_passes() -> None:
    link = {
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert not foreign_page(LOCAL, HERE, "GET", link)
    assert foreign_page(LOCAL, HERE, "POST", link)
    assert foreign_page(LOCAL, HERE, "GET", link | {"Sec-Fetch-Dest": "iframe"})
    assert foreign_page(LOCAL, HERE, "GET", link | {"Sec-Fetch-Mode": "no-cors"})
