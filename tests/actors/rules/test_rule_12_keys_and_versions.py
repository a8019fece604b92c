"""Rule 12: the same request, and the one writer that wins."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.idempotency import fingerprint_of, refuse_key
from actors.rules.preconditions import (
    etag_of,
    is_unchanged,
    parse_etag,
    parse_if_match,
    refuse_version,
)
from protocol.errors import Code, Refusal

quick = settings(max_examples=100, deadline=None)
bodies = st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=5)


@quick
@given(bodies)
def test_the_order_of_a_body_does_not_make_another_request(body: dict[str, object]) -> None:
    """A retry may be serialised anew."""
    turned = dict(reversed(list(body.items())))
    assert fingerprint_of(body) == fingerprint_of(turned)
    assert len(fingerprint_of(body)) == 32


@quick
@given(bodies, bodies)
def test_other_bodies_have_other_fingerprints(
    one: dict[str, object], two: dict[str, object]
) -> None:
    """A key with another body must be seen as reused."""
    assert (fingerprint_of(one) == fingerprint_of(two)) == (one == two)


def test_what_the_path_names_belongs_to_the_request() -> None:
    """Closing till A and closing till B share a route and perhaps a body."""
    assert fingerprint_of({}, {"till_id": "a"}) != fingerprint_of({}, {"till_id": "b"})
    assert fingerprint_of({"till_id": "a"}) != fingerprint_of({}, {"till_id": "a"})


@pytest.mark.parametrize(
    ("key", "required", "code"),
    [
        (None, True, Code.IDEMPOTENCY_KEY_REQUIRED),
        (None, False, None),
        ("", False, Code.MALFORMED_REQUEST),
        ("a", True, None),
        ("a" * 255, True, None),
        ("a" * 256, True, Code.MALFORMED_REQUEST),
        ("tab\there", True, Code.MALFORMED_REQUEST),
        ("é", True, Code.MALFORMED_REQUEST),
        (" ~", True, None),
    ],
)
def test_a_key_is_1_to_255_printable_characters(
    key: str | None, required: bool, code: Code | None
) -> None:
    """Rule 12, first line."""
    refusal = refuse_key(key, required=required)
    assert (refusal.code if refusal else None) is code


@quick
@given(st.integers(1, 10**17))
def test_a_version_is_read_back_from_its_tag(version: int) -> None:
    """Clients send back what they were given."""
    assert parse_etag(etag_of(version)) == version
    assert parse_if_match(f' "other", {etag_of(version)} ') == version


@pytest.mark.parametrize("text", ["v1", '"v01"', 'W/"v1"', '"1"', '"v-1"', '"v1', "", '"v1""'])
def test_any_other_tag_is_no_version(text: str) -> None:
    """A weak tag does not prove that bytes are the same, and If-Match compares strongly."""
    assert parse_etag(text) is None


@pytest.mark.parametrize(
    ("text", "expected"), [(None, None), ("*", None), (" * ", None), ('W/"v1"', 0), ('"x"', 0)]
)
def test_a_header_that_names_no_version_lets_nothing_through(
    text: str | None, expected: int | None
) -> None:
    """None is answered with 428 and 0 with 412; both change nothing."""
    assert parse_if_match(text) == expected
    assert refuse_version(expected, 1, whose="it") is not None


@pytest.mark.parametrize(
    ("text", "unchanged"),
    [
        (None, False),
        ("*", True),
        ('"v3"', True),
        ('W/"v3"', True),
        ('"v1", W/"v3"', True),
        ('"v30"', False),
        ("v3", False),
        ("", False),
    ],
)
def test_what_a_client_has_already_is_not_sent_again(text: str | None, unchanged: bool) -> None:
    """Proxies weaken tags and gather several of them; both still name what the client has."""
    assert is_unchanged(text, etag_of(3)) is unchanged


@quick
@given(st.text(max_size=20))
def test_any_text_is_a_version_or_a_refusal(text: str) -> None:
    """A header may hold anything."""
    found = parse_if_match(text)
    assert found is None or isinstance(found, int) or found.code is Code.MALFORMED_REQUEST


def test_what_is_no_header_is_malformed() -> None:
    """Quotes forgotten, most often."""
    assert isinstance(parse_if_match("v3"), Refusal)


def test_a_missing_version_is_428_and_a_stale_one_412_with_the_current() -> None:
    """The app reads again and shows what changed. Rule 12 versions."""
    missing = refuse_version(None, 4, whose="the profile")
    stale = refuse_version(3, 4, whose="the profile")
    assert missing is not None
    assert stale is not None
    assert (missing.code, missing.status) == (Code.PRECONDITION_REQUIRED, 428)
    assert (stale.code, stale.status, stale.current_version) == (Code.VERSION_CONFLICT, 412, 4)


@quick
@given(st.integers(1, 50), st.integers(1, 30))
def test_exactly_one_of_n_writers_with_the_same_version_wins(version: int, writers: int) -> None:
    """Rule 12, word for word. Rule 12 one_winner."""
    current, won = version, 0
    for _ in range(writers):
        if refuse_version(version, current, whose="it") is None:
            current, won = current + 1, won + 1
    assert won == 1
