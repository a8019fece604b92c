"""Journal entries are read back as they were written, or said to be unreadable."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import attrs
import msgspec
import pytest

from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.entries import (
    Entry,
    EntryUnreadable,
    RoomEvent,
    decode_entry,
    decode_message,
    decode_rows,
    encode_entry,
    encode_message,
)
from protocol.errors import Code, Refusal
from protocol.internal.sagas import SagaRefused
from protocol.internal.visits import ReleaseSeat
from protocol.messages import KeyScope, Message, Origin, Undo
from protocol.records.inventory import InventoryLevel
from protocol.records.platform import AuditEntry
from protocol.records.runtime import Identity

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VENUE = Address(ActorKind.VENUE, UUID(int=1))
MESSAGE = Message(
    id=UUID(int=2),
    target=VENUE,
    command=SagaRefused(refusal=Refusal(Code.CAPACITY_FULL, "the venue is full")),
    at=NOON,
    principal=Principal(
        user_id=UUID(int=3),
        display_name="Somebody",
        roles={UUID(int=1): Role.STAFF},
        everywhere=Role.PATRON,
        token_version=4,
        family_id=UUID(int=5),
        expires_at=NOON,
    ),
    origin=Origin(
        address=VENUE,
        message_id=UUID(int=6),
        status=201,
        scope=KeyScope(
            user_id=UUID(int=3), method="POST", route="/", key="k", fingerprint=bytes(32)
        ),
    ),
    undo=(Undo(VENUE, ReleaseSeat(session_id=UUID(int=7))),),
    hops=3,
    timer=("close", NOON),
    fresh=True,
)
ENTRY = Entry(
    actor=VENUE,
    at=NOON,
    cause=UUID(int=8),
    changes=(Identity(id=UUID(int=9), email="a@example.org", user_id=UUID(int=3)),),
    removes=(("idempotency_keys", ("venue", UUID(int=1), UUID(int=3), "POST", "/", "k")),),
    appends=(
        AuditEntry(
            id=UUID(int=10),
            venue_id=None,
            at=NOON,
            actor_id=None,
            role="owner",
            action="test",
            object_type="entry",
            object_id="1",
            detail_salt=bytes(16),
        ),
    ),
    events=(
        RoomEvent(
            id=UUID(int=11),
            type="entry.tested",
            venue_id=UUID(int=1),
            occurred_at=NOON,
            data={"n": 1},
            rooms=(("owner", 1), ("user:x", 2)),
        ),
    ),
    sends=(MESSAGE,),
)


def test_an_entry_is_read_back_as_it_was_written() -> None:
    """Whatever an entry loses on its way through the journal is lost at the next start."""
    assert decode_entry(encode_entry(ENTRY)) == ENTRY


def test_entries_of_0_2_name_who_is_on_duty_by_the_venue_whose_they_are() -> None:
    """Their key was the person alone, which two venues could mean at once."""
    someone = UUID(int=3)
    for key in ((someone,), (VENUE.id, someone)):
        entry = attrs.evolve(ENTRY, removes=(("duty_places", key),))
        read = decode_rows(encode_entry(entry)).removes
        assert read == (("duty_places", (VENUE.id, someone)),)


def test_levels_of_0_2_were_counted_without_a_word_of_signatures() -> None:
    """What was not kept then counts as nothing, and the entry is read."""
    level = InventoryLevel(
        venue_id=VENUE.id, item_id=UUID(int=12), on_hand_milli=5, unit="kg", unsigned_milli=-1
    )
    wire = msgspec.msgpack.decode(encode_entry(attrs.evolve(ENTRY, changes=(level,))))
    _, columns = wire[4][0]
    assert columns.pop("unsigned_milli") == -1
    assert decode_rows(msgspec.msgpack.encode(wire)).changes == (level.evolve(unsigned_milli=0),)


def test_the_write_behind_reads_the_same_rows_and_keeps_sends_as_they_are() -> None:
    """A pending send is handed out from these very bytes."""
    rows = decode_rows(encode_entry(ENTRY))
    assert (rows.actor, rows.cause) == (ENTRY.actor, ENTRY.cause)
    assert (rows.changes, rows.removes) == (ENTRY.changes, ENTRY.removes)
    assert (rows.appends, rows.events) == (ENTRY.appends, ENTRY.events)
    ((id_, data),) = rows.sends
    assert id_ == MESSAGE.id
    assert decode_message(data) == MESSAGE == decode_message(encode_message(MESSAGE))


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode([2, 1, 2, 3]),
        msgspec.msgpack.encode([1]),
        encode_entry(ENTRY)[:-1],
        encode_entry(ENTRY).replace(b"identities", b"identitiez"),
        encode_entry(ENTRY).replace(b"SagaRefused", b"SagaReduced"),
        encode_entry(ENTRY).replace(b"venue", b"menue"),
    ],
)
def test_what_is_no_entry_of_ours_is_said_to_be_unreadable(spoilt: bytes) -> None:
    """A node that met an entry of a newer release must stop and say so, not guess."""
    with pytest.raises(EntryUnreadable):
        decode_entry(spoilt)


def test_an_unknown_version_is_named() -> None:
    """An operator who went back a release reads which one is needed."""
    with pytest.raises(EntryUnreadable, match="version 2"):
        decode_rows(msgspec.msgpack.encode([2, 1]))


def test_an_entry_of_a_later_shape_is_named_by_its_version_too() -> None:
    """Who starts an older release must read that, and not that some value has a wrong type."""
    with pytest.raises(EntryUnreadable, match="version 9"):
        decode_entry(msgspec.msgpack.encode((9, "all of it is otherwise", [])))
