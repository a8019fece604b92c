"""What connections report: who they are of, what they were given, and what they say they have."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lastlight.realtime.attending import Attending
from lastlight.realtime.hub import Hub, Member
from lastlight.realtime.messages import Ack
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.services import Attendance, NoAttendance, Resumption
from tests.lastlight.realtime_kit import STAFF_ROOM, event, principal, user
from tests.lastlight.test_receipts import sos

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def a_member(attending: Attendance, hub: Hub, found: Resumption) -> Member:
    """A connection that was given the staff's room."""
    member = Member(principal(1), "192.0.2.1", Outbox())
    hub.join(member)
    attending.joined(member)
    membership = hub.enter(member, STAFF_ROOM)
    attending.entered(STAFF_ROOM, membership, found)
    hub.catch_up(member, STAFF_ROOM, membership, opening=b"", seq=found.seq, missed=found.events)
    return member


def test_an_alert_of_before_a_restart_is_known_by_whom_it_is_given_to() -> None:
    """The phone that was off during the call comes back, and says that it has it now."""
    attending, hub = Attending(lambda: NOW), Hub()
    missed = (event(4, 4), sos(5, 5), event(6, 6))
    member = a_member(attending, hub, Resumption(epoch="e", seq=6, events=missed))
    assert attending.acknowledged(member, Ack(STAFF_ROOM, 4))
    assert len(attending.receipts) == 0
    assert attending.acknowledged(member, Ack(STAFF_ROOM, 6))
    assert len(attending.receipts) == 1
    assert not attending.acknowledged(member, Ack(STAFF_ROOM, 6))


@pytest.mark.parametrize("with_all", [True, False])
async def test_what_was_before_the_place_counts_only_if_a_snapshot_showed_it(
    with_all: bool,
) -> None:
    """Who joins where a room stands was shown nothing of before; a snapshot shows what counts."""
    attending, hub = Attending(lambda: NOW), Hub()
    attending.went_out(sos(5, 5))
    shown = object() if with_all else None
    found = Resumption(epoch="e", seq=9, snapshot=shown)  # type: ignore[arg-type]
    member = a_member(attending, hub, found)
    attending.acknowledged(member, Ack(STAFF_ROOM, 9))
    assert len(attending.receipts) == with_all


async def test_a_client_has_no_more_than_it_was_given() -> None:
    """Whatever number it says, and whatever it said before."""
    attending, hub = Attending(lambda: NOW), Hub()
    member = a_member(attending, hub, Resumption(epoch="e", seq=3))
    told = sos(5, 5)
    attending.went_out(told)
    attending.acknowledged(member, Ack(STAFF_ROOM, 10**9))
    assert len(attending.receipts) == 0
    hub.publish(event(4, 4))
    hub.publish(told)
    for seq in (10**9, 0, 10**9):
        attending.acknowledged(member, Ack(STAFF_ROOM, seq))
    assert len(attending.receipts) == 1


def test_an_end_may_be_heard_of_twice_and_what_comes_after_it_is_nothing() -> None:
    """Transports tidy up in more than one place."""
    attending, hub = Attending(lambda: NOW), Hub()
    member = a_member(attending, hub, Resumption(epoch="e", seq=3))
    other = a_member(attending, hub, Resumption(epoch="e", seq=3))
    for _ in range(2):
        attending.left(member)
    assert attending.presence.of(user(1)).connections == 1
    assert not attending.acknowledged(member, Ack(STAFF_ROOM, 3))
    attending.left(other)
    assert attending.presence.of(user(1)).last_seen_at == NOW


def test_connections_do_without_anybody_who_attends() -> None:
    """So they can be tested, and measured, without an application: nothing is kept or new."""
    nobody, hub = NoAttendance(), Hub()
    member = a_member(nobody, hub, Resumption(epoch="e", seq=3))
    assert not nobody.acknowledged(member, Ack(STAFF_ROOM, 3))
    nobody.left(member)
