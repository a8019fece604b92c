"""One room's queue as a decision works on it, and as people see it (Rule 14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

import attrs

from actors.rules.business_day import business_day_of
from actors.rules.singer_order import called, in_order, renumbered, turns_taken
from actors.runtime.outcome import Context, Event, Outcome
from actors.runtime.telling import tell
from actors.venue.state import VenueState
from protocol.addresses import Role
from protocol.events.inventory import KaraokeQueueChanged
from protocol.reads import Among, Read, Since
from protocol.records.states import TurnStatus
from protocol.records.venues import KaraokeTurn
from protocol.replies.karaoke import KaraokeQueue, QueueEntry

QUEUE_READ: Final = Read(KaraokeTurn, by="venue_id", where=(Since("added_at", 36 * 3600),))
"""A night and some more: only tonight's songs count, but the night is the venue's."""
ANNOUNCED_READ: Final = Read(
    KaraokeTurn, by="venue_id", where=(Among("status", (TurnStatus.NEXT,)),)
)
"""However long ago: a room has one announced singer, and this one will not be called."""
_NIGHT_VERSIONS: Final = 1_000_000


@attrs.define(eq=False, kw_only=True)
class QueueDraft:
    """One decision's work on one room's queue: each song gets one new version at most."""

    state: VenueState
    context: Context
    room_id: UUID
    songs: dict[UUID, KaraokeTurn]
    left_over: tuple[KaraokeTurn, ...] = ()
    """Songs of earlier nights that nobody sang."""

    def put(self, song: KaraokeTurn) -> None:
        """Take in a song, new or with other values."""
        self.songs[song.id] = song

    def line(self) -> tuple[KaraokeTurn, ...]:
        """Who is still to sing, in order."""
        return in_order(self.songs.values())

    def settle(self) -> None:
        """Number those who wait, and call who is to be called."""
        self.songs.update(renumbered(self.songs.values()))
        for song_id, status in called(self.songs.values()).items():
            self.put(self.songs[song_id].evolve(status=status))

    def changes(self) -> tuple[KaraokeTurn, ...]:
        """The songs that are not as they were, in their next version.

        What an earlier night left over is skipped: its announced singer would keep the place of
        tonight's.
        """
        changed = [song.revised(status=TurnStatus.SKIPPED) for song in self.left_over]
        for song in self.songs.values():
            before = self.state.get(KaraokeTurn, song.id)
            if before is None:
                changed.append(song)
            elif song != before:
                changed.append(song.evolve(version=before.version + 1))
        return tuple(changed)

    def outcome(self, reply: Callable[[QueueDraft], object] | None = None) -> Outcome:
        """Everything that was done, told to who is there."""
        changes = self.changes()
        self.songs.update({song.id: song for song in changes if song.id in self.songs})
        return Outcome(
            reply=None if reply is None else reply(self),
            changes=changes,
            events=(self.told(),) if changes else (),
        )

    def told(self) -> Event:
        """What clients are told: they load the list by its version."""
        line = self.line()
        changed = KaraokeQueueChanged(
            room_id=self.room_id,
            version=self.version,
            now=_at(line, 0),
            next=_at(line, 1),
            length=len(line),
            wait_s=self.wait_s(len(line)),
        )
        return tell(changed, venue_id=self.state.venue_id, version=self.version)

    @property
    def version(self) -> int:
        """Rises with every change of a night, and from night to night."""
        day = _night(self.state, self.context)
        return day * _NIGHT_VERSIONS + sum(song.version for song in self.songs.values())

    def wait_s(self, songs_before: int) -> int:
        """How long so many songs take, as a guess."""
        return songs_before * self.state.profile.settings.song_s


def draft_of(state: VenueState, context: Context, room_id: UUID) -> QueueDraft:
    """Begin work on the queue of a room tonight."""
    tonight = _night(state, context)
    tz, cutover = state.profile.tz, state.profile.settings.cutover
    songs: dict[UUID, KaraokeTurn] = {}
    before: list[KaraokeTurn] = []
    for song in state.all(KaraokeTurn):
        if song.room_id != room_id:
            continue
        if business_day_of(song.added_at, tz, cutover).toordinal() == tonight:
            songs[song.id] = song
        else:
            before.append(song)
    return QueueDraft(
        state=state, context=context, room_id=room_id, songs=songs, left_over=in_order(before)
    )


def queue_of(draft: QueueDraft) -> KaraokeQueue:
    """The queue as the caller may see it."""
    line = draft.line()
    return KaraokeQueue(
        room_id=draft.room_id,
        now=_at(line, 0),
        next=_at(line, 1),
        length=len(line),
        wait_s=draft.wait_s(len(line)),
        entries=tuple(_entry(draft, n, song) for n, song in enumerate(line)),
        version=draft.version,
    )


def _entry(draft: QueueDraft, n: int, song: KaraokeTurn) -> QueueEntry:
    principal = draft.context.principal
    assert principal is not None, "a command of the contract has a principal"
    own = song.user_id == principal.user_id
    shown = own or song.show_name or principal.role_at(draft.state.venue_id) >= Role.STAFF
    seat = None if song.session_id is None else draft.state.place(song.session_id)
    return QueueEntry(
        entry_id=song.id,
        place=n + 1,
        song=song.song,
        singer=seat.display_name if shown and seat is not None else None,
        user_id=song.user_id if shown else None,
        own=own,
        turns_taken=turns_taken(draft.songs.values(), song.user_id),
        turn=song.turn,
        status=song.status,
        added_at=song.added_at,
        wait_s=draft.wait_s(n),
    )


def _night(state: VenueState, context: Context) -> int:
    profile = state.profile
    return business_day_of(context.now, profile.tz, profile.settings.cutover).toordinal()


def _at(line: tuple[KaraokeTurn, ...], n: int) -> UUID | None:
    return line[n].id if n < len(line) else None
