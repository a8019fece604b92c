"""A copy of everything, and the end of an account, on a whole node (Rule 16)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from lastlight.demo.founding import DEMO_PASSWORD
from protocol.internal.accounts import MakeExport, ScrubTables
from protocol.internal.people import SendNotice
from protocol.records.ledger import LedgerPosting
from protocol.records.money import Credits
from protocol.records.platform import ErasureJob
from protocol.records.runtime import KeptExclusion
from protocol.records.users import Exclusion
from tests.night.people_kit import a_newcomer, days_later, row_of, rows, settled
from tests.twins.nodes import World
from tests.twins.people import (
    VENUE,
    Someone,
    ask,
    check_in,
    go_on_duty,
    open_till,
    sign_in,
    top_up,
)
from tests.twins.whole import LastLight, open_memory_last_light


async def test_a_copy_of_ones_data_is_made_once_a_day(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """The file is made outside, and its owner's; who asks again is told where it will be."""
    path = "/api/users/me/export"
    house.world.effects.hangs = trio.Event()
    job = await patron.need(202, "GET", path)
    assert (job["status"], job["path"]) == ("pending", f"/api/users/me/exports/{job['job_id']}")
    again = await patron.send("GET", path)
    assert (again.status, again.code) == (429, "rate_limited")
    assert int(again.headers["retry-after"]) > 80_000
    assert (await patron.send("GET", job["path"])).status == 404
    house.world.effects.hangs.set()
    await settled(house)
    (asked,) = (m.command for m in house.world.effects.done if isinstance(m.command, MakeExport))
    assert str(asked.job_id) == job["job_id"]
    assert (await patron.send("GET", job["path"])).status == 200
    other = await sign_in(house, "patron2")
    assert (await other.send("GET", job["path"])).status == 404


async def test_an_account_is_erased_after_seven_days_and_nothing_of_it_is_left(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 16: signed out at once, scrubbed after the grace, and the address is free.

    Rule 16 erasure.
    """
    async with open_memory_last_light(world) as house:
        guest = await a_newcomer(house, "leaving", phone="+81312345678")
        taken = await guest.need(202, "DELETE", "/api/users/me", {})
        assert taken["kept"]
        assert (await guest.send("GET", "/api/users/me/limits")).status == 401
        again = await guest.need(202, "DELETE", "/api/users/me", {})
        assert again["erasure_id"] == taken["erasure_id"]
    async with days_later(world, 7) as house:
        await settled(house)
        user = row_of(house, guest)
        assert user.status.value == "erased"
        personal = (user.email, user.display_name, user.phone, user.birth_date)
        assert personal == (None, None, None, None)
        assert [m for m in house.world.effects.done if isinstance(m.command, ScrubTables)]
        login = {"email": "leaving@lastlight.example", "password": DEMO_PASSWORD}
        assert (await ask(house, "POST", "/api/auth/login", login)).code == "invalid_credentials"
        assert (await a_newcomer(house, "leaving")).user_id != guest.user_id
        await settled(house)


async def test_who_signs_in_within_the_grace_keeps_the_account(
    world: World, autojump_clock: MockClock
) -> None:
    """People change their minds; coming back is saying so."""
    async with open_memory_last_light(world) as house:
        guest = await a_newcomer(house, "wavering")
        await guest.need(202, "DELETE", "/api/users/me", {})
    async with days_later(world, 3) as house:
        await sign_in(house, "wavering")
    async with days_later(world, 10) as house:
        await settled(house)
        assert row_of(house, guest).status.value == "active"
        assert [job.status for job in rows(house, ErasureJob)] == ["cancelled"]


async def test_what_is_left_in_the_wallet_is_given_up_by_a_journal(
    world: World, autojump_clock: MockClock
) -> None:
    """Money never vanishes: it is refunded before, or given up and booked."""
    me = "/api/users/me"
    async with open_memory_last_light(world) as house:
        patron, staff = await sign_in(house, "patron1"), await sign_in(house, "staff1")
        visit = f"/api/sessions/{(await check_in(patron, staff))['session_id']}"
        assert (await patron.send("DELETE", me, {})).code == "session_active"
        await patron.need(200, "POST", f"{visit}/checkout")
        left = await patron.send("DELETE", me, {})
        assert (left.status, left.code) == (409, "balance_outstanding")
        await patron.need(202, "DELETE", me, {"forfeit": True})
    async with days_later(world, 7) as house:
        await settled(house)
        (wallet,) = (row for row in rows(house, Credits) if str(row.user_id) == patron.user_id)
        assert (wallet.paid_minor, wallet.bonus_minor, wallet.held_minor) == (0, 0, 0)
        booked = sum(
            row.amount_minor
            for row in rows(house, LedgerPosting)
            if row.account_code == f"venue:{VENUE}:revenue:forfeited"
        )
        assert booked == 100_000
        assert sum(row.amount_minor for row in rows(house, LedgerPosting)) == 0
        assert row_of(house, patron).email is None


async def test_cash_that_came_after_the_request_is_not_given_up_unasked(
    world: World, autojump_clock: MockClock
) -> None:
    """Nothing was in the wallet when they asked, so nobody asked them; they are told."""
    async with open_memory_last_light(world) as house:
        guest, staff = await a_newcomer(house, "paidlater"), await sign_in(house, "staff1")
        await go_on_duty(staff)
        await open_till(staff)
        taken = await guest.need(202, "DELETE", "/api/users/me", {})
        assert taken["refundable"] == []
        await top_up(staff, guest, 5_000)
    async with days_later(world, 9) as house:
        await settled(house)
        (wallet,) = (row for row in rows(house, Credits) if str(row.user_id) == guest.user_id)
        assert (wallet.paid_minor, row_of(house, guest).status.value) == (5_000, "active")
        notices = [m.command for m in house.world.effects.done if isinstance(m.command, SendNotice)]
        assert [m.email for m in notices if m.kind == "erasure_waits"] == [
            "paidlater@lastlight.example"
        ]
        back = await sign_in(house, "paidlater")
        assert (await back.send("DELETE", "/api/users/me", {})).code == "balance_outstanding"
        await back.need(202, "DELETE", "/api/users/me", {"forfeit": True})
    async with days_later(world, 7) as house:
        await settled(house)
        assert row_of(house, guest).status.value == "erased"


async def test_nobody_sheds_an_exclusion_by_registering_again(
    world: World, autojump_clock: MockClock
) -> None:
    """Rule 16: only a salted digest of the address outlives the account, and it is enough.

    Rule 16 still_excluded.
    """
    async with open_memory_last_light(world) as house:
        guest = await a_newcomer(house, "excluded")
        body = {"kind": "self_exclusion", "months": 6}
        await guest.need(201, "POST", "/api/safety/exclusions", body)
        await guest.need(202, "DELETE", "/api/users/me", {})
    async with days_later(world, 7) as house:
        await settled(house)
        (kept,) = rows(house, KeptExclusion)
        assert len(kept.identity_hash) == 32
        back = await a_newcomer(house, "excluded", email="Excluded@LastLight.example")
        shown = await back.need(200, "GET", "/api/users/me/limits")
        assert [one["kind"] for one in shown["exclusions"]] == ["self_exclusion"]
        await settled(house)
        assert len(rows(house, Exclusion)) == 2
