"""The singers' queue of a room: who sings now, who is announced, who waits (Rule 14).

Whose turn it is follows from a rule and is never set by hand; what people do is add songs, take
them out, and say what became of them. The announced singer stays announced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final
from uuid import UUID

from actors.rules.permissions import not_found
from actors.rules.singer_order import taken_at_first
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Event, Outcome
from actors.venue.queue_draft import QueueDraft, draft_of, queue_of
from actors.venue.room_choice import room_on_show
from actors.venue.state import VenueState, is_open
from protocol.addresses import Role
from protocol.domain_limits import QUEUE_SONGS_MAX
from protocol.errors import Code, Refusal
from protocol.operations.karaoke import ChangeKaraokeQueue, GetKaraokeQueue, QueueAction
from protocol.records.runtime import FloorPlace
from protocol.records.states import TurnStatus
from protocol.records.venues import KaraokeTurn


@decides(GetKaraokeQueue)
def decide_get_karaoke_queue(
    state: VenueState, command: GetKaraokeQueue, context: Context
) -> Decision:
    """The order as it is; names as their singers chose."""
    if room_on_show(state, command.room_id) is None:
        return not_found(f"room {command.room_id}")
    return Outcome(reply=queue_of(draft_of(state, context, command.room_id)))


@decides(ChangeKaraokeQueue)
def decide_change_karaoke_queue(
    state: VenueState, command: ChangeKaraokeQueue, context: Context
) -> Decision:
    """Do what was asked to the queue, as far as the songs are the caller's to touch."""
    if room_on_show(state, command.room_id) is None:
        return not_found(f"room {command.room_id}")
    draft = draft_of(state, context, command.room_id)
    refusal = _ACTIONS[command.action](draft, command)
    if refusal is not None:
        return refusal
    draft.settle()
    return draft.outcome(queue_of)


def gone(state: VenueState, context: Context, session_id: UUID) -> Outcome:
    """The songs of somebody who left are skipped; an outcome without an answer."""
    rooms = {song.room_id for song in state.all(KaraokeTurn) if _is_of(song, session_id)}
    changes: list[KaraokeTurn] = []
    events: list[Event] = []
    for room_id in sorted(rooms):
        draft = draft_of(state, context, room_id)
        for song in [s for s in draft.songs.values() if _is_of(s, session_id)]:
            draft.put(song.evolve(status=TurnStatus.SKIPPED))
        draft.settle()
        outcome = draft.outcome()
        changes += [row for row in outcome.changes if isinstance(row, KaraokeTurn)]
        events += outcome.events
    return Outcome(changes=tuple(changes), events=tuple(events))


def _add(draft: QueueDraft, command: ChangeKaraokeQueue) -> Refusal | None:
    """A song more, for somebody who is here."""
    state, principal = draft.state, draft.context.principal
    assert principal is not None, "a command of the contract has a principal"
    user_id = command.user_id or principal.user_id
    if user_id != principal.user_id and not _is_staff(draft):
        return Refusal(Code.FORBIDDEN, "a song is added for oneself; staff add for others")
    seat = next((seat for seat in _seats(state) if seat.user_id == user_id), None)
    if seat is None:
        return Refusal(Code.FORBIDDEN, "only who is checked in here sings; check in first")
    line = draft.line()
    own = [song for song in line if song.user_id == user_id]
    most = state.profile.settings.songs_waiting_max
    if len(own) >= most or len(line) >= QUEUE_SONGS_MAX:
        return Refusal(
            Code.QUANTITY_LIMIT,
            f"{len(own)} songs of this singer wait, of at most {most}, and {len(line)} in all, of "
            f"at most {QUEUE_SONGS_MAX}; wait until some are sung",
            extra={"quantity": len(own), "quantity_max": most},
        )
    assert command.song is not None, "an added song has its name"
    taken = taken_at_first(draft.songs.values(), user_id)
    song = KaraokeTurn(
        id=draft.context.fresh_id(),
        venue_id=state.venue_id,
        room_id=draft.room_id,
        session_id=seat.session_id,
        user_id=user_id,
        song=command.song,
        turn=taken + len(own) + 1,
        taken=taken,
        status=TurnStatus.WAITING,
        added_at=draft.context.now,
        show_name=command.show_name,
    )
    draft.put(song)
    return None


