"""Rule 16: what is kept of codes and tokens, and how often they are sent."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rules.credentials import (
    HOUR,
    SENT_PER_HOUR_MAX,
    credentials_version,
    digest_of_refresh,
    digest_of_secret,
    refuse_sending,
)
from protocol.errors import Code
from tests.actors.deciding import NOW

hashes = st.none() | st.text(alphabet="$./abc019", min_size=1, max_size=12)
quick = settings(max_examples=100, deadline=None)


@quick
@given(st.tuples(hashes, hashes, hashes), st.tuples(hashes, hashes, hashes))
def test_the_version_moves_exactly_when_a_hash_does(
    before: tuple[str | None, ...], after: tuple[str | None, ...]
) -> None:
    """What was checked must be what is stored; and it must fit a number of JSON."""
    same = credentials_version(*before) == credentials_version(*after)
    assert same == (before == after)
    assert 0 <= credentials_version(*before) < 2**48


def test_equal_codes_of_two_people_are_kept_unlike() -> None:
    """The table's key is the hash, and a million codes repeat; nor can they be looked up."""
    one, two = UUID(int=1), UUID(int=2)
    assert digest_of_secret(one, "123456") != digest_of_secret(two, "123456")
    assert digest_of_secret(one, "123456") != digest_of_secret(one, "123457")
    assert len(digest_of_secret(one, "\ud800")) == 32, "whatever a client sends has a hash"


def test_each_refresh_token_is_kept_unlike() -> None:
    """The table's key is the hash: over all families and numbers it must never repeat."""
    kept = {digest_of_refresh(UUID(int=f), n) for f in range(20) for n in range(20)}
    assert len(kept) == 400


@quick
@given(st.lists(st.integers(0, 7_200_000), max_size=8))
def test_within_any_hour_only_so_many_are_sent(ago_ms: list[int]) -> None:
    """And Retry-After is when the next one passes: not later, and not a second before."""
    sent = [NOW - timedelta(milliseconds=ms) for ms in ago_ms]
    within = sum(NOW - at < HOUR for at in sent)
    refusal = refuse_sending(sent, NOW)
    assert (refusal is None) == (within < SENT_PER_HOUR_MAX)
    if refusal is None:
        return
    assert refusal.code is Code.RATE_LIMITED
    assert refusal.retry_after_s is not None
    opens = NOW + timedelta(seconds=refusal.retry_after_s)
    assert refuse_sending(sent, opens) is None
    assert refusal.retry_after_s == 1 or refuse_sending(sent, opens - timedelta(seconds=1))
