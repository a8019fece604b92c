"""What is done with wallets, through the front of a whole node, and over commits that fail."""

from __future__ import annotations

import itertools
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import trio
from trio.testing import MockClock

from lastlight.demo.ids import Kind, demo_id
from protocol.records.ledger import LedgerAccount
from protocol.records.money import CreditGrant, Transaction
from protocol.records.money_states import CreditSource, TransactionKind, TransactionStatus
from protocol.records.platform import AuditEntry
from protocol.records.states import ExclusionKind
from protocol.records.users import Exclusion
from tests.night.books import assert_all_is_well
from tests.night.cards import elevated
from tests.night.test_night_lost_commits import OneFault, insist
from tests.night.test_night_visits import COLA, COLA_MINOR, settled
from tests.twins.nodes import World
from tests.twins.people import (
    VENUE,
    Someone,
    an_order,
    check_in,
    go_on_duty,
    instant,
    open_till,
    sign_in,
)
from tests.twins.whole import LastLight, copy_of, open_memory_last_light

MONEY: Final = "/api/transactions"
FUNDS_MINOR: Final = 100_000


def a_grant(someone: Someone, amount_minor: int) -> dict[str, object]:
    return {
        "user_id": someone.user_id,
        "venue_id": VENUE,
        "amount_minor": amount_minor,
        "reason_code": "goodwill",
    }


async def wallet_of(someone: Someone) -> Any:
    return await someone.need(200, "GET", f"{MONEY}/credits")


def balance_of(world: World, code: str) -> int:
    """What stands on an account, once all is flushed."""
    accounts = world.database.table(LedgerAccount).values()
    return sum(one.balance_minor for one in accounts if one.code == code)


