"""Rooms, outbox and hub by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from lastlight.realtime.outbox import Outbox
from lastlight.realtime.rooms import Access, decide_access, parse_room
from protocol.addresses import Principal, Role
from protocol.limits import OUTBOX_BURST_MAX

VENUE = UUID("00000000-0000-7000-8000-000000000001")
OTHER = UUID("00000000-0000-7000-8000-000000000002")
ME = UUID(int=1)


def who(roles: Mapping[UUID, Role], everywhere: Role = Role.PATRON) -> Principal:
    return Principal(
        user_id=ME, display_name="me", roles=roles, everywhere=everywhere, token_version=1,
        family_id=ME, expires_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip


_AUDIENCES = {
    "patrons": Role.PATRON, "staff": Role.STAFF, "management": Role.MANAGEMENT,
    "owner": Role.OWNER,
}  # fmt: skip


@pytest.mark.parametrize("audience", list(_AUDIENCES))
@pytest.mark.parametrize("role", [Role.PATRON, Role.STAFF, Role.MANAGEMENT, Role.OWNER])
def test_a_venues_rooms_ask_for_the_role_they_are_named_after(audience: str, role: Role) -> None:
    """Every pair of role and room; a higher role includes the lower."""
    verdict = decide_access(f"venue:{VENUE}:{audience}", who({VENUE: role}))
    assert (verdict is Access.ALLOWED) == (role >= _AUDIENCES[audience])


def test_a_role_counts_only_at_its_venue() -> None:
    """Rule 15; and who has none there learns nothing."""
    owner_elsewhere = who({OTHER: Role.OWNER})
    assert decide_access(f"venue:{VENUE}:staff", owner_elsewhere) is Access.UNKNOWN
    assert decide_access(f"venue:{VENUE}:patrons", owner_elsewhere) is Access.ALLOWED


def test_owners_of_everything_may_be_in_every_venues_rooms_and_their_own() -> None:
    """`owner` is theirs alone: being owner of one venue is not enough."""
    everywhere = who({}, Role.OWNER)
    assert decide_access("owner", everywhere) is Access.ALLOWED
    assert decide_access(f"venue:{VENUE}:owner", everywhere) is Access.ALLOWED
    assert decide_access("owner", who({VENUE: Role.OWNER})) is Access.FORBIDDEN


def test_a_users_room_is_that_users_and_nobody_elses() -> None:
    """Not even the owner's: what is personal is read through audited ways."""
    assert decide_access(f"user:{ME}", who({})) is Access.ALLOWED
    assert decide_access(f"user:{OTHER}", who({}, Role.OWNER)) is Access.UNKNOWN


@pytest.mark.parametrize(
    "name",
    [
        "", "owner:", "user", "user:", "user:x", f"user:{ME}:x", f"venue:{VENUE}",
        f"venue:{VENUE}:", f"venue:{VENUE}:guests", f"VENUE:{VENUE}:staff",
        f"venue:{str(VENUE).upper().replace('0', 'A', 1)}:staff", f"venue:{VENUE.hex}:staff",
        f"venue:{{{VENUE}}}:staff", "owner" * 1_000,
    ],
)  # fmt: skip
def test_a_name_that_is_no_rooms_is_no_room(name: str) -> None:
    """One room with two spellings would be two rooms, one of them without events."""
    assert parse_room(name) is None
    assert decide_access(name, who({}, Role.OWNER)) is Access.UNKNOWN


async def _drain(outbox: Outbox) -> list[bytes]:
    return [frame for _ in range(len(outbox)) if (frame := await outbox.take()) is not None]


async def test_emergencies_overtake_and_keep_their_order() -> None:
    """Two of them are told in the order they were raised."""
    outbox = Outbox()
    outbox.put(b"1")
    outbox.put(b"sos 1", urgent=True)
    outbox.put(b"2")
    outbox.put(b"sos 2", urgent=True)
    assert await _drain(outbox) == [b"sos 1", b"sos 2", b"1", b"2"]


@given(st.lists(st.tuples(st.sampled_from("dea"), st.integers(0, 3))))
def test_the_outbox_keeps_order_and_of_ephemeral_events_the_newest(
    puts: list[tuple[str, int]],
) -> None:
    """Against a plain list as the model: durable in order and all, ephemeral the last of each."""

    async def check() -> None:
        outbox = Outbox()
        model: list[tuple[str, bytes]] = []
        for n, (kind, key) in enumerate(puts):
            frame = b"%d" % n
            if kind == "e":
                name = f"e{key}"
                outbox.put(frame, replaces=name)
                model = [one for one in model if one[0] != name]
                model.append((name, frame))
            else:
                outbox.put(frame)
                model.append((f"d{n}", frame))
        assert await _drain(outbox) == [frame for _, frame in model]

    trio.run(check)


async def test_what_is_said_before_a_close_is_still_sent() -> None:
    """A refusal explains the close code that follows it."""
    outbox = Outbox()
    outbox.put(b"why")
    outbox.close(4401, "token")
    outbox.put(b"too late")
    assert await outbox.take() == b"why"
    assert await outbox.take() is None


async def test_an_outbox_never_holds_more_than_its_last_bound() -> None:
    """Even if its writer never gets a turn."""
    outbox = Outbox()
    for _ in range(OUTBOX_BURST_MAX + 10):
        outbox.put(b"x")
    assert (outbox.close_code, len(outbox)) == (4408, 0)
