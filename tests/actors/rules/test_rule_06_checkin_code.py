"""Rule 6: the code on the door screen."""

from __future__ import annotations

import base64
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.checkin_code import (
    NONCE_BYTES,
    STEPS_AHEAD,
    make_token,
    read_token,
    refuse_step,
    refuse_token,
    start_of_step,
    step_of,
)
from protocol.errors import Code

VENUE = UUID("00000000-0000-7000-8000-000000000001")
SECRET = b"s" * 32
NONCE = b"n" * NONCE_BYTES
NOW = datetime(2026, 6, 1, 12, 0, 10, tzinfo=UTC)
quick = settings(max_examples=100, deadline=None)


def token_at(at: datetime, *, venue_id: UUID = VENUE, secret: bytes = SECRET) -> str:
    return make_token(venue_id, step_of(at, 30), step_s=30, nonce=NONCE, secret=secret)


def is_good(token: str, at: datetime, *, venue_id: UUID = VENUE) -> bool:
    refusal = refuse_token(token, venue_id=venue_id, at=at, step_s=30, secret=SECRET)
    assert refusal is None or refusal.code is Code.QR_EXPIRED
    return refusal is None


@quick
@given(st.integers(0, 4_000_000_000_000), st.integers(-200_000, 200_000))
def test_a_token_is_good_in_its_step_and_the_next(ms: int, later_ms: int) -> None:
    """A screenshot lives 60 s at most, and a screen's next tokens are not good early.

    Rule 6 code.
    """
    made_at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    used_at = made_at + timedelta(milliseconds=later_ms)
    steps_later = step_of(used_at, 30) - step_of(made_at, 30)
    assert is_good(token_at(made_at), used_at) == (steps_later in {0, 1})


def test_the_last_token_of_a_day_is_good_after_midnight() -> None:
    """Keys rotate daily, and two are live."""
    before = datetime(2026, 6, 1, 23, 59, 45, tzinfo=UTC)
    after = datetime(2026, 6, 2, 0, 0, 15, tzinfo=UTC)
    assert is_good(token_at(before), after)
    assert token_at(before).partition(".")[2] != token_at(after).partition(".")[2]


def test_a_token_opens_only_its_own_venue() -> None:
    """A picture from the other branch is no presence here."""
    other = UUID(int=2)
    assert not is_good(token_at(NOW, venue_id=other), NOW)
    assert not is_good(token_at(NOW), NOW, venue_id=other)


def test_a_token_of_another_server_is_refused() -> None:
    """Whoever lacks the secret cannot make one."""
    assert not is_good(token_at(NOW, secret=b"x" * 32), NOW)


@quick
@given(st.data())
def test_no_changed_character_goes_unnoticed(data: st.DataObject) -> None:
    """One spelling per token: neither payload, signature nor padding bits can be touched."""
    token = token_at(NOW)
    n = data.draw(st.integers(0, len(token) - 1))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ é"
    changed = data.draw(st.sampled_from(alphabet).filter(lambda c: c != token[n]))
    assert not is_good(token[:n] + changed + token[n + 1 :], NOW)


@quick
@given(st.one_of(st.text(max_size=120), st.from_regex(r"\A[\w-]{0,60}\.[\w-]{0,60}\Z")))
def test_any_other_text_is_refused_and_never_an_error(text: str) -> None:
    """It comes from a camera, that is: from anyone."""
    assert not is_good(text, NOW)


def test_a_step_beyond_all_dates_is_refused_and_never_an_error() -> None:
    """Eight bytes hold numbers that no calendar has."""
    token = token_at(NOW)
    assert not is_good("_" * 43 + token[43:], NOW)


def test_a_token_is_good_for_its_step_and_the_next() -> None:
    """A screen shows it before its time comes: it lives from its step's start for two steps."""
    first = step_of(NOW, 30)
    assert start_of_step(first, 30) <= NOW < start_of_step(first + 1, 30)
    for step in range(first, first + 1 + STEPS_AHEAD):
        token = make_token(VENUE, step, step_s=30, nonce=bytes(NONCE_BYTES), secret=SECRET)
        valid_from, valid_to = start_of_step(step, 30), start_of_step(step + 2, 30)
        assert is_good(token, valid_from)
        assert is_good(token, valid_to - timedelta(milliseconds=1))
        assert not is_good(token, valid_to)
        assert not is_good(token, valid_from - timedelta(milliseconds=1))


@pytest.mark.parametrize("step_s", [10, 30, 120])
def test_tokens_are_compact_enough_for_a_small_code(step_s: int) -> None:
    """A QR code of this length is read from across a room."""
    token = make_token(VENUE, step_of(NOW, step_s), step_s=step_s, nonce=NONCE, secret=SECRET)
    assert len(token) == 87


def test_a_token_is_read_once_and_judged_later() -> None:
    """The gateway has the secret and reads; the venue has the clock that counts, and judges."""
    token = token_at(NOW)
    made_for = read_token(token, venue_id=VENUE, step_s=30, secret=SECRET)
    assert made_for == NOW.replace(second=0)
    assert refuse_step(made_for, at=NOW + timedelta(seconds=49), step_s=30) is None
    assert refuse_step(made_for, at=NOW + timedelta(seconds=50), step_s=30) is not None
    assert refuse_step(None, at=NOW, step_s=30) is not None
    assert read_token(token, venue_id=UUID(int=2), step_s=30, secret=SECRET) is None
    assert read_token(token, venue_id=VENUE, step_s=30, secret=b"o" * 32) is None


@pytest.mark.parametrize("step", [2**30 - 1, 2**30, 2**32, 2**64 - 1])
def test_a_forged_step_in_the_far_future_is_only_another_bad_token(step: int) -> None:
    """Its date is looked at before its signature, and must not end as a 500."""
    payload = struct.pack(">16sQ8s", VENUE.bytes, step, NONCE)
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    signature = base64.urlsafe_b64encode(b"x" * 32).rstrip(b"=").decode()
    token = f"{encoded}.{signature}"
    assert read_token(token, venue_id=VENUE, step_s=120, secret=SECRET) is None
