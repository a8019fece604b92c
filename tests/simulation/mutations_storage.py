"""Planted in journal and write-behind, and in what rooms are told."""

from __future__ import annotations

from typing import Any

import attrs
import trio

from lastlight.auth.revocations import Revocations
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.conversation import Conversation
from lastlight.realtime.publisher import RoomPublisher
from lastlight.realtime.resuming import Resumer
from protocol.entries import decode_message, encode_message
from protocol.errors import Code, LastLightError, Refusal
from protocol.records.platform import OutboxEvent
from storage.journal.order import Order
from storage.write_behind import numbering, write_behind
from storage.write_behind.write_behind import Near, WriteBehind
from tests.simulation.mutations import mutation, reached


@mutation(Order, "tail_read")
def failed_commit_taken_for_undone(original: Any) -> Any:
    """What was written and not answered is taken for lost, and its numbers for free."""
    return lambda self, last_n, total: original(self, self.durable_n, self.durable_total)


@mutation(WriteBehind, "_apply")
def failed_flush_taken_for_done(original: Any) -> Any:
    """A database that does not answer has taken everything."""

    async def apply(self: Any, sources: Any) -> None:
        try:
            await original(self, sources)
        except LastLightError:
            self._advance(sources[-1].position)

    return apply


@mutation(WriteBehind, "_patiently_claim")
def cancelled_flush_taken_for_undone(original: Any) -> Any:
    """After no answer the position is not read again: the same is flushed once more, for ever."""

    async def patiently_claim(self: Any) -> None:
        if not self._standing.claimed:
            await original(self)
        await trio.sleep(0.05)

    return patiently_claim


@mutation(Near, "release")
def journal_truncated_too_early(original: Any) -> Any:
    """The journal lets go of what is durable, whether or not it is flushed."""

    async def release(self: Any, up_to: Any) -> None:
        await original(self, self.journal.durable)

    return release


@mutation(write_behind, "batch_of")
def flush_forgets_removals(original: Any) -> Any:
    """Rows that were removed stay in the database."""
    return lambda sources, after: attrs.evolve(original(sources, after), removes={})


@mutation(write_behind, "batch_of")
def flush_forgets_what_is_on_its_way(original: Any) -> Any:
    """Messages that were sent are not kept with the rows: a crash loses them."""
    return lambda sources, after: attrs.evolve(original(sources, after), sends={})


@mutation(write_behind, "batch_of")
def flush_forgets_what_was_handled(original: Any) -> Any:
    """Messages that were handled are still on their way: they are handled again after a start."""
    return lambda sources, after: attrs.evolve(original(sources, after), caused=[])


@mutation(write_behind, "batch_of")
def flush_forgets_how_far_rooms_are(original: Any) -> Any:
    """Rooms are numbered anew from where they were: two events have one number."""
    return lambda sources, after: attrs.evolve(original(sources, after), cursors={})


@mutation(write_behind, "batch_of", tells=True)
def events_kept_otherwise(original: Any) -> Any:
    """What is kept of some events is not what was told of them."""

    def batch_of(sources: Any, after: Any) -> Any:
        batch = original(sources, after)
        kept = batch.appends.get(OutboxEvent.table.name, [])
        changed = [row if row.seq % 5 else attrs.evolve(row, payload={}) for row in kept]
        reached(changed != kept)
        kept[:] = changed
        return batch

    return batch_of


@mutation(write_behind, "batch_of", tells=True)
def undos_not_kept_with_messages(original: Any) -> Any:
    """A saga that goes on after a crash can't be taken back any more."""

    def batch_of(sources: Any, after: Any) -> Any:
        batch = original(sources, after)
        for id_, (n, data) in batch.sends.items():
            message = decode_message(data)
            reached(bool(message.undo))
            batch.sends[id_] = (n, encode_message(attrs.evolve(message, undo=())))
        return batch

    return batch_of


@mutation(numbering, "_receipt")
def receipts_of_other_journals(original: Any) -> Any:
    """A receipt carries the hash of no journal at all, or of another one (L7)."""

    def receipt(row: Any, moved: Any, hashes: Any) -> Any:
        return original(row, moved, {key: bytes(32) for key in hashes})

    return receipt


@mutation(numbering, "chained_hash")
def hash_chain_broken(original: Any) -> Any:
    """Each hash follows from its own row alone (L7)."""
    return lambda previous, canonical: original(bytes(32), canonical)


@mutation(Revocations, "fill")
def revocations_forgotten_at_a_start(_: Any) -> Any:
    """A new node takes every token that has not ended by itself (Rule 16)."""
    return lambda self, facts, now: None


@mutation(Resumer, "_followed")
def resume_off_by_one(original: Any) -> Any:
    """Who comes back misses the first event that they missed."""

    async def followed(self: Any, room: str, after_seq: int) -> Any:
        found = await original(self, room, after_seq)
        return found if isinstance(found, str) else found[1:]

    return followed


@mutation(Backlog, "snapshot")
def snapshot_without_its_last_event(original: Any) -> Any:
    """A snapshot says that it stands one event later than it does."""

    def snapshot(self: Any, room: str, user_id: Any) -> Any:
        found = original(self, room, user_id)
        return found and (found[0] + 1, found[1])

    return snapshot


@mutation(RoomPublisher, "publish")
def event_not_published(original: Any) -> Any:
    """Some events never reach their rooms."""

    def publish(self: Any, event: Any) -> None:
        if event.id.int % 1_000 % 13:
            original(self, event)

    return publish


@mutation(Conversation, "_subscribe", tells=True)
def rooms_forgotten_beside_one_refused(original: Any) -> Any:
    """Some are told that they can't have their own room now, and of the others nothing."""

    async def subscribe(self: Any, message: Any, ref: Any) -> None:
        if self.member.principal.user_id.int % 2:
            await original(self, message, ref)
            return
        reached()
        if message.room.startswith("user:"):
            self.refuse(Refusal(Code.RATE_LIMITED, "later", extra={"room": message.room}), ref)

    return subscribe
