"""Steps of visits: arriving, resting, moving, leaving."""

from __future__ import annotations

from lastlight.demo.ids import Kind, demo_id
from protocol.records.inventory import KaraokeRoom
from protocol.records.money import Transaction
from protocol.records.states import Activity, ReservationStatus, SessionStatus
from protocol.records.venues import Reservation
from protocol.records.visits import Session
from tests.simulation.night import PATRONS, Night, NoStep
from tests.simulation.workload.steps import step
from tests.twins.people import VENUE, Someone, here

SESSIONS = "/api/sessions"
TIMED_GAMES = tuple(str(demo_id(Kind.GAME, n)) for n in (10, 11, 12))


def _path(session: Session) -> str:
    return f"{SESSIONS}/{session.id}"


async def _own(night: Night, *statuses: SessionStatus) -> tuple[Someone, Session]:
    """A visit and whose it is, or who helps."""
    wanted = statuses or tuple(SessionStatus)
    session = night.row(Session, lambda row: row.status in wanted)
    if night.perhaps(0.25):
        return await night.worker(), session
    return await night.of_user(session.user_id), session


@step(9)
async def check_in(night: Night) -> None:
    """With the code at the door; most often when nobody is in yet."""
    patron, staff = await night.patron(), await night.worker()
    codes = await night.ask(staff, "GET", f"/api/venues/{VENUE}/checkin-code", again=False)
    if codes.status != 200:
        return
    activity = night.one(("lounge", "lounge", "arcade_time", "table", "karaoke_room"))
    body: dict[str, object] = {
        "venue_id": VENUE,
        "qr_token": codes.body["tokens"][night.one((0, 0, 0, 0, 5))]["qr_token"],
        "location": here(night.house),
        "party_size": night.random.randint(1, 4),
        "activity": activity,
    }
    booked = night.rows(
        Reservation,
        lambda row: (
            str(row.user_id) == patron.user_id
            and row.status in (ReservationStatus.CONFIRMED, ReservationStatus.ARRIVED)
        ),
    )
    if booked and night.perhaps(0.6):
        body |= {"reservation_id": str(night.one(booked).id), "activity": "karaoke_room"}
    await night.ask(patron, "POST", f"{SESSIONS}/checkin", body)


@step(3)
async def be_checked_in(night: Night) -> None:
    """By staff, without a phone."""
    patron, staff = await night.patron(), await night.worker()
    body = {"venue_id": VENUE, "user_id": patron.user_id, "activity": "lounge"}
    await night.ask(staff, "POST", f"{SESSIONS}/checkin", body)


@step(5)
async def check_out(night: Night) -> None:
    who, session = await _own(night)
    body = {"carry_over": night.perhaps(0.5)}
    await night.ask(who, "POST", f"{_path(session)}/checkout", body)


@step(4)
async def pause(night: Night) -> None:
    who, session = await _own(night, SessionStatus.ACTIVE)
    await night.ask(who, "POST", f"{_path(session)}/pause", {"reason": "a breath of air"})


@step(8)
async def resume(night: Night) -> None:
    who, session = await _own(night, SessionStatus.PAUSED, SessionStatus.AUTO_PAUSED)
    body: dict[str, object] = {"reason": "is back"}
    if who.name in PATRONS:
        body = {"location": here(night.house)}
    await night.ask(who, "POST", f"{_path(session)}/resume", body)


@step(5)
async def walk_away_or_come_back(night: Night) -> None:
    """Two fixes, outside or inside of the fence."""
    session = night.row(Session)
    who = await night.of_user(session.user_id)
    lat = night.one((35.6595, 35.6595 + 0.01))
    fixes = [
        {"lat": lat, "lon": 139.7005, "accuracy_m": 10, "fix_at": night.at(-seconds / 60)}
        for seconds in (40, 5)
    ]
    await night.ask(who, "POST", f"{_path(session)}/location", {"fixes": fixes})


