"""A venue is run over HTTP: founded, set up, its days closed, and the trail of it verified."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import attrs
import httpx
import trio

from tests.system.books import reading
from tests.system.conftest import MakeNode, Template
from tests.system.guests import PASSWORD, VENUE, Body, Front, Person, open_front, order
from tests.system.harness import wait_until

CLOSED_S: Final = 90.0
SETTINGS: Final = f"/api/admin/settings?venue_id={VENUE}"
A_VENUE: Final[dict[str, Any]] = {
    "name": "Last Light Berlin",
    "tz": "Europe/Berlin",
    "currency": "EUR",
    "lat": 52.5,
    "lon": 13.4,
    "capacity": 120,
    "hours": {"fri": [["18:00", "02:00"]]},
    "status": "closed",
}


def today() -> date:
    """The business day at the demo venue: Tokyo, from 05:00 on."""
    return (datetime.now(UTC) + timedelta(hours=9 - 5)).date()


async def elevated(front: Front, name: str) -> Person:
    """Somebody who has just proven again who they are."""
    # A login of this very node: those that tests share may have been made by another.
    person = await Front(front.http, {}).sign_in(name)
    body = await front.need(200, person, "POST", "/api/auth/step-up", {"password": PASSWORD})
    return attrs.evolve(person, token=body["access_token"], signed_in_at=time.monotonic())


async def change(
    front: Front, person: Person, method: str, path: str, body: Body, **headers: str
) -> httpx.Response:
    """Send a change with its precondition."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await front.send(person, method, path, body, headers=named)


async def report(front: Front, person: Person, day: date) -> dict[str, Any]:
    """A day's report."""
    path = f"/api/analytics/z-report/{day}?venue_id={VENUE}"
    return await front.need(200, person, "GET", path)


async def test_a_venue_is_founded_replaced_and_seen(front: Front) -> None:
    """If-None-Match makes it, If-Match changes it; patrons and rooms know of it at once."""
    owner, patron = await front.sign_in("owner"), await front.sign_in("patron1")
    path = f"/api/admin/venues/{uuid.uuid4()}"
    assert (await change(front, owner, "PUT", path, A_VENUE)).status_code == 428
    assert (await change(front, owner, "PUT", path, A_VENUE, if_match='"v1"')).status_code == 404
    assert (await change(front, patron, "PUT", path, A_VENUE, if_none_match="*")).status_code == 403
    made = await change(front, owner, "PUT", path, A_VENUE, if_none_match="*")
    assert (made.status_code, made.headers.get("etag")) == (201, '"v1"'), made.text
    again = await change(front, owner, "PUT", path, A_VENUE, if_none_match="*")
    assert (again.status_code, again.json()["current_version"]) == (412, 1)
    opened = {**A_VENUE, "status": "open", "hours": {"always_open": True}, "currency": "CHF"}
    changed = await change(front, owner, "PUT", path, opened, if_match=made.headers["etag"])
    assert (changed.status_code, changed.json()["currency"]) == (200, "CHF"), changed.text
    assert (
        await change(front, owner, "PUT", path, opened, if_match=made.headers["etag"])
    ).status_code == 412
    places = (await front.need(200, patron, "GET", "/api/venues"))["items"]
    assert made.json()["venue_id"] in {place["venue_id"] for place in places}
    venues = (await front.need(200, owner, "GET", "/api/admin/venues"))["items"]
    assert [one["venue"]["name"] for one in venues] == ["Last Light Shibuya", "Last Light Berlin"]
    demo = venues[0]["venue"]
    body = {name: demo[name] for name in (*A_VENUE, "radius_m", "cutover")}
    locked = await change(
        front, owner, "PUT", f"/api/admin/venues/{VENUE}", {**body, "currency": "EUR"},
        if_match=f'"v{demo["version"]}"',
    )  # fmt: skip
    assert (locked.status_code, locked.json()["code"]) == (409, "currency_locked")


async def test_settings_are_read_by_management_and_changed_by_the_owner(front: Front) -> None:
    """Step-up, version, floor: each has its refusal; and the trail has the change."""
    manager, plain = await front.sign_in("manager"), await front.sign_in("owner")
    owner = await elevated(front, "owner")
    answer = await front.send(manager, "GET", SETTINGS)
    assert answer.status_code == 200, answer.text
    tag = answer.headers["etag"]
    body = {"venue_id": VENUE, "settings": {"lounge_minor_per_h": 660}}
    path = "/api/admin/settings"
    refused = await change(front, plain, "PATCH", path, body, if_match=tag)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert (await change(front, owner, "PATCH", path, body)).status_code == 428
    too_young = {"venue_id": VENUE, "settings": {"alcohol_age_years": 16}}
    floor = await change(front, owner, "PATCH", path, too_young, if_match=tag)
    assert (floor.status_code, floor.json()["code"]) == (422, "setting_below_floor")
    assert floor.json()["errors"][0]["pointer"] == "/settings/alcohol_age_years"
    done = await change(front, owner, "PATCH", path, body, if_match=tag)
    assert done.status_code == 200, done.text
    values = {one["name"]: one["value"] for one in done.json()["settings"]}
    assert values["lounge_minor_per_h"] == 660
    assert (await change(front, owner, "PATCH", path, body, if_match=tag)).status_code == 412
    found = await front.need(
        200, owner, "GET", f"/api/admin/audit-logs?venue_id={VENUE}&action=settings.changed"
    )
    (line,) = found["items"]
    assert (line["before"], line["after"]) == (
        {"lounge_minor_per_h": 600},
        {"lounge_minor_per_h": 660},
    )
    assert line["actor_id"] == owner.user_id
    assert (line["role"], line["ip"]) == ("owner", "127.0.0.1")
    system = await front.need(200, owner, "GET", path)
    assert system["scope"] == "platform"
    assert "port" in system["system"]