async def test_managers_give_within_their_limits_and_owners_without(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """2000 at once and 20000 a day, counted over all patrons; a repeat counts once."""
    other = await sign_in(house, "patron2")
    too_much = await manager.send("POST", f"{MONEY}/grant", a_grant(patron, 2001))
    assert (too_much.status, too_much.code) == (403, "approval_limit_exceeded")
    for n in range(10):
        someone = other if n % 2 else patron
        for _ in range(2):
            body = a_grant(someone, 2000)
            await manager.need(201, "POST", f"{MONEY}/grant", body, key=f"grant {n}")
    over = await manager.send("POST", f"{MONEY}/grant", a_grant(patron, 1))
    assert (over.status, over.code) == (403, "approval_limit_exceeded")
    given = await owner.need(201, "POST", f"{MONEY}/grant", a_grant(patron, 5000))
    assert (given["status"], given["amount_minor"]) == ("posted", 5000)
    assert (await wallet_of(patron))["bonus_minor"] == 15_000
    refused = await patron.send("POST", f"{MONEY}/grant", a_grant(patron, 1))
    assert refused.code == "forbidden"
    await settled(house)
    assert_all_is_well(house.world)
    lines = house.world.database.table(AuditEntry).values()
    assert sum(1 for line in lines if line.action == "credits.granted") == 11


async def exclude(world: World, user_id: str) -> None:
    """Somebody has kept themselves out since before the node began."""
    began = world.clock.now()
    row = Exclusion(
        id=uuid4(),
        user_id=UUID(user_id),
        venue_id=None,
        kind=ExclusionKind.SELF_EXCLUSION,
        starts_at=began,
        ends_at=None,
        reason=None,
        created_by=UUID(user_id),
    )
    world.database.rows.setdefault("exclusions", {})[row.primary_key] = row


async def test_a_refused_grant_gives_the_manager_their_allowance_back(
    world: World, autojump_clock: MockClock
) -> None:
    """The count is taken back when the account says no."""
    excluded = str(demo_id(Kind.USER, 9))
    await exclude(world, excluded)
    async with open_memory_last_light(world) as house:
        manager = await sign_in(house, "manager")
        body = a_grant(manager, 2000) | {"user_id": excluded}
        for _ in range(11):
            refused = await manager.send("POST", f"{MONEY}/grant", body)
            assert refused.code == "excluded"
        patron = await sign_in(house, "patron1")
        await manager.need(201, "POST", f"{MONEY}/grant", a_grant(patron, 2000))


async def test_a_gift_arrives_and_is_the_friends(
    house: LastLight, patron: Someone, autojump_clock: MockClock
) -> None:
    """Paid credit moves, by id or by the friend's code; transit is empty afterwards."""
    friend = await sign_in(house, "patron2")
    gift = {"to_user_id": friend.user_id, "amount_minor": 700, "venue_id": VENUE}
    for _ in range(2):
        given = await patron.need(201, "POST", f"{MONEY}/transfer", gift, key="for you")
        assert given["balance"]["available_minor"] == FUNDS_MINOR - 700
    shown = await friend.need(200, "GET", f"{MONEY}/credits?gift_code=true")
    code = shown["gift_code"]["code"]
    by_code = {"code": f"{code[:5]} {code[5:].lower()}", "amount_minor": 100}
    await patron.need(201, "POST", f"{MONEY}/transfer", by_code)
    again = await patron.send("POST", f"{MONEY}/transfer", by_code)
    assert (again.status, again.code) == (404, "not_found")
    assert (await wallet_of(friend))["paid_minor"] == FUNDS_MINOR + 800
    assert (await wallet_of(patron))["paid_minor"] == FUNDS_MINOR - 800
    nobody = await patron.send("POST", f"{MONEY}/transfer", gift | {"to_user_id": str(uuid4())})
    assert nobody.code == "not_found"
    too_little = await patron.send("POST", f"{MONEY}/transfer", gift | {"amount_minor": 99})
    assert too_little.code == "validation_failed"
    await settled(house)
    assert_all_is_well(house.world)
    assert balance_of(house.world, "platform:transit") == 0


@pytest.mark.parametrize("kind", ["before", "after"])
@pytest.mark.parametrize("takes", [True, False])
async def test_whichever_commit_fails_a_gift_is_given_once_or_not_at_all(
    kind: str, takes: bool, founded_world: World, autojump_clock: MockClock
) -> None:
    """The phone asks again with its key until it is told; then both wallets say the same."""
    friend_id = str(demo_id(Kind.USER, 9))
    for at in itertools.count(1):
        world, fault = copy_of(founded_world), OneFault(kind, at)
        if not takes:
            await exclude(world, friend_id)
        async with open_memory_last_light(world, hooks=fault) as house:
            patron = await sign_in(house, "patron1")
            await house.wait_flushed()
            fault.armed = True
            body = {"to_user_id": friend_id, "amount_minor": 5000, "venue_id": VENUE}
            told = await insist(
                lambda who=patron, gift=body: who.send(  # type: ignore[misc]
                    "POST", f"{MONEY}/transfer", gift, key="one gift"
                )
            )
            assert told.code == (None if takes else "recipient_unavailable")
            fault.armed = False
            await trio.sleep(30)
            await house.wait_flushed()
            moved = 5000 if takes else 0
            assert (await wallet_of(patron))["paid_minor"] == FUNDS_MINOR - moved
        world.database.rows.pop("exclusions", None)  # It was never in the journal.
        assert_all_is_well(world)
        assert balance_of(world, "platform:transit") == 0
        assert balance_of(world, f"user:{friend_id}:paid") == FUNDS_MINOR + moved
        halves = [
            one
            for one in world.database.table(Transaction).values()
            if one.kind is TransactionKind.TRANSFER
        ]
        assert len([one for one in halves if one.status is TransactionStatus.POSTED]) == 2 * takes
        if not fault.fired:
            break
    assert at > 2


async def test_a_crash_in_the_middle_of_a_gift_changes_nothing_of_it(
    world: World, autojump_clock: MockClock
) -> None:
    """What was in transit when the node fell arrives when it is up again, once."""
    gift = {"to_user_id": str(demo_id(Kind.USER, 9)), "amount_minor": 5000, "venue_id": VENUE}
    async with open_memory_last_light(world) as house:
        patron = await sign_in(house, "patron1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(patron.send, "POST", f"{MONEY}/transfer", gift)
            await house.event("transaction.posted")
            nursery.cancel_scope.cancel()
    async with open_memory_last_light(world) as house:
        await trio.sleep(10)
        await house.wait_flushed()
    assert_all_is_well(world)
    assert balance_of(world, "platform:transit") == 0
    assert balance_of(world, f"user:{gift['to_user_id']}:paid") == FUNDS_MINOR + 5000


async def test_a_hold_is_settled_by_management_or_ends_by_itself(
    house: LastLight, patron: Someone, manager: Someone, autojump_clock: MockClock
) -> None:
    """Held credit can't be spent; an hour later what nobody took is back."""
    ends_at = instant(house.world.clock.now().replace(microsecond=0))
    hold = {"venue_id": VENUE, "purpose": "tab", "amount_minor": 40_000, "expires_at": ends_at}
    late = await patron.send("POST", f"{MONEY}/holds", hold)
    assert (late.status, late.code) == (422, "validation_failed")
    ends = house.world.clock.now().timestamp() + 3600
    hold["expires_at"] = instant(house.world.clock.now().fromtimestamp(ends, tz=None).astimezone())
    first = await patron.need(201, "POST", f"{MONEY}/holds", hold)
    second = await patron.need(201, "POST", f"{MONEY}/holds", hold)
    assert second["balance"] == {"available_minor": 20_000, "held_minor": 80_000}
    third = await patron.send("POST", f"{MONEY}/holds", hold)
    assert third.code == "insufficient_credits"
    path = f"{MONEY}/holds/{first['hold_id']}/settle"
    assert (await patron.send("POST", path, {"capture_minor": 0})).code == "forbidden"
    done = await manager.need(200, "POST", path, {"capture_minor": 1_500})
    assert (done["status"], done["released_minor"]) == ("captured", 38_500)
    assert (await manager.send("POST", path, {"capture_minor": 0})).code == "hold_settled"
    await trio.sleep(3700)
    await patron.refresh()
    await manager.refresh()
    wallet = await wallet_of(patron)
    assert (wallet["held_minor"], wallet["available_minor"]) == (0, FUNDS_MINOR - 1_500)
    gone = f"{MONEY}/holds/{second['hold_id']}/settle"
    assert (await manager.send("POST", gone, {"capture_minor": 0})).code == "hold_expired"
    await settled(house)
    assert_all_is_well(house.world)


async def test_a_tip_is_told_to_who_took_the_order(
    house: LastLight, patron: Someone, staff: Someone, autojump_clock: MockClock
) -> None:
    """Staff order for a guest for cash through their till; the guest tips from the phone."""
    await go_on_duty(staff)
    await check_in(patron, staff)
    order = an_order(COLA, 2) | {"tender": "cash", "user_id": patron.user_id}
    refused = await staff.send("POST", f"{MONEY}/purchase", order)
    assert (refused.status, refused.code) == (409, "till_not_open")
    await open_till(staff)
    sold = await staff.need(201, "POST", f"{MONEY}/purchase", order)
    tip = {"amount_minor": COLA_MINOR}
    path = f"{MONEY}/{sold['transaction_id']}/tip"
    assert (await staff.send("POST", path, tip)).code == "not_found"
    await patron.need(201, "POST", path, tip)
    assert (await patron.send("POST", path, tip)).code == "tip_already_added"
    told = await house.event("staff.tip_received")
    assert [room for room, _ in told.rooms] == [f"user:{staff.user_id}"]
    assert told.data["amount_minor"] == COLA_MINOR
    await settled(house)
    assert_all_is_well(house.world)
    assert balance_of(house.world, f"venue:{VENUE}:tips") == COLA_MINOR


async def test_an_owner_puts_the_books_right(
    house: LastLight, patron: Someone, manager: Someone, owner: Someone, autojump_clock: MockClock
) -> None:
    """With a step-up, a reason, and against balances as they stand."""
    body = {
        "venue_id": VENUE,
        "user_id": patron.user_id,
        "postings": [
            {"account": f"user:{patron.user_id}:paid", "amount_minor": -300},
            {"account": f"venue:{VENUE}:tips", "amount_minor": 300},
        ],
        "reason": "the tip was meant for the bar",
        "corrects_id": str(uuid4()),
    }
    path = f"{MONEY}/adjustments"
    assert (await manager.send("POST", path, body)).code == "forbidden"
    assert (await owner.send("POST", path, body)).code == "step_up_required"
    await elevated(owner)
    done = await owner.need(201, "POST", path, body)
    assert done["amount_minor"] == -300
    assert (await wallet_of(patron))["paid_minor"] == FUNDS_MINOR - 300
    back = [
        {"account": f"venue:{VENUE}:tips", "amount_minor": -301},
        {"account": f"user:{patron.user_id}:paid", "amount_minor": 301},
    ]
    over = await owner.send("POST", path, body | {"postings": back})
    assert (over.status, over.code) == (409, "balance_would_be_negative")
    odd = [back[0], back[1] | {"amount_minor": 300}]
    unbalanced = await owner.send("POST", path, body | {"postings": odd})
    assert (unbalanced.status, unbalanced.code) == (422, "journal_unbalanced")
    await settled(house)
    assert_all_is_well(house.world)
    lots = house.world.database.table(CreditGrant).values()
    mine = [lot for lot in lots if str(lot.user_id) == patron.user_id]
    assert {lot.source for lot in mine} == {CreditSource.PAID}
