"""The hub's own books: who is connected, from where, and how they come to be forgotten."""

from __future__ import annotations

from uuid import UUID

from lastlight.realtime.hub import Hub, Member
from lastlight.realtime.outbox import Outbox
from protocol.addresses import Role
from tests.lastlight.realtime_kit import STAFF_ROOM, principal, user


def _joined(hub: Hub, n: int, address: str) -> Member:
    member = Member(principal(n), address, Outbox())
    hub.join(member)
    hub.enter(member, STAFF_ROOM)
    return member


def test_connections_are_counted_by_person_and_by_address_until_they_leave() -> None:
    """Both counts decide who is let in; one that stays too high keeps people out for good."""
    hub = Hub()
    members = [_joined(hub, n, address) for n, address in ((1, "a"), (1, "b"), (2, "a"))]
    assert [hub.count_of_user(user(n)) for n in (1, 2, 3)] == [2, 1, 0]
    assert [hub.count_of_address(address) for address in "abc"] == [2, 1, 0]
    for member in (*members, members[0]):
        hub.leave(member)
    assert [hub.count_of_user(user(n)) for n in (1, 2)] == [0, 0]
    assert [hub.count_of_address(address) for address in "ab"] == [0, 0]
    assert (hub.statistics().connections, hub.statistics().rooms) == (0, 0)


def test_what_is_decided_of_one_person_touches_nobody_elses_connections() -> None:
    """All of theirs, on every device; a colleague in the same room goes on hearing it."""
    hub = Hub()
    first, second, other = (_joined(hub, n, "a") for n in (1, 1, 2))
    hub.recheck(user(1), lambda _: principal(1, Role.PATRON))
    assert [member.outbox.close_code for member in (first, second, other)] == [4403, 4403, None]
    assert STAFF_ROOM not in first.rooms
    assert STAFF_ROOM in other.rooms
    third = _joined(hub, 3, "a")
    assert hub.revoke_user(user(3)) == 1
    assert hub.revoke_user(UUID(int=99)) == 0
    assert (third.outbox.close_code, other.outbox.close_code) == (4401, None)