async def test_a_trail_is_whole_until_somebody_changes_it(make_node: MakeNode) -> None:
    """A row changed in the database itself is named, and reading the trail is in the trail."""
    node = make_node()
    await node.start()
    async with open_front(node.url, {}) as front:
        owner = await front.sign_in("owner")
        logs, verify = (f"/api/admin/audit-logs{part}?venue_id={VENUE}" for part in ("", "/verify"))
        for _ in range(4):
            await front.need(200, owner, "GET", logs)
        lines = (await front.need(200, owner, "GET", logs))["items"]
        assert {line["action"] for line in lines} == {"audit.read"}
        for chain in ("audit", "safety", "ledger"):
            verdict = await front.need(200, owner, "GET", f"{verify}&chain={chain}")
            assert (verdict["ok"], verdict["broken_seq"]) == (True, None), verdict
        too_long = await front.send(owner, "GET", f"{verify}&to_seq=1000001")
        assert (too_long.status_code, too_long.json()["code"]) == (422, "validation_failed")
        async with reading(node.database_url) as connection:
            await connection.execute(
                f"update audit_log set role = 'patron' where venue_id = '{VENUE}' and seq = 2"
            )
        verdict = await front.need(200, owner, "GET", verify)
        assert (verdict["ok"], verdict["broken_seq"], verdict["count"]) == (False, 2, 1)
    assert await node.stop() == 0


async def test_a_day_is_closed_over_http_and_its_report_stays(front: Front) -> None:
    """X before, Z after; what is sold later is in the next day's."""
    manager = await front.sign_in("manager")
    (patron,) = await front.patrons(3, 1)
    item = await front.cheapest(patron)
    sale = order({"item_id": item["item_id"], "qty": 1})
    await front.need(201, patron, "POST", "/api/transactions/purchase", sale)
    day = today()
    before = await report(front, manager, day)
    assert (before["kind"], before["gross_minor"]) == ("X", item["price_minor"])
    body = {"venue_id": VENUE}
    path = f"/api/admin/business-days/{day}/close"
    closed = await front.need(200, manager, "POST", path, body)
    assert (closed["kind"], closed["z_number"], closed["status"]) == ("Z", 1, "closed")
    assert closed["figures"] == before["figures"]
    await front.need(201, patron, "POST", "/api/transactions/purchase", sale)
    assert await report(front, manager, day) == closed
    later = await report(front, manager, day + timedelta(days=1))
    assert (later["kind"], later["gross_minor"]) == ("X", item["price_minor"])
    again = await front.send(manager, "POST", path, body)
    assert (again.status_code, again.json()["code"]) == (409, "business_day_closed")
    staff = await front.sign_in("staff1")
    assert (await front.send(staff, "POST", path, body)).status_code == 403


async def test_a_node_killed_while_it_closes_a_day_closes_it_after_all(
    make_node: MakeNode, template: Template
) -> None:
    """The database is away when the totals are asked for: 202, then a kill, then the one Z."""
    node = make_node()
    await node.start()
    async with open_front(node.url, template.known) as front:
        manager = await front.sign_in("manager")
        (patron,) = await front.patrons(4, 1)
        item = await front.cheapest(patron)
        sale = order({"item_id": item["item_id"], "qty": 2})
        await front.need(201, patron, "POST", "/api/transactions/purchase", sale)
        day = today()
        path = f"/api/admin/business-days/{day}/close"
        node.server().kill()
        body = {"venue_id": VENUE, "carry_over": True}
        with trio.move_on_after(5):
            answer = await front.send(manager, "POST", path, body)
            assert answer.status_code in {200, 202}, answer.text
        node.kill()
        await node.start()

        async def is_closed() -> bool:
            found = await report(front, manager, day)
            return bool(found["status"] == "closed")

        await wait_until(is_closed, within_s=CLOSED_S)
        found = await report(front, manager, day)
        assert (found["z_number"], found["gross_minor"]) == (1, 2 * item["price_minor"])
    assert await node.stop() == 0
