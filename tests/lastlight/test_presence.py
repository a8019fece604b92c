"""Who is there: one connection's end never speaks for another one (fenced by rising numbers)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lastlight.realtime.presence import Presence
from protocol.limits import PRESENCE_REMEMBERED_MAX

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN, BEN = UUID(int=1), UUID(int=2)


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


def test_whoever_has_a_connection_is_there_until_the_last_one_goes() -> None:
    """A phone and a tablet: losing one is not to be gone."""
    clock = Clock()
    presence = Presence(clock)
    assert presence.of(ANN).last_seen_at is None
    phone, tablet = presence.came(ANN), presence.came(ANN)
    assert (presence.of(ANN).connected, presence.of(ANN).connections) == (True, 2)
    assert not presence.of(BEN).connected
    presence.went(ANN, phone)
    assert presence.of(ANN).connected
    clock.at += timedelta(seconds=7)
    presence.went(ANN, tablet)
    gone = presence.of(ANN)
    assert (gone.connected, gone.connections, gone.last_seen_at) == (False, 0, clock.at)


def test_an_old_connection_can_t_take_away_the_new_one() -> None:
    """The network comes back before the old connection is known to be lost, or ends it twice."""
    clock = Clock()
    presence = Presence(clock)
    old = presence.came(ANN)
    new = presence.came(ANN)
    presence.went(ANN, old)
    presence.went(ANN, old)
    assert presence.of(ANN).connected
    assert presence.of(ANN).epoch == new > old
    presence.went(ANN, new)
    seen_at = presence.of(ANN).last_seen_at
    clock.at += timedelta(minutes=1)
    presence.went(ANN, old)
    assert presence.of(ANN).last_seen_at == seen_at


def test_numbers_rise_over_a_restart_and_though_the_clock_goes_back() -> None:
    """What a node that ran before has numbered must not look newer than what is now."""
    clock = Clock()
    before = Presence(clock)
    last = max(before.came(ANN) for _ in range(3))
    clock.at += timedelta(seconds=1)
    after = Presence(clock)
    assert after.came(ANN) > last
    clock.at -= timedelta(hours=1)
    assert after.came(ANN) > after.came(BEN) - 2 > last


def test_only_so_many_who_went_are_remembered() -> None:
    """Guests of a year must not fill the memory; whoever comes back is known anew."""
    presence = Presence(Clock())
    for n in range(PRESENCE_REMEMBERED_MAX + 1):
        presence.went(UUID(int=n), presence.came(UUID(int=n)))
    assert presence.of(UUID(int=0)).last_seen_at is None
    assert presence.of(UUID(int=1)).last_seen_at == NOW
    assert len(presence) == 0


class Interleavings(RuleBasedStateMachine):
    """Connections of two people come, go, and are heard to have gone late, twice or out of turn."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.presence = Presence(self.clock)
        self.numbers: list[tuple[UUID, int]] = []
        self.live: dict[UUID, set[int]] = {ANN: set(), BEN: set()}
        self.seen_at: dict[UUID, datetime] = {}

    @rule(who=st.sampled_from([ANN, BEN]), ms=st.integers(0, 3))
    def come(self, who: UUID, ms: int) -> None:
        self.clock.at += timedelta(milliseconds=ms)
        number = self.presence.came(who)
        assert all(number > known for _, known in self.numbers)
        self.numbers.append((who, number))
        self.live[who].add(number)

    @rule(which=st.integers(0, 50), ms=st.integers(0, 3))
    def go(self, which: int, ms: int) -> None:
        """Of all connections that there ever were: one may be heard to end more than once."""
        if not self.numbers:
            return
        self.clock.at += timedelta(milliseconds=ms)
        who, number = self.numbers[which % len(self.numbers)]
        self.presence.went(who, number)
        was_live = number in self.live[who]
        self.live[who].discard(number)
        if was_live and not self.live[who]:
            self.seen_at[who] = self.clock.at

    @rule(which=st.integers(0, 50))
    def claim_another_s(self, which: int) -> None:
        """A number counts for its own user alone."""
        if self.numbers:
            who, number = self.numbers[which % len(self.numbers)]
            self.presence.went(BEN if who == ANN else ANN, number)

    @invariant()
    def what_is_told_is_true(self) -> None:
        for who, live in self.live.items():
            told = self.presence.of(who)
            assert told.connected == bool(live)
            assert told.connections == len(live)
            if live:
                assert (told.epoch, told.last_seen_at) == (max(live), None)
            else:
                assert told.last_seen_at == self.seen_at.get(who)
        assert len(self.presence) == sum(map(bool, self.live.values()))


Interleavings.TestCase.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
TestInterleavings = Interleavings.TestCase
"""Presence against the truth."""
