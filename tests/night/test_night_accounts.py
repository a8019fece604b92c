"""What people do with their own accounts, on a whole node."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.internal.people import SendNotice
from protocol.records.platform import AuditEntry
from protocol.records.runtime import Identity
from protocol.records.users import PushDevice
from tests.night.people_kit import a_newcomer, change, row_of, rows, settled
from tests.twins.people import (
    Heard,
    Someone,
    ask,
    go_on_duty,
    sign_in,
)
from tests.twins.whole import LastLight


async def test_a_profile_is_changed_by_whoever_saw_its_version(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 12: 428 without a version, 412 with an old one, and one of two writers wins."""
    me = "/api/users/me"
    assert (await patron.send("PATCH", me, {"phone": "+81312345678"})).status == 428
    contact = {"name": "Somebody Near", "phone": "+81387654321"}
    changed = await change(
        patron, "PATCH", me, {"phone": "+81312345678", "emergency_contact": contact}, 1
    )
    assert (changed.status, changed.headers["etag"]) == (200, '"v2"')
    assert changed.body["phone"] == "+81312345678"
    assert changed.body["emergency_contact"]["name"] == "Somebody Near"
    stale = await change(patron, "PATCH", me, {"locale": "ja"}, 1)
    assert (stale.status, stale.code, stale.body["current_version"]) == (412, "version_conflict", 2)
    cleared = await change(patron, "PATCH", me, {"clear": ["phone"]}, 2)
    assert (cleared.status, cleared.body["phone"]) == (200, None)
    born = await change(patron, "PATCH", me, {"birth_date": "1980-01-01"}, 3)
    assert (born.status, born.code) == (422, "field_locked")
    await settled(house)


