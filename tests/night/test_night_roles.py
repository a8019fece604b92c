"""What a venue does with people: roles, status, age, on a whole node (Rule 15)."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import trio
from trio.testing import MockClock

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.records.platform import AuditEntry
from protocol.records.staff import StaffTask
from protocol.records.users import User, UserRole
from protocol.records.visits import SessionHistory
from tests.night.people_kit import a_newcomer, change, elevated, row_of, rows, settled
from tests.twins.devices import open_device
from tests.twins.people import (
    VENUE,
    Someone,
    ask,
    check_in,
    sign_in,
)
from tests.twins.whole import LastLight


async def test_a_suspended_guest_is_out_at_once(
    house: LastLight, patron: Someone, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Tokens, sockets, refresh and login: nothing of theirs opens anything, and the visit ends."""
    await check_in(patron, staff)
    status = f"/api/users/{patron.user_id}/status"
    body = {"venue_id": VENUE, "status": "suspended", "reason": "stolen card"}
    assert (await staff.send("PUT", status, body)).status == 403
    async with open_device(patron, f"user:{patron.user_id}") as phone:
        answer = await manager.need(200, "PUT", status, body)
        assert answer["status"] == "suspended"
        assert (await patron.send("GET", "/api/users/me/limits")).status == 401
        await trio.sleep(1)
        assert phone.socket.close_code == 4401
    login = {"email": "patron1@lastlight.example", "password": DEMO_PASSWORD}
    assert (await ask(house, "POST", "/api/auth/login", login)).code == "account_suspended"
    refresh = {"refresh_token": patron.refresh_token}
    assert (await ask(house, "POST", "/api/auth/refresh", refresh)).status == 401
    await settled(house)
    (visit,) = rows(house, SessionHistory)
    assert visit.cause == "forced"
    assert (await manager.send("PUT", status, body)).code == "invalid_transition"
    await manager.need(200, "PUT", status, {**body, "status": "active"})
    await sign_in(house, "patron1")


