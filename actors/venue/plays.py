"""Who played a machine lately: a fault that is reported gives the last play back (Rule 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from actors.runtime.outcome import Context, Send
from actors.venue.state import VenueState
from protocol.addresses import ActorKind, Address
from protocol.domain_limits import RECENT_PLAYERS_MAX
from protocol.internal.wallet import GiveBackPlay
from protocol.reads import Read
from protocol.records.inventory import Game
from protocol.records.runtime import RecentPlay

GIVEN_BACK_WITHIN: Final = timedelta(minutes=10)
"""Rule 4: a fault after that is not thought to have spoilt the play."""
PLAYS_READ: Final = Read(RecentPlay, by="venue_id")
"""All of them, RECENT_PLAYERS_MAX of a machine: who plays again changes the row of long ago."""


def noted(
    state: VenueState, context: Context, user_id: UUID, games: Iterable[Game]
) -> tuple[tuple[RecentPlay, ...], tuple[RecentPlay, ...]]:
    """The plays to note, and those to forget because they are too old or too many."""
    changes: list[RecentPlay] = []
    removes: list[RecentPlay] = []
    for game in games:
        known = state.get(RecentPlay, game.id, user_id)
        if known is None:
            played = RecentPlay(
                game_id=game.id,
                user_id=user_id,
                venue_id=state.venue_id,
                played_at=context.now,
            )
        else:
            played = known.revised(played_at=context.now)
        changes.append(played)
        others = sorted(
            (row for row in _of(state, game.id) if row.user_id != user_id),
            key=lambda row: row.played_at,
            reverse=True,
        )
        fresh = [row for row in others if context.now - row.played_at <= GIVEN_BACK_WITHIN]
        removes += [row for row in others if row not in fresh[: RECENT_PLAYERS_MAX - 1]]
    return tuple(changes), tuple(removes)


def given_back(
    state: VenueState, context: Context, game: Game
) -> tuple[tuple[Send, ...], tuple[RecentPlay, ...]]:
    """What to tell the accounts of those whose play a fault spoilt; each is told once."""
    played = tuple(_of(state, game.id))
    sends = tuple(
        Send(
            Address(ActorKind.ACCOUNT, row.user_id),
            GiveBackPlay(
                venue_id=state.venue_id,
                game_id=game.id,
                reported_at=context.now,
                reported_by=None if context.principal is None else context.principal.user_id,
            ),
            detached=True,
        )
        for row in played
        if context.now - row.played_at <= GIVEN_BACK_WITHIN
    )
    return sends, played


def _of(state: VenueState, game_id: UUID) -> Iterable[RecentPlay]:
    return (row for row in state.all(RecentPlay) if row.game_id == game_id)
