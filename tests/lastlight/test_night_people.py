"""The people of the demo's night, against a node that is a table of answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import attrs
import httpx
import pytest
import trio
from trio.testing import MockClock

from lastlight.demo.night_figures import Figures
from lastlight.demo.night_floor import Floor, now_text
from lastlight.demo.night_patron import Patron
from lastlight.demo.night_plan import Offer, Step, Visit
from lastlight.demo.night_staff import Duty, StaffMember

Said = tuple[int, dict[str, Any]]
SIGNED_IN = {
    "access_token": "first",
    "refresh_token": "r1",
    "expires_in": 900,
    "user": {"user_id": "u-1"},
}
CODE = {"qr_token": "q", "valid_from": "2020-01-01T00:00:00Z", "valid_to": "2099-01-01T00:00:00Z"}
MENU = (
    {"item_id": "beer", "alcohol": True, "price_minor": 700},
    {"item_id": "tea", "alcohol": False, "price_minor": 300},
)


@attrs.define(eq=False)
class Answers(httpx.AsyncBaseTransport):
    """Answers by method and path, the last answer again and again; remembers what was asked."""

    by_line: dict[str, list[Said]]
    asked: list[tuple[str, Any, str | None]] = attrs.field(factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As a node would, at once."""
        line = f"{request.method} {request.url.path}"
        body = json.loads(request.content) if request.content else None
        self.asked.append((line, body, request.headers.get("Authorization")))
        known = self.by_line.get(line)
        if known is None:
            raise httpx.ConnectError("nobody listens")
        status, said = known.pop(0) if len(known) > 1 else known[0]
        return httpx.Response(status, json=said)

    def lines(self) -> list[str]:
        """What was asked, in order."""
        return [line for line, _, _ in self.asked]


def a_floor(**answers: Any) -> tuple[Floor, Answers]:
    """A house whose answers are named `METHOD path`; signing in works."""
    by_line = {"POST /api/auth/login": [(200, SIGNED_IN)], **answers}
    transport = Answers(by_line)
    http = httpx.AsyncClient(transport=transport, base_url="http://node")
    floor = Floor(
        http=http,
        url="http://node",
        figures=Figures(trio.current_time),
        speed=1.0,
        dice=Random(1),
        offer=Offer(menu=MENU),
    )
    return floor, transport


@pytest.fixture
def clock(autojump_clock: MockClock) -> MockClock:
    """Hours pass at once: nothing here has a socket or a thread."""
    return autojump_clock


async def test_every_answer_is_counted_and_none_is_raised(clock: MockClock) -> None:
    """The night must go on whatever a node answers."""
    floor, _ = a_floor(
        **{
            "POST /api/no": [(409, {"code": "station_busy"})],
            "POST /api/yes": [(201, {"done": True})],
            "POST /api/strange": [(502, {})],
        }
    )
    person = floor.person("patron1")
    assert (await person.post("/api/no")).code == "unauthenticated"
    assert await person.sign_in()
    assert (await person.post("/api/no")).code == "station_busy"
    assert (await person.post("/api/yes")).ok
    assert (await person.post("/api/strange")).code == "http_502"
    assert (await person.post("/api/nowhere")).code == "no_answer"
    counted = floor.figures.refusals
    assert counted == {"station_busy": 1, "http_502": 1, "no_answer": 1}


async def test_tokens_are_renewed_before_they_end(clock: MockClock) -> None:
    """A night lasts longer than the quarter of an hour of a token."""
    renewed = {"access_token": "second", "refresh_token": "r2", "expires_in": 900}
    floor, transport = a_floor(
        **{"POST /api/auth/refresh": [(200, renewed)], "GET /api/me": [(200, {})]}
    )
    person = floor.person("patron1")
    await person.sign_in()
    await trio.sleep(800)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(person.get, "/api/me")
        nursery.start_soon(person.get, "/api/me")
    assert transport.lines().count("POST /api/auth/refresh") == 1
    assert {token for line, _, token in transport.asked if line == "GET /api/me"} == {
        "Bearer second"
    }


async def test_who_was_signed_out_signs_in_again(clock: MockClock) -> None:
    """A family may have been revoked; that is an answer like any other."""
    floor, transport = a_floor(
        **{
            "POST /api/auth/refresh": [(401, {"code": "refresh_reused"})],
            "GET /api/me": [(200, {})],
        }
    )
    person = floor.person("patron1")
    await person.sign_in()
    await trio.sleep(800)
    assert (await person.get("/api/me")).ok
    assert transport.lines().count("POST /api/auth/login") == 2
    assert floor.figures.refusals == {"refresh_reused": 1}


async def a_patron(**answers: Any) -> tuple[Patron, Answers]:
    """Signed in, before a door that shows its code."""
    path = "GET /api/venues/00000000-0000-7000-8000-000000000001/checkin-code"
    floor, transport = a_floor(**{path: [(200, {"tokens": [CODE]})], **answers})
    patron = Patron(floor.person("patron1"), floor)
    await floor.sign_in(patron.person)
    floor.keep_door(patron.person)
    return patron, transport


