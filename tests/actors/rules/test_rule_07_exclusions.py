"""Rule 7, exclusions: how long they last, that they are only extended, and who meets them again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.rules.exclusions import (
    end_of,
    identity_hash,
    met_again,
    refuse_past,
    refuse_return,
    refuse_shortening,
)
from protocol.errors import Code
from protocol.records.runtime import KeptExclusion
from protocol.records.states import ExclusionKind

NOW = datetime(2026, 8, 31, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.integers(-1000, 10_000).map(lambda hours: NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("months", "end"),
    [
        (6, datetime(2027, 2, 28, 12, 0, tzinfo=UTC)),
        (18, datetime(2028, 2, 29, 12, 0, tzinfo=UTC)),
        (60, datetime(2031, 8, 31, 12, 0, tzinfo=UTC)),
    ],
)
def test_months_end_on_the_same_day_or_the_last_one(months: int, end: datetime) -> None:
    """Half a year from the end of August is the end of February."""
    assert end_of(NOW, days=None, months=months, until=None) == end


def test_days_are_days_and_a_ban_ends_when_it_is_said_to() -> None:
    """A ban without an end lasts until it is lifted."""
    assert end_of(NOW, days=42, months=None, until=None) == NOW + 42 * DAY
    assert end_of(NOW, days=None, months=None, until=NOW + DAY) == NOW + DAY
    assert end_of(NOW, days=None, months=None, until=None) is None


@given(st.none() | moments, st.none() | moments)
def test_what_is_not_refused_is_never_shorter(
    running: datetime | None, wished: datetime | None
) -> None:
    """The law: an exclusion that runs is extended, and nothing else. Rule 7 exclusion."""
    refusal = refuse_shortening(ExclusionKind.SELF_EXCLUSION, running, wished)
    longer = running is not None and (wished is None or wished > running)
    assert (refusal is None) is longer
    assert refusal is None or refusal.code is Code.EXCLUSION_ACTIVE


def test_nothing_ends_before_it_begins() -> None:
    """A ban until yesterday is a slip of the hand."""
    assert refuse_past(NOW, NOW) is not None
    assert refuse_past(NOW + DAY, NOW) is None
    assert refuse_past(None, NOW) is None


def test_access_returns_only_after_the_time() -> None:
    """Not even the patron can shorten it."""
    early = refuse_return(NOW + DAY, NOW)
    assert early is not None
    assert early.code is Code.INVALID_TRANSITION
    assert refuse_return(NOW, NOW) is None


def kept(email: str, n: int = 1, **changes: object) -> KeptExclusion:
    """What is kept of somebody who was excluded for half a year."""
    id_ = UUID(int=n)
    known: dict[str, object] = {
        "id": id_,
        "identity_hash": identity_hash(id_.bytes, email),
        "kind": ExclusionKind.SELF_EXCLUSION,
        "venue_id": None,
        "starts_at": NOW - 200 * DAY,
        "ends_at": NOW - 20 * DAY,
    }
    return KeptExclusion(**(known | changes))  # type: ignore[arg-type]


def test_the_same_address_meets_its_exclusions_in_whatever_letters() -> None:
    """A self-exclusion holds beyond its time, a cool-off or ban until its end."""
    own = kept("Ann@Example.org")
    over = kept("ann@example.org", 2, kind=ExclusionKind.COOL_OFF)
    ban = kept("ann@example.org", 3, kind=ExclusionKind.VENUE_BAN, ends_at=None)
    other = kept("bob@example.org", 4)
    assert met_again([own, over, ban, other], "aNN@example.org", NOW) == [own, ban]


def test_two_exclusions_of_one_address_look_nothing_alike() -> None:
    """Who reads the table learns neither the address nor that it is the same one."""
    assert kept("ann@example.org", 1).identity_hash != kept("ann@example.org", 2).identity_hash
