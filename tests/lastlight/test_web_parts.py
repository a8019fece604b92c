"""Client addresses, paths, origins and openings: the pure parts of the ways in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lastlight.front_door.opening import Lane, decide_opening
from lastlight.front_door.socket_lane import frame_text
from lastlight.web.clients import Client, Proxies, client_of
from lastlight.web.cors import Origins
from lastlight.web.paths import BadPath, decode_path
from lastlight.web.problems import problem_of, problem_response
from protocol.errors import PROBLEMS, Code, FieldError, Refusal
from protocol.limits import HEADER_BYTES_MAX

_PROXIES = Proxies.of(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("203.0.113.1", (("x-forwarded-for", "1.1.1.1"),), ("203.0.113.1", "http")),
        ("10.0.0.1", (), ("10.0.0.1", "http")),
        ("10.0.0.1", (("x-forwarded-for", "1.1.1.1"),), ("1.1.1.1", "http")),
        ("10.0.0.1", (("x-forwarded-for", "6.6.6.6, 1.1.1.1"),), ("1.1.1.1", "http")),
        ("10.0.0.1", (("x-forwarded-for", "1.1.1.1, 10.0.0.2"),), ("1.1.1.1", "http")),
        ("10.0.0.1", (("x-forwarded-for", "1.1.1.1:4711"),), ("1.1.1.1", "http")),
        ("10.0.0.1", (("x-forwarded-for", "unknown"),), ("10.0.0.1", "http")),
        (
            "10.0.0.1",
            (("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")),
            ("1.1.1.1", "https"),
        ),
        (
            "10.0.0.1",
            (("forwarded", 'for="[2001:db9::1]:80";proto=https'), ("x-forwarded-for", "6.6.6.6")),
            ("2001:db9::1", "https"),
        ),
        ("::ffff:10.0.0.1", (("forwarded", "for=1.1.1.1"),), ("1.1.1.1", "http")),
        ("2001:db8::7", (("forwarded", "for=1.1.1.1, for=_hidden"),), ("2001:db8::7", "http")),
    ],
)
def test_the_client_is_the_nearest_that_is_no_trusted_proxy(
    peer: str, headers: tuple[tuple[str, str], ...], expected: tuple[str, str]
) -> None:
    """Whatever stands further left may have been made up, and would lift every rate limit."""
    address, scheme = expected
    assert client_of(peer, "http", headers, _PROXIES) == Client(address=address, scheme=scheme)


@given(st.text(max_size=200), st.text(max_size=200))
def test_made_up_forwarding_headers_never_break_anything(forwarded: str, for_: str) -> None:
    """They come from outside even when a trusted proxy passes them on."""
    headers = (("forwarded", forwarded), ("x-forwarded-for", for_))
    assert client_of("10.0.0.1", "http", headers, _PROXIES).address


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/a%20b", "/a b"),
        (b"/%25zz", "/%zz"),
        (b"http://host:1/a", "/a"),
        (b"http://host", "/"),
        (b"*", "*"),
    ],
)
def test_a_path_is_decoded_once(raw: bytes, path: str) -> None:
    """Twice would make `%2541` an `A`, and let it past whatever looked once."""
    assert decode_path(raw) == path


@pytest.mark.parametrize("raw", [b"", b"a", b"/%", b"/%g0", b"/%2F", b"/%5c", b"/%0a", b"/%ff"])
def test_a_path_that_could_be_read_two_ways_is_refused(raw: bytes) -> None:
    """A proxy that reads it the other way would let it pass."""
    with pytest.raises(BadPath):
        decode_path(raw)


def test_origins_are_let_in_by_name_and_nobody_by_default() -> None:
    """A page of another origin must not read answers unless the operator says so."""
    assert Origins().allow("https://app.example") is None
    some = Origins.of(["https://App.example/"])
    assert some.allow("https://app.example") == "https://app.example"
    assert some.allow("https://app.example.evil") is None
    assert some.allow("null") is None
    assert Origins.of(["*"]).allow("https://anyone.example") == "*"


@pytest.mark.parametrize("code", list(Code))
def test_every_code_makes_a_whole_problem(code: Code) -> None:
    """Clients read `code`, people read `title`; neither may be missing for any.

    Rule 17 problems.
    """
    document = problem_of(Refusal(code, "because"), "id")
    assert document["type"] == f"urn:lastlight:problem:{code.value}"
    assert document["status"] == PROBLEMS[code].status
    assert document["title"]
    assert (document["detail"], document["instance"]) == ("because", "id")


def test_a_problem_carries_what_its_refusal_knows_and_keeps_its_own_members() -> None:
    """A code's extra members must not be able to hide its status."""
    refusal = Refusal(
        Code.VERSION_CONFLICT, "changed", errors=(FieldError("/a", "missing", "is missing"),),
        current_version=7, retry_after_s=3, extra={"owner": "x", "status": 200},
    )  # fmt: skip
    document = problem_of(refusal, "id")
    assert document["errors"] == [{"pointer": "/a", "code": "missing", "detail": "is missing"}]
    assert (document["current_version"], document["owner"]) == (7, "x")
    assert document["status"] == 412
    assert ("retry-after", "3") in problem_response(refusal, "id").headers


@given(st.binary(min_size=1, max_size=400), st.booleans())
def test_any_first_bytes_lead_somewhere(data: bytes, is_get: bool) -> None:
    """No bytes may raise, and none may be waited on for ever."""
    decide_opening((b"GET " if is_get else b"") + data, {"/ws"})
    whole = b"GET " + data.ljust(HEADER_BYTES_MAX, b"x")
    assert decide_opening(whole, {"/ws"}) is not None


@pytest.mark.parametrize(
    ("data", "lane"),
    [
        (b"P", None),
        (b"PRI * HTTP/2.0\r\n\r\n", None),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", Lane.HTTP2),
        (b"POST", Lane.HTTP1),
        (b"G", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Lane.HTTP1),
        (b"\x16\x03\x01", Lane.HTTP1),
    ],
)
def test_the_first_bytes_decide_as_soon_as_they_can(data: bytes, lane: Lane | None) -> None:
    """Not later, or a short request waits for bytes that never come."""
    assert decide_opening(data, {"/ws"}) is lane


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frames_length_is_told_in_the_shortest_form(size: int) -> None:
    """RFC 6455 5.2 demands it, and strict clients close on anything else."""
    frame = frame_text(b"x" * size)
    assert len(frame) - size == (2 if size < 126 else 4 if size < 65_536 else 10)
