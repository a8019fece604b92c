"""Rule 14: fewest turns taken tonight, then earliest added; laws that any order must keep."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.rules.singer_order import called, in_order, renumbered, taken_at_first, turns_taken
from protocol.records.states import TurnStatus
from protocol.records.venues import KaraokeTurn

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VENUE_ID, ROOM = UUID(int=0xB1), UUID(int=0x90)
SINGERS = tuple(UUID(int=0xA0 + n) for n in range(4))
UNSUNG = (TurnStatus.WAITING, TurnStatus.NEXT, TurnStatus.SINGING)
WAITING, NEXT, SINGING = UNSUNG
DONE, SKIPPED = TurnStatus.DONE, TurnStatus.SKIPPED


class Queue:
    """A queue that is kept as the venue keeps it, and all that was sung."""

    def __init__(self) -> None:
        self.songs: dict[UUID, KaraokeTurn] = {}
        self.sung: list[UUID] = []

    def settle(self) -> None:
        self.songs.update(renumbered(self.songs.values()))
        for id_, status in called(self.songs.values()).items():
            self.songs[id_] = self.songs[id_].evolve(status=status)

    def add(self, singer: UUID) -> UUID:
        known = self.songs.values()
        own = sum(1 for s in known if s.user_id == singer and s.status in UNSUNG)
        taken = taken_at_first(known, singer)
        n = len(self.songs) + 1
        song = KaraokeTurn(
            id=UUID(int=0xF00 + n), venue_id=VENUE_ID, room_id=ROOM, session_id=None,
            user_id=singer, song=f"song {n}", turn=taken + own + 1, taken=taken, status=WAITING,
            added_at=NOW + n * timedelta(seconds=1),
        )  # fmt: skip
        self.songs[song.id] = song
        self.settle()
        return song.id

    def end(self, id_: UUID, status: TurnStatus) -> None:
        song = self.songs[id_]
        if status is DONE:
            self.sung.append(song.user_id)
        self.songs[id_] = song.evolve(status=status)
        self.settle()

    def sing(self) -> UUID:
        """The song of whoever sings now comes to its end."""
        now = self.line()[0]
        self.end(now.id, DONE)
        return now.user_id

    def line(self) -> tuple[KaraokeTurn, ...]:
        return in_order(self.songs.values())

    def singers(self) -> list[UUID]:
        return [song.user_id for song in self.line()]


def filled(singers: Iterable[UUID]) -> Queue:
    queue = Queue()
    for singer in singers:
        queue.add(singer)
    return queue


A, B, C, D = SINGERS


def test_songs_of_one_singer_do_not_follow_one_another_while_others_wait() -> None:
    """Who adds three songs at once sings one in each round."""
    assert filled((A, A, A, B, C)).singers() == [A, A, B, C, A], "the second was announced already"
    assert filled((A, B, A, A, C)).singers() == [A, B, C, A, A]


def test_of_those_with_as_many_turns_the_earliest_added_sings() -> None:
    """The plain rule. Rule 14 singers."""
    queue = filled((A, B, C, D))
    assert [queue.sing() for _ in range(4)] == [A, B, C, D]


def test_a_skipped_song_is_no_turn() -> None:
    """Who was in the bar when called is not put behind those who sang. Rule 14 singers."""
    queue = filled((A, B))
    skipped = queue.line()[0].id
    queue.end(skipped, SKIPPED)
    assert turns_taken(queue.songs.values(), A) == 0
    queue.sing()
    queue.add(B)
    queue.add(A)
    queue.add(C)
    assert turns_taken(queue.songs.values(), B) == 1


def test_who_comes_late_catches_up_by_one_round_only() -> None:
    """Five rounds are sung; a newcomer has one song more than the rest by it, and not five.

    Rule 14 singers.
    """
    queue = filled((A, B))
    for _ in range(10):
        queue.add(queue.sing())
    for _ in range(3):
        queue.add(C)
    order = []
    for _ in range(12):
        order.append(queue.sing())
        queue.add(order[-1])
    assert order[:3] == [A, B, C]
    for n in range(1, 13):
        sung = order[:n]
        assert sung.count(C) <= sung.count(A) + 2
    assert sorted(order).count(C) <= 5


def test_the_announced_singer_stays_whoever_comes() -> None:
    """Somebody who has never sung waits for one who was told that they are next.

    Rule 14 singers.
    """
    queue = filled((A, A, A))
    announced = queue.line()[1].id
    queue.add(B)
    assert queue.line()[1].id == announced
    assert queue.line()[1].status is NEXT


class Night(RuleBasedStateMachine):
    """Anything that people may do to a queue, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.announced: UUID | None = None

    @rule(singer=st.sampled_from(SINGERS))
    def add(self, singer: UUID) -> None:
        before = [song.id for song in self.queue.line()][:2]
        self.queue.add(singer)
        assert [song.id for song in self.queue.line()][: len(before)] == before

    @precondition(lambda self: bool(self.queue.line()))
    @rule()
    def sing(self) -> None:
        announced = [song.id for song in self.queue.line()][1:2]
        self.queue.sing()
        assert [song.id for song in self.queue.line()][:1] == announced

    @precondition(lambda self: bool(self.queue.line()))
    @rule(data=st.data())
    def skip(self, data: st.DataObject) -> None:
        song = data.draw(st.sampled_from(self.queue.line()))
        turns = turns_taken(self.queue.songs.values(), song.user_id)
        self.queue.end(song.id, SKIPPED)
        assert turns_taken(self.queue.songs.values(), song.user_id) == turns

    @invariant()
    def one_sings_and_one_is_announced(self) -> None:
        """If there is anybody, somebody sings; if there are two, one is next."""
        statuses = [song.status for song in self.queue.line()]
        assert statuses == [SINGING, NEXT, *[WAITING] * len(statuses)][: len(statuses)]

    @invariant()
    def who_waits_stands_by_turns_and_then_by_time(self) -> None:
        """Fewest turns first, then earliest added."""
        waiting = [song for song in self.queue.line() if song.status is WAITING]
        keys = [(song.turn, song.added_at) for song in waiting]
        assert keys == sorted(keys)
        for singer in SINGERS:
            own = [song for song in waiting if song.user_id == singer]
            assert all(a.turn < b.turn for a, b in pairwise(own))
            assert [s.added_at for s in own] == sorted(s.added_at for s in own)

    @invariant()
    def nobody_counts_fewer_turns_than_they_sang(self) -> None:
        """What counts beyond that is the catching up that they were not allowed."""
        for singer in SINGERS:
            taken = turns_taken(self.queue.songs.values(), singer)
            assert taken >= self.queue.sung.count(singer)

    @invariant()
    def numbering_twice_changes_nothing(self) -> None:
        """The numbers follow from the songs alone."""
        assert renumbered(self.queue.songs.values()) == {}
        assert called(self.queue.songs.values()) == {}


TestNight = Night.TestCase


@given(st.lists(st.sampled_from(SINGERS), min_size=1, max_size=12), st.integers(0, 6))
def test_nobody_who_waits_is_passed_over_for_more_than_one_extra_round(
    added: list[UUID], before: int
) -> None:
    """Between two songs of one singer everybody who waited all the time has sung, but for one
    round of catching up."""
    queue = filled((A, B))
    for _ in range(before):
        queue.add(queue.sing())
    for singer in added:
        queue.add(singer)
    waiting = set(queue.singers())
    order: list[UUID] = []
    while queue.line():
        order.append(queue.sing())
    for singer in waiting:
        first = order.index(singer)
        ahead = order[:first]
        # Before their first song, nobody else sings more than one round extra.
        assert all(ahead.count(other) <= 3 for other in waiting)