@step(4)
async def do_something_else(night: Night) -> None:
    """Another activity, a timed machine, or a room."""
    who, session = await _own(night, SessionStatus.ACTIVE)
    rooms = [str(row.id) for row in night.rows(KaraokeRoom)]
    body = night.one(
        (
            {"activity": "lounge"},
            {"activity": "table"},
            {"activity": "arcade_time"},
            {"activity": "arcade_time", "game_id": night.one(TIMED_GAMES)},
            {"activity": "karaoke_room", "room_id": night.one(rooms)},
        )
    )
    await night.ask(who, "POST", f"{_path(session)}/activity", body)


@step(3)
async def want_the_same_machine(night: Night) -> None:
    """Two guests who are in, one after the other, for one machine or one room."""
    sessions = night.rows(Session, lambda row: row.status is SessionStatus.ACTIVE)
    if len(sessions) == 1:
        await be_checked_in(night)
        await night.house.wait_flushed()
        sessions = night.rows(Session, lambda row: row.status is SessionStatus.ACTIVE)
    rooms = [str(row.id) for row in night.rows(KaraokeRoom)]
    body = {"activity": "arcade_time", "game_id": night.one(TIMED_GAMES)}
    if night.perhaps(0.3):
        body = {"activity": "karaoke_room", "room_id": night.one(rooms)}
    for session in night.random.sample(sessions, min(2, len(sessions))):
        who = await night.of_user(session.user_id)
        await night.ask(who, "POST", f"{_path(session)}/activity", body)


@step(5)
async def stay_longer(night: Night) -> None:
    booked = (Activity.TABLE, Activity.KARAOKE_ROOM)
    session = night.row(Session, lambda row: row.activity in booked)
    who = await night.of_user(session.user_id)
    body = night.one(({}, {"minutes": 15}, {"minutes": 30}))
    await night.ask(who, "POST", f"{_path(session)}/extend", body)


@step(2)
async def note_something(night: Night) -> None:
    """Another party size, zone or note."""
    staff, session = await night.worker(), night.row(Session)
    body: dict[str, object] = {"note": "by the window"}
    if night.perhaps(0.6):
        body = {"party_size": night.random.randint(1, 6), "zone": "hall"}
    await night.ask(staff, "PATCH", _path(session), body, version=session.version)


@step(2)
async def take_a_visit_back(night: Night) -> None:
    head = await night.head()
    if night.perhaps(0.5):
        await be_checked_in(night)
        await night.house.wait_flushed()
    session = max(night.rows(Session), key=lambda row: row.started_at, default=None)
    if session is None:
        raise NoStep
    await night.ask(head, "DELETE", _path(session), {"reason": "the wrong person"})


@step(2)
async def send_away(night: Night) -> None:
    """Management ends a visit."""
    head, session = await night.head(), night.row(Session)
    code = night.one(("safety", "closing_time", "no_contact", "misconduct"))
    body: dict[str, object] = {"reason_code": code}
    if night.perhaps(0.3):
        body["effective_at"] = night.at(-night.random.randint(0, 20))
    await night.ask(head, "POST", f"{_path(session)}/force-checkout", body)


@step(3)
async def look_at_the_meter(night: Night) -> None:
    """And at the visit, the wallet, the floor and the queue: what is answered from memory."""
    session = night.row(Session)
    who = await night.of_user(session.user_id)
    staff = await night.worker()
    for person, path in (
        (who, f"{_path(session)}/meter"),
        (who, _path(session)),
        (who, "/api/transactions/credits"),
        (who, "/api/users/me/limits"),
        (staff, f"{SESSIONS}/active?venue_id={VENUE}"),
    ):
        await night.ask(person, "GET", path)


@step(2)
async def ask_for_what_is_not_theirs(night: Night) -> None:
    """Somebody else's visit and order look as if they were not there (Rule 15)."""
    patron = await night.patron()
    session = night.row(Session, lambda row: str(row.user_id) != patron.user_id)
    heard = await night.ask(patron, "POST", f"{_path(session)}/checkout", {})
    assert heard.status == 404 or patron.name in night.away, heard
    order = night.row(Transaction, lambda row: str(row.user_id) != patron.user_id)
    path = f"/api/transactions/{order.id}/refund"
    heard = await night.ask(patron, "POST", path, {"reason_code": "quality"})
    assert heard.status == 404 or patron.name in night.away, heard
    await night.ask(patron, "GET", "/api/transactions/credits")