async def test_a_patron_comes_in_does_things_and_leaves(clock: MockClock) -> None:
    """A visit ends with a checkout, so that the meter is paid."""
    everything: dict[str, list[Said]] = {
        f"POST /api/sessions/s-1/{what}": [(200, {})]
        for what in ("activity", "pause", "resume", "location", "checkout")
    }
    patron, transport = await a_patron(
        **{
            "POST /api/sessions/checkin": [(201, {"session_id": "s-1"})],
            "POST /api/transactions/purchase": [(201, {})],
            "GET /api/sessions/s-1/meter": [(200, {})],
            "GET /api/transactions/credits": [(200, {})],
        },
        **everything,
    )
    visit = await patron.come_in()
    assert visit is not None
    assert visit.session_id == "s-1"
    checkin = transport.asked[-1][1]
    assert checkin["qr_token"] == "q"
    with trio.fail_after(3_600):
        await patron.enjoy(visit)
    assert transport.lines()[-1] == "POST /api/sessions/s-1/checkout"
    assert not patron.floor.figures.refusals


async def test_who_is_still_in_from_an_earlier_night_goes_on(clock: MockClock) -> None:
    """The demo may be ended at any moment, and its visits go on in the data directory."""
    mine = {"items": [{"session_id": "s-old", "party_size": 2}]}
    patron, _ = await a_patron(
        **{
            "POST /api/sessions/checkin": [(409, {"code": "session_active"})],
            "GET /api/sessions/active": [(200, mine)],
        }
    )
    visit = await patron.come_in()
    assert visit is not None
    assert (visit.session_id, visit.party_size) == ("s-old", 2)


async def test_a_visit_that_somebody_ended_is_over(clock: MockClock) -> None:
    """Management may check anybody out."""
    patron, transport = await a_patron(
        **{"POST /api/sessions/s-1/resume": [(409, {"code": "session_closed"})]}
    )
    await patron.enjoy(Visit(session_id="s-1", steps_left=9, paused=True))
    assert transport.lines()[-1] == "POST /api/sessions/s-1/resume"


async def test_who_gets_no_alcohol_takes_something_else(clock: MockClock) -> None:
    """Rule 7: water and food stay available."""
    refused = (403, {"code": "alcohol_refused"})
    patron, transport = await a_patron(
        **{"POST /api/transactions/purchase": [refused, (201, {"ok": True})]}
    )
    reply = await patron.take(Step.DRINK, Visit(session_id="s-1"))
    assert reply is not None
    assert reply.ok
    ordered = [
        body["lines"][0]["item_id"] for line, body, _ in transport.asked if "lines" in (body or {})
    ]
    assert ordered == ["beer", "tea"]


async def test_a_till_takes_cash_and_the_patron_waits_for_it(clock: MockClock) -> None:
    """Cash goes through staff with an open till, never from a patron alone."""
    patron, transport = await a_patron(
        **{
            "POST /api/staff/tills": [(201, {})],
            "POST /api/transactions/topup": [(201, {})],
        }
    )
    floor = patron.floor
    keeper = StaffMember(floor.person("staff1"), floor, "staff1", Duty.TILL)
    await floor.sign_in(keeper.person)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(keeper.keep_till)
        await patron.pay_in()
        nursery.cancel_scope.cancel()
    line, body, _ = transport.asked[-1]
    assert line == "POST /api/transactions/topup"
    assert (body["tender"], body["user_id"]) == ("cash", "u-1")


async def helped(change: Callable[[StaffMember], None]) -> list[Any]:
    """What a staff member says to an SOS, after `change`."""
    path = "POST /api/emergency/sos/i-1/respond"
    floor, transport = a_floor(**{path: [(200, {})]})
    member = StaffMember(floor.person("staff2"), floor, "staff2")
    await floor.sign_in(member.person)
    calls, heard = trio.open_memory_channel[str](1)
    raised = {"incident_id": "i-1", "raised_by": "u-2", "display_name": "Staff 1"}
    raised |= {"severity": "high", "zone": "", "repeat": 0}  # type: ignore[dict-item]
    event = {"id": "e-1", "type": "emergency.sos_raised", "data": raised}
    member.hear(event, calls)
    change(member)
    await member.help(await heard.receive())
    return [body["action"] for line, body, _ in transport.asked if line == path]


async def test_a_colleague_goes_says_so_and_ends_it(clock: MockClock) -> None:
    """No SOS of the demo stays open, or it would get louder and louder."""
    said = await helped(lambda member: None)
    assert said[:2] == ["acknowledge", "on_scene"]
    assert said[2] in {"resolve", "false_alarm"}


async def test_nobody_goes_where_a_colleague_goes_already(clock: MockClock) -> None:
    """Rule 8: the first acknowledgement owns it."""

    def taken(member: StaffMember) -> None:
        data = {"incident_id": "i-1", "display_name": "Staff 4", "after_ms": 9}
        data |= {"status": "acknowledged"}
        calls, _ = trio.open_memory_channel[str](1)
        member.hear({"id": "e", "type": "emergency.sos_acknowledged", "data": data}, calls)

    assert await helped(taken) == []


async def test_nobody_answers_the_own_call(clock: MockClock) -> None:
    """Rule 8: the raiser never acknowledges own."""
    floor, _ = a_floor()
    member = StaffMember(floor.person("staff2"), floor, "staff2")
    await floor.sign_in(member.person)
    calls, heard = trio.open_memory_channel[str](1)
    raised = {"incident_id": "i-1", "raised_by": "u-1", "display_name": "Staff 2"}
    raised |= {"severity": "high", "zone": "", "repeat": 0}  # type: ignore[dict-item]
    member.hear({"id": "e", "type": "emergency.sos_raised", "data": raised}, calls)
    with pytest.raises(trio.WouldBlock):
        heard.receive_nowait()


def test_now_is_written_as_the_wire_has_it() -> None:
    """RFC 3339 in UTC with milliseconds."""
    assert now_text().endswith("Z")
    assert len(now_text()) == len("2026-01-01T20:00:00.000Z")
