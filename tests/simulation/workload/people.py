"""Steps of people: who they are, what they may, what they want."""

from __future__ import annotations

from uuid import uuid5

from lastlight.demo.founding import DEMO_PASSWORD
from lastlight.demo.ids import DEMO_VENUE
from tests.simulation.night import PATRONS, Night
from tests.simulation.signing import ask_without_token
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, Someone

ME = "/api/users/me"
LAST_STAFF = "patron8"
"""A guest who is given work now and then."""


@step(2)
async def register(night: Night) -> None:
    """Somebody new, or somebody who has an account already; age is seen by staff."""
    name = f"newcomer{night.random.randint(1, 3)}"
    body: dict[str, object] = {
        "email": f"{name}@lastlight.example", "password": DEMO_PASSWORD,
        "display_name": "Somebody New", "birth_date": "1990-05-04",
    }  # fmt: skip
    heard = await ask_without_token(night, "/api/auth/register", body, key=night.fresh_key())
    night.say(f"{name} registers: {heard.status} {heard.code}")
    assert heard.status in {201, 409}, heard
    if heard.status == 201:
        night.met["register"] += 1
        night.people[name] = Someone(
            house=night.house, name=name, user_id=heard.body["user"]["user_id"],
            token=heard.body["access_token"], refresh_token=heard.body["refresh_token"],
        )  # fmt: skip


async def _newcomer(night: Night) -> Someone:
    """Somebody who came tonight."""
    if not any(name.startswith("newcomer") for name in night.people) or night.perhaps(0.2):
        await register(night)
    return await night.who([name for name in night.people if name.startswith("newcomer")])


@step(2)
async def see_an_id_card(night: Night) -> None:
    patron, staff = await _newcomer(night), await night.worker()
    body = {"document_type": "passport", "birth_date": "1990-05-04", "venue_id": VENUE}
    await night.ask(staff, "POST", f"/api/users/{patron.user_id}/age-verification", body)


@step(2)
async def change_a_profile(night: Night) -> None:
    patron = await night.patron()
    body = night.one(({"phone": "+81312345678"}, {"clear": ["phone"]}, {"locale": "ja"}))
    await night.ask(patron, "PATCH", ME, body, version=1)


@step(2)
async def change_preferences(night: Night) -> None:
    patron = await night.patron()
    body = {"channels": {"push": night.perhaps(0.5)}, "marketing_consent": night.perhaps(0.5)}
    await night.ask(patron, "PUT", f"{ME}/preferences", body, version=0)


@step(3)
async def limit_oneself(night: Night) -> None:
    patron = await night.patron()
    body: dict[str, object] = {
        "kind": night.one(("spend", "topup")), "period": night.one(("day", "week", "month")),
        "amount_minor": night.one((1_000, 20_000, 60_000, 90_000)),
    }  # fmt: skip
    if night.perhaps(0.4):
        body = {"kind": "time", "period": "day", "minutes": night.one((30, 240, 600))}
    if night.perhaps(0.15):
        body = {"kind": body["kind"], "period": body["period"], "remove": True}
    await night.ask(patron, "PUT", f"{ME}/limits", body)


@step(2)
async def use_a_phone(night: Night) -> None:
    """Register a device for pushes, or forget it."""
    patron = await night.patron()
    device = f"phone-{night.random.randint(1, 3)}"
    if night.perhaps(0.3):
        await night.ask(patron, "DELETE", f"{ME}/devices/{device}")
        return
    body = {"device_id": device, "platform": "fcm", "token": f"push-{device}", "app": "guests 1"}
    await night.ask(patron, "POST", f"{ME}/devices", body)


@step(2)
async def give_or_take_a_role(night: Night) -> None:
    owner, person = await night.owner(), await night.named(LAST_STAFF)
    await night.prove(owner)
    roles = night.one(([], ["staff"], ["staff"]))
    path = f"/api/users/{person.user_id}/roles"
    await night.ask(owner, "PUT", path, {"venue_id": VENUE, "roles": roles})


@step(1)
async def suspend_or_let_back_in(night: Night) -> None:
    head, patron = await night.head(), await night.named(PATRONS[0])
    status = "active" if patron.name in night.away else night.one(("active", "suspended"))
    body = {"venue_id": VENUE, "status": status, "reason": "a stolen card"}
    heard = await night.ask(head, "PUT", f"/api/users/{patron.user_id}/status", body)
    if heard.status == 200 and status == "active":
        night.away.discard(patron.name)


@step(1)
async def sign_out(night: Night) -> None:
    """One device, or all of them; the next thing asked signs in again."""
    patron = await night.patron()
    path, body = "/api/auth/logout", {"all_devices": night.perhaps(0.4)}
    await night.ask(patron, "POST", path, body, again=False)


@step(2)
async def leave_for_good(night: Night) -> None:
    """Erasure begins, after seven days of grace."""
    patron = await _newcomer(night)
    await night.ask(patron, "DELETE", ME, {"forfeit": night.perhaps(0.8)}, again=False)


@step(4)
async def send_what_was_kept_offline(night: Night) -> None:
    """A device comes back with what was done while it had no line (Rule 12)."""
    patron = await night.patron()
    active = await night.ask(patron, "GET", f"/api/sessions/active?venue_id={VENUE}")
    sessions = active.body["items"] if active.status == 200 else []
    commands = []
    paths = ["/api/transactions/topup"]
    if sessions:
        path = f"/api/sessions/{sessions[0]['session_id']}"
        paths = [f"{path}/pause", f"{path}/resume", f"{path}/checkout"][
            : night.random.randint(1, 3)
        ]
    last = night.seq[patron.name]
    for n, path in enumerate(paths, 1):
        night.seq[patron.name] += 1
        commands.append(
            {
                "seq": last + n,
                "command_id": str(uuid5(DEMO_VENUE, f"{night.seed} {patron.name} {last + n}")),
                "occurred_at": night.at(-night.random.randint(0, 40)),
                "method": "POST",
                "path": path,
                "body": {},
            }
        )
    commands.sort(key=lambda one: str(one["seq"]).zfill(9))
    body = {"device_id": f"phone of {patron.name}", "commands": commands}
    heard = await night.ask(patron, "POST", "/api/sync/commands", body, again=False)
    if heard.status == 409:
        night.seq[patron.name] = heard.body["last_seq"]
