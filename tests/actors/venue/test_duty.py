"""Who is on duty and which drawers are in use, as the venue knows it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from actors.venue.duty import (
    decide_free_drawer,
    decide_reserve_drawer,
    decide_staff_off_duty,
    decide_staff_on_duty,
)
from protocol.addresses import ActorKind, Address
from protocol.errors import Code
from protocol.internal.duty import (
    DrawerReserved,
    FreeDrawer,
    ReserveDrawer,
    StaffOffDuty,
    StaffOnDuty,
)
from protocol.operations.staff import OpenTill
from protocol.records.runtime import DrawerInUse
from tests.actors.deciding import NOW, accepted, after, refused
from tests.actors.venue.floors import STAFF, a_floor, context

SHIFT, NEXT_SHIFT = UUID(int=0x51), UUID(int=0x52)
TILL, OTHER_TILL = UUID(int=0x41), UUID(int=0x42)


def on_duty(shift_id: UUID = SHIFT, *, on_break: bool = False) -> StaffOnDuty:
    """A shift began, or its break did."""
    return StaffOnDuty(
        staff_id=STAFF,
        shift_id=shift_id,
        display_name="Somebody",
        on_break=on_break,
        since=NOW - timedelta(hours=1),
    )


def a_reservation(till_id: UUID = TILL, drawer: str = "bar") -> ReserveDrawer:
    """A till is to be opened on a drawer."""
    return ReserveDrawer(
        request=OpenTill(drawer=drawer, opening_float_minor=20_000),
        till_id=till_id,
        staff_id=STAFF,
        shift_id=SHIFT,
    )


def test_the_venue_knows_who_is_on_duty_and_who_is_on_a_break() -> None:
    """Rule 8: they are alerted first."""
    state = a_floor()
    after(state, accepted(decide_staff_on_duty(state, on_duty(), context(None))))
    pause = on_duty(on_break=True)
    after(state, accepted(decide_staff_on_duty(state, pause, context(None))))
    (place,) = state.on_duty()
    assert (place.staff_id, place.on_break, place.version) == (STAFF, True, 2)


def test_the_node_knows_who_is_on_duty_without_asking() -> None:
    """Who of them is connected is looked up at each question, so it must be there at once."""
    state = a_floor()
    assert state.profile.on_duty == frozenset()
    after(state, accepted(decide_staff_on_duty(state, on_duty(), context(None))))
    assert state.profile.on_duty == {STAFF}
    over = StaffOffDuty(staff_id=STAFF, shift_id=SHIFT)
    after(state, accepted(decide_staff_off_duty(state, over, context(None))))
    assert state.profile.on_duty == frozenset()


def test_a_shift_that_is_over_leaves_nobody_on_duty() -> None:
    """And a second word of it changes nothing."""
    state = a_floor()
    after(state, accepted(decide_staff_on_duty(state, on_duty(), context(None))))
    over = StaffOffDuty(staff_id=STAFF, shift_id=SHIFT)
    after(state, accepted(decide_staff_off_duty(state, over, context(None))))
    assert state.on_duty() == ()
    assert not accepted(decide_staff_off_duty(state, over, context(None))).writes


def test_the_end_of_an_old_shift_does_not_end_the_new_one() -> None:
    """Whoever has come back is there, whatever arrives late."""
    state = a_floor()
    after(state, accepted(decide_staff_on_duty(state, on_duty(NEXT_SHIFT), context(None))))
    over = StaffOffDuty(staff_id=STAFF, shift_id=SHIFT)
    assert not accepted(decide_staff_off_duty(state, over, context(None))).writes


def test_a_drawer_is_reserved_for_one_till() -> None:
    """The staff member's till opens next; if it can't, the drawer is free again."""
    state = a_floor()
    outcome = accepted(decide_reserve_drawer(state, a_reservation(), context()))
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.STAFF, STAFF)
    assert isinstance(send.command, DrawerReserved)
    assert send.undo == FreeDrawer(till_id=TILL)
    in_use = after(state, outcome).drawer("bar")
    assert in_use is not None
    assert in_use.till_id == TILL


def test_a_drawer_in_use_is_refused_and_another_is_not() -> None:
    """Two people's cash in one drawer is nobody's to count."""
    state = a_floor()
    after(state, accepted(decide_reserve_drawer(state, a_reservation(), context())))
    refusal = refused(decide_reserve_drawer(state, a_reservation(OTHER_TILL), context()))
    assert refusal.code is Code.DRAWER_IN_USE
    assert refusal.extra == {"till_id": str(TILL)}
    accepted(decide_reserve_drawer(state, a_reservation(OTHER_TILL, "door"), context()))


def test_a_drawer_that_is_freed_can_be_had_again() -> None:
    """Counted, or never opened; twice is as good as once."""
    state = a_floor()
    after(state, accepted(decide_reserve_drawer(state, a_reservation(), context())))
    free = FreeDrawer(till_id=TILL)
    after(state, accepted(decide_free_drawer(state, free, context(in_saga=False))))
    assert state.rows(DrawerInUse) == {}
    assert not accepted(decide_free_drawer(state, free, context(in_saga=False))).writes
    accepted(decide_reserve_drawer(state, a_reservation(OTHER_TILL), context()))
