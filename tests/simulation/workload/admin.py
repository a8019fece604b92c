"""Steps of those who run the place: settings, the venue itself, business days, operators."""

from __future__ import annotations

from datetime import timedelta

from lastlight.demo.ids import DEMO_VENUE
from protocol.records.venues import Venue
from tests.simulation.night import ELSEWHERE, Night
from tests.simulation.workload.steps import step
from tests.simulation.worlds import SECOND
from tests.twins.people import VENUE, Heard


@step(2)
async def change_a_setting(night: Night) -> None:
    owner = await night.owner()
    await night.prove(owner)
    setting = night.one(
        (
            {"lounge_minor_per_h": night.one((540, 600, 660))},
            {"pauses_max": night.one((2, 6))},
            {"paused_max_minutes": night.one((20, 45))},
            {"break_reminder_minutes": night.one((15, 60))},
            {"long_session_minutes": night.one((45, 240))},
            {"no_show_minutes": night.one((5, 15))},
            {"time_tax_bp": night.one((0, 1_000))},
            {"time_cap_per_day_minor": night.one((1_000, 6_000))},
            {"sos_critical_tier_1_s": night.one((20, 30))},
        )
    )
    body: dict[str, object] = {"venue_id": VENUE, "settings": setting}
    if night.perhaps(0.3):
        body["effective_at"] = night.at(night.one((10, 90)))
    await night.ask(owner, "PATCH", "/api/admin/settings", body, version=1)


@step(1)
async def open_or_close_the_doors(night: Night) -> None:
    """Most often open again: a closed house is a quiet night."""
    away = ELSEWHERE.get()
    (venue,) = night.rows(Venue, lambda row: row.id == (SECOND if away else DEMO_VENUE))
    status = night.one(("open", "open", "open", "closing", "closed", "suspended"))
    heard = await set_the_doors(night, venue, status, night.one((6, 12, 600)))
    night.shut |= heard.status == 200 and status != "open" and not away


async def set_the_doors(night: Night, venue: Venue, status: str, capacity: int) -> Heard:
    """Say how the house is to be, all else being as it was."""
    body = {
        "name": venue.name, "tz": venue.tz, "currency": venue.currency, "lat": venue.lat,
        "lon": venue.lon, "radius_m": venue.radius_m, "capacity": capacity,
        "hours": {"always_open": True}, "status": status, "reason": "we count",
    }  # fmt: skip
    path = f"/api/admin/venues/{VENUE}"
    return await night.ask(await night.owner(), "PUT", path, body, version=venue.version)


@step(4)
async def close_the_day(night: Night) -> None:
    """The day that runs, or the one before."""
    head = await night.head()
    day = (night.now + timedelta(hours=9 - 5)).date() - timedelta(days=night.one((0, 0, 1)))
    path = f"/api/admin/business-days/{day}/close"
    body = {"venue_id": VENUE, "carry_over": night.perhaps(0.7)}
    await night.ask(head, "POST", path, body)


@step(1)
async def look_into_an_actor(night: Night) -> None:
    owner = await night.owner()
    await night.ask(owner, "GET", f"/api/admin/actors/venue/{VENUE}")
    await night.ask(owner, "GET", "/api/admin/actors")
    await night.ask(owner, "GET", f"/api/admin/settings?venue_id={VENUE}")


@step(6)
async def ask_for_an_old_answer(night: Night) -> None:
    """Minutes or hours later, by the same key: the same answer, and nothing happens."""
    sent, heard = night.one(list(night.remembered))
    await night.hear_again(sent, heard)
    night.met["ask for an old answer"] += 1
