"""Who sings next (Rule 14): fewest turns taken tonight, then earliest added.

Each waiting song has its `turn`: the singer's turns so far, and one more for each song of theirs
that is sung before it. Whoever comes late has taken none and would sing every other song until
they are even; catching up is limited to one round, so they begin no more than one turn behind the
round that is being sung. What is skipped is no turn. The next singer, once announced, stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from protocol.records.states import TurnStatus
from protocol.records.venues import KaraokeTurn

_NOT_SUNG_YET = (TurnStatus.WAITING, TurnStatus.NEXT, TurnStatus.SINGING)


def in_order(songs: Iterable[KaraokeTurn]) -> tuple[KaraokeTurn, ...]:
    """Who sings now, who is announced, and then those who wait, by turn and time."""
    rank = {TurnStatus.SINGING: 0, TurnStatus.NEXT: 1, TurnStatus.WAITING: 2}
    unsung = (song for song in songs if song.status in rank)
    return tuple(sorted(unsung, key=lambda s: (rank[s.status], s.turn, s.added_at, s.id)))


def turns_taken(songs: Iterable[KaraokeTurn], user_id: UUID) -> int:
    """A singer's turns tonight, the catching up that they were not allowed counted as taken."""
    credited = 0
    for song in songs:
        if song.user_id == user_id:
            credited = max(credited, song.taken + (song.status is TurnStatus.DONE))
    return credited


def taken_at_first(songs: Iterable[KaraokeTurn], user_id: UUID) -> int:
    """How many turns somebody counts as having taken when they add a song."""
    known = tuple(songs)
    own = turns_taken(known, user_id)
    if any(s.user_id == user_id and s.status in _NOT_SUNG_YET for s in known):
        return own
    others = [s for s in known if s.user_id != user_id]
    unsung = [s.turn for s in others if s.status in _NOT_SUNG_YET]
    sung = [s.turn for s in others if s.status is TurnStatus.DONE]
    round_ = min(unsung) if unsung else max(sung, default=0)
    # Their song will be numbered one more than this, and so one less than the round.
    return max(own, round_ - 2)


def renumbered(songs: Iterable[KaraokeTurn]) -> Mapping[UUID, KaraokeTurn]:
    """The songs whose numbers must change, as they are with the right ones; versions stay.

    A singer's songs are sung in the order in which they were added, whoever is announced first.
    """
    known = tuple(songs)
    changed: dict[UUID, KaraokeTurn] = {}
    for user_id in {s.user_id for s in known}:
        taken = turns_taken(known, user_id)
        own = [s for s in in_order(known) if s.user_id == user_id]
        for n, song in enumerate(sorted(own, key=lambda s: (_rank(s), s.added_at, s.id)), 1):
            # What is being sung, or was announced, keeps the number it was announced with.
            fixed = song.status is not TurnStatus.WAITING
            turn = song.turn if fixed else taken + n
            if (song.taken, song.turn) != (taken, turn):
                changed[song.id] = song.evolve(taken=taken, turn=turn)
    return changed


def called(songs: Iterable[KaraokeTurn]) -> Mapping[UUID, TurnStatus]:
    """Who is to be called now: the announced singer if nobody sings, and a new one announced."""
    line = in_order(songs)
    steps: dict[UUID, TurnStatus] = {}
    if line and line[0].status is not TurnStatus.SINGING:
        steps[line[0].id] = TurnStatus.SINGING
    if len(line) > 1 and line[1].status is not TurnStatus.NEXT:
        steps[line[1].id] = TurnStatus.NEXT
    return steps


def _rank(song: KaraokeTurn) -> int:
    return _NOT_SUNG_YET[::-1].index(song.status)