async def test_staff_are_an_owners_to_suspend_and_nobody_suspends_themselves(
    house: LastLight, staff: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Rule 15: management manages guests; who works here is above their word."""
    body = {"venue_id": VENUE, "status": "suspended", "reason": "till"}
    path = f"/api/users/{staff.user_id}/status"
    assert (await manager.send("PUT", path, body)).code == "forbidden"
    own = f"/api/users/{manager.user_id}/status"
    assert (await manager.send("PUT", own, body)).code == "forbidden"
    await owner.need(200, "PUT", path, body)
    assert (await staff.send("GET", "/api/users/me/limits")).status == 401
    await settled(house)


async def test_a_role_taken_bites_tokens_and_sockets_before_it_is_answered(
    house: LastLight, staff: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Rule 15: who was staff a moment ago hears nothing more of the staff's room.

    Rule 15 at_once.
    """
    path = f"/api/users/{staff.user_id}/roles"
    room, own = f"venue:{VENUE}:staff", f"user:{staff.user_id}"
    assert (await manager.send("PUT", path, {"venue_id": VENUE, "roles": []})).status == 403
    await elevated(manager)
    async with open_device(staff, room) as till, open_device(staff, own) as phone:
        taken = await manager.need(200, "PUT", path, {"venue_id": VENUE, "roles": []})
        assert taken["roles"] == []
        heard = await staff.send("GET", f"/api/venues/{VENUE}/checkin-code")
        assert (heard.status, heard.code) == (401, "unauthenticated")
        await trio.sleep(1)
        assert till.socket.close_code == 4403
        assert phone.socket.close_code is None
        revoked = await phone.wait_for(op="event", room=own)
        assert revoked["event"]["data"]["reason"] == "role_changed"
        assert (await phone.command("IssueCheckinCode", {"venue_id": VENUE}))["op"] == "error"
    await staff.refresh()
    assert (await staff.send("GET", f"/api/venues/{VENUE}/checkin-code")).status == 403
    await settled(house)
    (role,) = (row for row in rows(house, UserRole) if str(row.user_id) == staff.user_id)
    assert role.revoked_at is not None


async def test_a_role_given_comes_with_the_next_token(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """Management gives staff, owners give management; nobody gives to themselves."""
    path = f"/api/users/{patron.user_id}/roles"
    await elevated(manager)
    staffed = await manager.need(200, "PUT", path, {"venue_id": VENUE, "roles": ["staff"]})
    assert (staffed["roles"], staffed["version"]) == (["staff"], 2)
    assert (await patron.send("GET", "/api/users/me/limits")).status == 401
    await patron.refresh()
    await patron.need(200, "GET", f"/api/venues/{VENUE}/checkin-code")
    more = {"venue_id": VENUE, "roles": ["management"]}
    assert (await manager.send("PUT", path, more)).code == "forbidden"
    own = f"/api/users/{manager.user_id}/roles"
    assert (await manager.send("PUT", own, more)).code == "forbidden"
    await elevated(owner)
    await owner.need(200, "PUT", path, more)
    nobody = f"/api/users/{uuid4()}/roles"
    assert (await owner.send("PUT", nobody, more)).code == "not_found"
    stale = await change(owner, "PUT", path, {"venue_id": VENUE, "roles": []}, 1)
    assert (stale.status, stale.code) == (412, "version_conflict")
    await settled(house)
    living = [row for row in rows(house, UserRole) if row.revoked_at is None]
    mine = [row.role.value for row in living if str(row.user_id) == patron.user_id]
    assert mine == ["management"], "what the account refused was put back"
    everybody = {row.id for row in rows(house, User)}
    assert {row.user_id for row in rows(house, UserRole)} <= everybody
    lines = [row.object_id for row in rows(house, AuditEntry) if row.action.startswith("roles.")]
    assert nobody.split("/")[3] not in lines, "nothing was done for nobody"


async def test_who_owns_everything_is_said_by_those_who_do(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """The platform decides, answers after the account, and keeps its last owner."""
    path, body = f"/api/users/{patron.user_id}/roles", {"venue_id": None, "roles": ["owner"]}
    await elevated(manager)
    assert (await manager.send("PUT", path, body)).code == "forbidden"
    await elevated(owner)
    given = await owner.need(200, "PUT", path, body)
    assert (given["venue_id"], given["roles"]) == (None, ["owner"])
    second = await elevated(await sign_in(house, "patron1"))
    first = f"/api/users/{owner.user_id}/roles"
    none: dict[str, object] = {"venue_id": None, "roles": []}
    assert (await second.need(200, "PUT", first, none))["roles"] == []
    assert (await owner.send("GET", "/api/users/me/limits")).status == 401
    assert (await second.send("PUT", path, none)).code == "forbidden"
    await settled(house)


async def test_age_is_verified_once_and_the_documents_date_is_taken_over(
    house: LastLight, staff: Someone, autojump_clock: MockClock
) -> None:
    """No number and no image is kept; another date than the profile's is looked into."""
    guest = await a_newcomer(house, "newcomer")
    path = f"/api/users/{guest.user_id}/age-verification"
    paper = {"document_type": "passport", "birth_date": "1990-05-05", "expiry": "2030-01-01"}
    young = await staff.send("POST", path, {**paper, "birth_date": "2015-01-01"})
    assert (young.status, young.code) == (422, "under_minimum_age")
    old = await staff.send("POST", path, {**paper, "expiry": "2020-01-01"})
    assert (old.status, old.code) == (422, "document_expired")
    assert (await guest.send("POST", path, paper)).status == 403
    numbered = await staff.send("POST", path, {**paper, "document_number": "X123"})
    assert numbered.status == 422
    seen = await staff.need(201, "POST", path, paper)
    assert seen["mismatch"] is True
    again = await staff.send("POST", path, paper)
    assert (again.status, again.code) == (409, "already_verified")
    assert (await house.event("system.notification")).data["kind"] == "age_verified"
    await settled(house)
    assert row_of(house, guest).birth_date == date(1990, 5, 5)
    assert [task.kind for task in rows(house, StaffTask)] == ["birth_date_mismatch"]