async def test_a_new_address_is_taken_at_its_identity_and_confirmed_by_a_code(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Two accounts never have one address; the old one is free, and told."""
    me = "/api/users/me"
    taken = await change(patron, "PATCH", me, {"email": "Patron2@lastlight.example"}, 1)
    assert (taken.status, taken.code) == (409, "email_taken")
    moved = await change(patron, "PATCH", me, {"email": "new@lastlight.example"}, 1)
    assert (moved.status, moved.body["email"], moved.body["email_verified"]) == (
        200, "new@lastlight.example", False,
    )  # fmt: skip
    await settled(house)
    sent = [m.command for m in house.world.effects.done if isinstance(m.command, SendNotice)]
    told = {notice.kind: notice for notice in sent}
    assert {kind: notice.email for kind, notice in told.items()} == {
        "email_verification": "new@lastlight.example",
        "email_changed": "patron1@lastlight.example",
    }
    proof = {"email": "new@lastlight.example", "code": told["email_verification"].secret}
    assert (await ask(house, "POST", "/api/auth/verify-email", proof)).body == {"verified": True}
    await sign_in(house, "new")
    old = {"email": "patron1@lastlight.example", "password": DEMO_PASSWORD}
    assert (await ask(house, "POST", "/api/auth/login", old)).code == "invalid_credentials"
    await a_newcomer(house, "patron1")
    await settled(house)
    by_user = {row.user_id: row.email for row in rows(house, Identity)}
    assert by_user[row_of(house, patron).id] == "new@lastlight.example"


async def test_of_many_who_want_one_address_exactly_one_gets_it(
    house: LastLight, autojump_clock: MockClock
) -> None:
    """The address is decided by its identity alone, whoever asks at the same time."""
    people = [await sign_in(house, f"patron{n}") for n in range(1, 9)]
    heard: list[Heard] = []

    async def want(someone: Someone) -> None:
        body = {"email": "wanted@lastlight.example"}
        heard.append(await change(someone, "PATCH", "/api/users/me", body, 1))

    async with trio.open_nursery() as nursery:
        for someone in people:
            nursery.start_soon(want, someone)
    assert sorted(answer.status for answer in heard) == [200] + [409] * 7
    await settled(house)


async def test_a_pin_of_ones_own_proves_who_is_there_and_one_for_duress_calls_for_help(
    house: LastLight, staff: Someone, patron: Someone, autojump_clock: MockClock
) -> None:
    """Rule 8: both answer alike; which one it was is nowhere but in the silent alarm."""
    me, body = "/api/users/me", {"pin": "123456", "duress_pin": "654321"}
    assert (await change(staff, "PATCH", me, body, 1)).status == 422
    wrong = await change(staff, "PATCH", me, {**body, "current_password": "not it at all"}, 1)
    assert (wrong.status, wrong.code) == (401, "invalid_credentials")
    given = {**body, "current_password": DEMO_PASSWORD}
    assert (await change(patron, "PATCH", me, given, 1)).code == "forbidden"
    assert (await change(staff, "PATCH", me, given, 2)).status == 200
    same = {"duress_pin": "123456", "current_password": DEMO_PASSWORD}
    assert (await change(staff, "PATCH", me, same, 3)).code == "validation_failed"
    await go_on_duty(staff)
    for pin in ("123456", "654321"):
        assert "access_token" in await staff.need(200, "POST", "/api/auth/step-up", {"pin": pin})
    assert (await house.event("emergency.sos_raised")).data["silent"] is True
    await settled(house)
    stored = row_of(house, staff)
    assert "123456" not in repr(stored)
    assert stored.pin_hash != stored.duress_pin_hash


async def test_preferences_keep_the_time_of_consent_and_safety_stays_on(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Consent is worth what can be shown of it; what concerns safety is not a matter of taste."""
    path = "/api/users/me/preferences"
    off = await change(patron, "PUT", path, {"channels": {"safety": False}}, 0)
    assert (off.status, off.body["errors"][0]["pointer"]) == (422, "/channels/safety")
    wanted = {
        "channels": {"push": True, "offers": False},
        "quiet_hours": {"from": "23:00", "to": "08:00"},
        "marketing_consent": True,
        "accessibility": {"large_text": True},
    }
    stored = await change(patron, "PUT", path, wanted, 0)
    assert (stored.status, stored.headers["etag"]) == (200, '"v1"')
    assert stored.body["quiet_hours"] == {"from": "23:00", "to": "08:00"}
    first = stored.body["marketing_consent_at"]
    await trio.sleep(60)
    again = await change(patron, "PUT", path, wanted, 1)
    assert again.body["marketing_consent_at"] == first
    assert (await change(patron, "PUT", path, {}, 1)).status == 412
    gone = await change(patron, "PUT", path, {}, 2)
    assert (gone.body["marketing_consent"], gone.body["marketing_consent_at"]) == (False, None)
    await settled(house)
    lines = [row.after for row in rows(house, AuditEntry) if row.action == "consent.changed"]
    assert [line["marketing"] for line in lines] == [True, False]


async def test_signing_out_forgets_the_device_that_was_registered_meanwhile(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """An app may sign in before it knows where its pushes go; no push follows who has left."""
    other = await sign_in(house, "patron1")
    for person, name in ((patron, "phone"), (other, "tablet")):
        body = {"platform": "fcm", "token": "t", "app": "patron", "device_id": name}
        await person.need(201, "POST", "/api/users/me/devices", body)
    shown = await patron.need(200, "GET", "/api/auth/sessions")
    assert {one["device_id"] for one in shown["items"]} >= {"phone", "tablet"}
    await patron.need(204, "POST", "/api/auth/logout", {})
    await settled(house)
    assert [row.device_id for row in rows(house, PushDevice)] == ["tablet"]


async def test_pushes_go_to_five_devices_at_most(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """A device known already only gets its new token."""
    path, device = "/api/users/me/devices", {"platform": "fcm", "token": "t", "app": "patron"}
    for n in range(5):
        await patron.need(201, "POST", path, {**device, "device_id": f"phone {n}"})
    sixth = await patron.send("POST", path, {**device, "device_id": "phone 6"})
    assert (sixth.status, sixth.code) == (422, "validation_failed")
    await patron.need(200, "POST", path, {**device, "device_id": "phone 1", "token": "u"})
    await patron.need(204, "DELETE", f"{path}/phone%201")
    await patron.need(204, "DELETE", f"{path}/phone%201")
    await patron.need(201, "POST", path, {**device, "device_id": "phone 6"})
    await settled(house)