def _remove(draft: QueueDraft, command: ChangeKaraokeQueue) -> Refusal | None:
    return _end(draft, command, TurnStatus.SKIPPED, (TurnStatus.WAITING,))


def _skip(draft: QueueDraft, command: ChangeKaraokeQueue) -> Refusal | None:
    return _end(draft, command, TurnStatus.SKIPPED, tuple(TurnStatus)[:3])


def _done(draft: QueueDraft, command: ChangeKaraokeQueue) -> Refusal | None:
    return _end(draft, command, TurnStatus.DONE, (TurnStatus.SINGING,))


def _end(
    draft: QueueDraft,
    command: ChangeKaraokeQueue,
    status: TurnStatus,
    allowed: tuple[TurnStatus, ...],
) -> Refusal | None:
    song = _own(draft, command.entry_id)
    if isinstance(song, Refusal):
        return song
    if song.status not in allowed:
        return _refuse_step(song, command.action)
    draft.put(song.evolve(status=status))
    return None


def _swap(draft: QueueDraft, command: ChangeKaraokeQueue) -> Refusal | None:
    """Two songs of one singer change places: nobody else sings sooner or later for it."""
    songs = [_own(draft, id_) for id_ in (command.entry_id, command.with_entry_id)]
    for song in songs:
        if isinstance(song, Refusal):
            return song
        if song.status is not TurnStatus.WAITING:
            return _refuse_step(song, command.action)
    one, other = (song for song in songs if isinstance(song, KaraokeTurn))
    if one.user_id != other.user_id:
        return Refusal(
            Code.INVALID_TRANSITION,
            "only two songs of one singer change places: the order of singers is by turns taken",
        )
    draft.put(one.evolve(added_at=other.added_at, turn=other.turn))
    draft.put(other.evolve(added_at=one.added_at, turn=one.turn))
    return None


def _own(draft: QueueDraft, entry_id: UUID | None) -> KaraokeTurn | Refusal:
    """A song that the caller may touch: their own, or as staff any."""
    song = None if entry_id is None else draft.songs.get(entry_id)
    if song is None:
        return not_found(f"entry {entry_id}")
    assert draft.context.principal is not None
    if song.user_id != draft.context.principal.user_id and not _is_staff(draft):
        return not_found(f"entry {entry_id}")
    return song


def _refuse_step(song: KaraokeTurn, action: QueueAction) -> Refusal:
    locked = "; the announced singer is locked, but may be skipped"
    return Refusal(
        Code.INVALID_TRANSITION,
        f"{song.song} is {song.status.value}: no {action.value}"
        + (locked if song.status is TurnStatus.NEXT else ""),
    )


def _is_staff(draft: QueueDraft) -> bool:
    principal = draft.context.principal
    return principal is not None and principal.role_at(draft.state.venue_id) >= Role.STAFF


def _is_of(song: KaraokeTurn, session_id: UUID) -> bool:
    unsung = song.status in (TurnStatus.WAITING, TurnStatus.NEXT, TurnStatus.SINGING)
    return song.session_id == session_id and unsung


def _seats(state: VenueState) -> Iterable[FloorPlace]:
    return (seat for seat in state.all(FloorPlace) if is_open(seat))


_Act = Callable[[QueueDraft, ChangeKaraokeQueue], Refusal | None]
_ACTIONS: Final[Mapping[QueueAction, _Act]] = {
    QueueAction.ADD: _add,
    QueueAction.REMOVE: _remove,
    QueueAction.SWAP: _swap,
    QueueAction.SKIP: _skip,
    QueueAction.DONE: _done,
}
