"""Connections of a login that was ended: they are told, and closed then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from lastlight.auth.revocations import FamilyEnd, Revocations
from lastlight.metrics import Metrics
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub, Member
from lastlight.realtime.outbox import Outbox
from lastlight.realtime.publisher import RoomPublisher
from protocol.addresses import Principal, Role
from protocol.entries import RoomEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ANN = UUID(int=1)
ROOM = f"user:{ANN}"


def in_own_room(hub: Hub, family_id: UUID) -> Member:
    principal = Principal(
        user_id=ANN,
        display_name="Ann",
        roles={},
        everywhere=Role.PATRON,
        token_version=1,
        family_id=family_id,
        expires_at=NOW + timedelta(minutes=15),
    )
    member = Member(principal, "127.0.0.1", Outbox())
    hub.join(member)
    membership = hub.enter(member, ROOM)
    hub.catch_up(member, ROOM, membership, opening=b"", seq=0, missed=())
    return member


def closed_with(member: Member) -> int | None:
    return member.outbox.close_code


async def test_a_connection_hears_that_its_login_was_ended_before_it_is_closed() -> None:
    """An app that is closed without a word does not know whether to ask for the password."""
    hub, revocations = Hub(), Revocations()
    publisher = RoomPublisher(hub, Backlog(), Metrics(), revocations)
    ended, other = in_own_room(hub, UUID(int=7)), in_own_room(hub, UUID(int=8))
    revocations.end_family(FamilyEnd(family_id=UUID(int=7), at=NOW), now=NOW)
    assert not closed_with(ended)
    publisher.publish(
        RoomEvent(
            id=UUID(int=9),
            type="auth.session_revoked",
            venue_id=None,
            occurred_at=NOW,
            data={"auth_session_id": None, "reason": "logout", "at": NOW},
            rooms=((ROOM, 1),),
        )
    )
    await ended.outbox.take()  # the opening
    told = await ended.outbox.take()
    assert told is not None
    assert b"auth.session_revoked" in told
    assert await ended.outbox.take() is None
    assert (closed_with(ended), closed_with(other)) == (4401, None)


def test_an_ending_that_was_lost_closes_its_connections_all_the_same() -> None:
    """The token counts no more since the decision; no event will ever tell of it."""
    hub, revocations = Hub(), Revocations()
    publisher = RoomPublisher(hub, Backlog(), Metrics(), revocations)
    ended = in_own_room(hub, UUID(int=7))
    revocations.end_family(FamilyEnd(family_id=UUID(int=7), at=NOW), now=NOW)
    publisher.reset()
    assert closed_with(ended) == 4401
