"""The last step of a saga fails, when all is done but the answer: nothing stands half."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

import pytest
from trio.testing import MockClock

from actors.runtime import handling
from actors.runtime.actor import Actor
from actors.runtime.mailbox import Envelope
from actors.runtime.outcome import Outcome
from lastlight.demo.founding import DEMO_PASSWORD
from protocol.commands import Command
from protocol.internal.accounts import RolesTaken
from protocol.internal.managing import VisitVoided
from protocol.internal.people import AccountFounded
from protocol.internal.shortening import ShortenVisit, VisitShortened
from protocol.internal.visits import StationReserved, VisitSettled
from protocol.internal.wallet import GiftTaken
from protocol.records.runtime import FloorPlace
from protocol.records.states import SessionStatus
from protocol.records.users import User, UserRole
from protocol.records.visits import Session, SessionHistory, SessionSegment
from tests.night.books import assert_all_is_well
from tests.night.people_kit import elevated, row_of, rows
from tests.night.test_night_offline import replay
from tests.night.test_night_offline_visits import a_visit
from tests.night.test_night_visits import minutes, settled
from tests.twins.people import VENUE, Someone, ask, check_in, sign_in
from tests.twins.whole import LastLight

FailOnce: TypeAlias = Callable[[type[Command]], None]


@pytest.fixture
def fail_once(monkeypatch: pytest.MonkeyPatch) -> FailOnce:
    """Has the decision on the next such command raise, as the simulator does."""
    decision, failing = handling._decision, set[type[Command]]()

    def decided(actor: Actor, envelope: Envelope, now: datetime) -> Outcome:
        kind = type(envelope.message.command)
        if kind in failing:
            failing.remove(kind)
            raise RuntimeError("planted by the test")
        return decision(actor, envelope, now)

    monkeypatch.setattr(handling, "_decision", decided)
    return failing.add


async def test_a_visit_that_is_settled_is_over_whatever_becomes_of_the_answer(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    fail_once: FailOnce,
    autojump_clock: MockClock,
) -> None:
    """The books are closed: the session would stay closing, and keep its seat, for ever."""
    visit = f"/api/sessions/{(await check_in(patron, staff))['session_id']}"
    fail_once(VisitSettled)
    assert (await patron.send("POST", f"{visit}/checkout")).status == 500
    assert (await patron.need(200, "POST", f"{visit}/checkout"))["status"] == "closed"
    await settled(house)
    assert_all_is_well(house.world)
    assert (rows(house, Session), rows(house, FloorPlace)) == ([], [])


async def test_a_visit_that_is_voided_is_over_whatever_becomes_of_the_answer(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    manager: Someone,
    fail_once: FailOnce,
    autojump_clock: MockClock,
) -> None:
    """Its money is back, so nothing could end a session that went on waiting for that word."""
    visit = f"/api/sessions/{(await check_in(patron, staff))['session_id']}"
    fail_once(VisitVoided)
    body = {"reason": "the wrong person"}
    assert (await manager.send("DELETE", visit, body)).status == 500
    await settled(house)
    assert_all_is_well(house.world)
    assert [row.status for row in rows(house, SessionHistory)] == [SessionStatus.VOIDED]
    assert (rows(house, Session), rows(house, FloorPlace)) == ([], [])


@pytest.mark.parametrize(("step", "cost_minor"), [(ShortenVisit, 600), (VisitShortened, 300)])
async def test_a_visit_is_as_long_as_what_was_paid_for_it(
    step: type[Command],
    cost_minor: int,
    house: LastLight,
    patron: Someone,
    staff: Someone,
    fail_once: FailOnce,
    autojump_clock: MockClock,
) -> None:
    """What a phone tells late shortens visit and bill, or neither; told again it does."""
    path, phone = await a_visit(house, patron, staff)
    await minutes(30)
    phone.keeps(f"{path}/checkout")
    await minutes(30)
    await patron.refresh()
    await staff.refresh()
    first = await staff.need(200, "POST", f"{path}/checkout")
    assert first["charge_minor"] == 600
    fail_once(step)
    await replay(patron, *phone.queue)
    await settled(house)
    assert_all_is_well(house.world)
    (visit,) = rows(house, SessionHistory)
    assert visit.time_charge_minor == cost_minor
    assert visit.duration_ms == (60 if cost_minor == 600 else 30) * 60_000
    assert (str(visit.receipt_id) == first["receipt_id"]) is (cost_minor == 600)
    assert sum(row.charge_minor for row in rows(house, SessionSegment)) == cost_minor


async def test_a_switch_that_fails_at_its_end_leaves_room_for_the_next(
    house: LastLight,
    patron: Someone,
    staff: Someone,
    fail_once: FailOnce,
    autojump_clock: MockClock,
) -> None:
    """One change is under way at a time: one that never ended would be the last."""
    visit = f"/api/sessions/{(await check_in(patron, staff))['session_id']}"
    fail_once(StationReserved)
    other = {"activity": "arcade_time"}
    assert (await patron.send("POST", f"{visit}/activity", other)).status == 500
    switched = await patron.need(200, "POST", f"{visit}/activity", other)
    assert switched["activity"] == "arcade_time"


async def test_a_gift_that_the_giver_takes_back_is_not_the_friends_either(
    house: LastLight, patron: Someone, fail_once: FailOnce, autojump_clock: MockClock
) -> None:
    """Rule 9: or there would be money that nobody paid."""
    friend = await sign_in(house, "patron2")
    fail_once(GiftTaken)
    gift = {"to_user_id": friend.user_id, "amount_minor": 700, "venue_id": VENUE}
    assert (await patron.send("POST", "/api/transactions/transfer", gift)).status == 500
    for someone in (patron, friend):
        wallet = await someone.need(200, "GET", "/api/transactions/credits")
        assert wallet["paid_minor"] == 100_000
    await settled(house)
    assert_all_is_well(house.world)


async def test_who_could_not_be_told_that_they_are_registered_registers_again(
    house: LastLight, fail_once: FailOnce, autojump_clock: MockClock
) -> None:
    """The address is free again, so no account may have it: one address, one account."""
    body = {
        "email": "newcomer@lastlight.example",
        "password": DEMO_PASSWORD,
        "display_name": "Newcomer",
        "birth_date": "1990-05-04",
    }
    fail_once(AccountFounded)
    assert (await ask(house, "POST", "/api/auth/register", body)).status == 500
    assert (await ask(house, "POST", "/api/auth/register", body)).status == 201
    await settled(house)
    assert_all_is_well(house.world)
    assert len([user for user in rows(house, User) if user.email == body["email"]]) == 1


async def test_roles_that_are_put_back_are_out_of_the_tokens_too(
    house: LastLight,
    patron: Someone,
    manager: Someone,
    fail_once: FailOnce,
    autojump_clock: MockClock,
) -> None:
    """Rule 15: else somebody works at a venue that knows nothing of it."""
    fail_once(RolesTaken)
    body = {"venue_id": VENUE, "roles": ["staff"]}
    heard = await (await elevated(manager)).send("PUT", f"/api/users/{patron.user_id}/roles", body)
    assert heard.status == 500
    await settled(house)
    assert_all_is_well(house.world)
    assert row_of(house, patron).role_grants == {}
    held = [role for role in rows(house, UserRole) if str(role.user_id) == patron.user_id]
    assert all(role.revoked_at is not None for role in held)
