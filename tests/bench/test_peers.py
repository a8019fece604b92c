"""The servers that ours is measured beside do the same job: its checks, its answers, its rows.

A peer that does less would be beaten for nothing. Each test runs on both of them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import trio
from trio_websocket import open_websocket_url

from bench.audit import Auditor
from bench.ceilings import transaction_rate
from bench.peer import Peer
from bench.peers.serving import install
from bench.stored import NotDurable, demand_durable
from lastlight.demo.place import PORTIONS
from protocol.replies.sessions import CheckedIn, SessionDetail
from protocol.replies.transactions import Purchased
from tests.bench.peers import (
    AT_ONCE,
    Client,
    a_conversation,
    a_peer,
    at_once,
    code_of,
    same,
)
from tests.conftest import PostgresForTests


@pytest.fixture(scope="module", params=["express", "fastapi"])
def client(
    request: pytest.FixtureRequest,
    postgres_for_tests: PostgresForTests,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """Each peer, with a town of two venues."""
    if request.param == "express":
        install()
    made = postgres_for_tests.ask("create")
    with a_peer(request.param, made["url"], tmp_path_factory.mktemp(request.param)) as asked:
        yield asked
    postgres_for_tests.ask(f"drop {made['name']}")


def test_a_peer_answers_in_our_words(client: Client) -> None:
    """One client drives all servers, and reads the same members with the same spelling."""
    entered = client.check_in(1)
    assert (entered.status_code, entered.headers["etag"]) == (201, '"v1"')
    visit: CheckedIn = same(CheckedIn, entered)
    assert visit.held_minor == 150
    shown = client.read(1, str(visit.session_id))
    detail: SessionDetail = same(SessionDetail, shown)
    assert (shown.status_code, shown.headers["etag"]) == (200, '"v1"')
    assert [segment.rate_minor_per_h for segment in detail.segments] == [600]
    assert [hold.amount_minor for hold in detail.holds] == [150]
    sale: Purchased = same(Purchased, client.buy(1))
    assert (sale.total_minor, sale.tax_minor) == (100, 9)
    assert (sale.balance.available_minor, sale.balance.held_minor) == (99_750, 150)


def test_a_peer_passes_the_audit_that_our_node_passes(client: Client) -> None:
    """Forged tokens, strangers, missing keys, keys with another body: the suite asks them all."""
    Auditor(cast("Peer", client.peer), client.town).probe(2, 3)


def test_a_charge_grows_as_ours_does(client: Client) -> None:
    """A read that skipped the meter would be cheaper than ours: an hour and a half is 900."""
    visit = client.check_in(4).json()["session_id"]
    assert client.read(4, visit).json()["charge_minor"] == 0  # A short visit is free.
    client.sql(
        "update session_segments set started_at = started_at - interval '90 min'"
        f" where session_id = '{visit}'"
    )
    told = client.read(4, visit).json()
    assert told["charge_minor"] == 900
    assert told["segments"][0]["active_ms"] >= 90 * 60_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"qr_token": "AAAA.AAAA"}, "qr_expired"),
        ({"location": {"lat": 35.7, "lon": 139.7, "accuracy_m": 10}}, "geofence_outside"),
        ({"location": {"lat": 35.6595, "lon": 139.7005, "accuracy_m": 101}}, "location_inaccurate"),
        ({"activity": "karaoke_room"}, "validation_failed"),
        ({"party_size": 0}, "validation_failed"),
        ({"more": 1}, "validation_failed"),
    ],
)
def test_who_may_not_come_in_is_told_why(
    client: Client, changes: dict[str, Any], code: str
) -> None:
    """The door's code, the fence and the body are checked as our node checks them."""
    if "location" in changes:
        now = client.town.check_in(1)["location"]["fix_at"]
        changes = {"location": {**changes["location"], "fix_at": now}}
    gained = client.gained(lambda: _expect(client.check_in(5, **changes), code))
    assert gained.sessions == gained.check_in_keys == 0


def _expect(answer: httpx.Response, code: str) -> None:
    assert code_of(answer) == code


def test_another_venues_code_opens_no_door(client: Client) -> None:
    """The signature is over the venue, so a code seen elsewhere is worth nothing."""
    assert code_of(client.check_in(5, qr_token=client.town.door_code(2))) == "qr_expired"


CHANGES = {
    "forbidden": "update users set status = 'suspended' where id = '{user}'",
    "unauthenticated": "update users set token_version = 2 where id = '{user}'",
    "excluded": """
        insert into exclusions (id, user_id, kind, starts_at)
        values ('{user}', '{user}', 'self_exclusion', now())""",
    "insufficient_credits": """
        update credit_grants set remaining_minor = 40 where user_id = '{user}';
        update credits set paid_minor = 40 where user_id = '{user}'""",
}


@pytest.mark.parametrize("code", CHANGES)
def test_what_changes_about_a_patron_counts_at_once(client: Client, code: str) -> None:
    """Standing, tokens, exclusion and credit are read each time, not remembered."""
    n = 11 + list(CHANGES).index(code)
    client.sql(CHANGES[code].format(user=client.town.patron_id(n)))
    assert code_of(client.check_in(n)) == code
    assert code_of(client.buy(n)) == code


def test_limits_of_ones_own_stop_a_purchase(client: Client) -> None:
    """Who wanted to spend no more than 150 today buys once for 100, and not twice."""
    user = client.town.patron_id(15)
    client.sql(
        "insert into user_limits (id, user_id, kind, period, value, effective_at, pending_removal)"
        f" values ('{user}', '{user}', 'spend', 'day', 150, now() - interval '1 h', false)"
    )
    assert client.buy(15).status_code == 201
    assert code_of(client.buy(15)) == "spend_limit_reached"


def test_alcohol_is_sold_by_age_and_number(client: Client) -> None:
    """Rule 7 holds for peers too: two drinks a person, none below age."""
    venue = client.town.venue_id(1)
    beer = client.sql(
        f"select id from menu_items where name = 'Highball' and venue_id = '{venue}'"
    ).strip()
    assert client.buy(17, lines=[{"item_id": beer, "qty": 2}]).status_code == 201
    assert code_of(client.buy(17, lines=[{"item_id": beer, "qty": 3}])) == "quantity_limit"
    client.sql(f"update users set birth_date = now() where id = '{client.town.patron_id(17)}'")
    assert code_of(client.buy(17, lines=[{"item_id": beer, "qty": 1}])) == "age_unverified"


def test_the_last_of_something_is_sold_once(client: Client) -> None:
    """Stock is checked by what commits, so those who read it at the same time can't all have it."""
    item, venue = client.town.item_id(2), client.town.venue_id(2)
    where = f"where item_id = '{item}' and venue_id = '{venue}'"
    client.sql(f"update inventory_levels set on_hand_milli = 1500 {where}")
    patrons = [n for n in range(20, 40) if client.town.home_of(n) == 2]
    answers: list[httpx.Response] = []
    gained = client.gained(lambda: answers.extend(at_once(lambda at: client.buy(patrons[at]))))
    refused = [code_of(answer) for answer in answers if answer.status_code != 201]
    assert refused == ["item_unavailable"] * (AT_ONCE - 1)
    assert (gained.purchases, gained.wallets_minor, gained.purchase_keys) == (1, -100, 1)
    assert client.sql(f"select on_hand_milli from inventory_levels {where}").strip() == "500"
    client.sql(f"update inventory_levels set on_hand_milli = {PORTIONS * 1000} {where}")


def test_the_last_seat_is_taken_once(client: Client) -> None:
    """No venue is over its capacity, however many come in at the same moment."""
    venue = client.town.venue_id(1)
    client.sql(f"update venue_floor set capacity = seated + 1 where venue_id = '{venue}'")
    patrons = [n for n in range(20, 40) if client.town.home_of(n) == 1]
    answers = at_once(lambda at: client.check_in(patrons[at]))
    refused = [code_of(answer) for answer in answers if answer.status_code != 201]
    assert refused == ["capacity_full"] * (AT_ONCE - 1)
    client.sql(f"update venue_floor set capacity = 100000 where venue_id = '{venue}'")


def test_one_key_at_once_is_one_purchase(client: Client) -> None:
    """A phone that sends twice pays once, whichever copy is faster."""
    answers: list[httpx.Response] = []
    key = secrets.token_hex(8)
    gained = client.gained(lambda: answers.extend(at_once(lambda _: client.buy(41, key))))
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == AT_ONCE - 1
    assert (gained.purchases, gained.purchase_keys, gained.journals) == (1, 1, 1)
    assert (gained.unbalanced, gained.wallets_minor) == (0, -100)


def test_one_person_comes_in_once(client: Client) -> None:
    """A visit is open once over all venues, with different keys too."""
    answers: list[httpx.Response] = []
    gained = client.gained(lambda: answers.extend(at_once(lambda _: client.check_in(43))))
    refused = [code_of(answer) for answer in answers if answer.status_code != 201]
    assert refused == ["session_active"] * (AT_ONCE - 1)
    assert (gained.sessions, gained.wallets_minor) == (1, 0)


def test_purchases_of_one_wallet_at_once_all_count(client: Client) -> None:
    """Who loses the race for the wallet reads it again: nothing is lost and nothing is double."""
    answers: list[httpx.Response] = []
    gained = client.gained(lambda: answers.extend(at_once(lambda _: client.buy(45), 4)))
    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert done
    assert gained.purchases == len(done)
    assert (gained.spent_minor, gained.wallets_minor) == (100 * len(done), -100 * len(done))


def test_a_peer_is_settled_when_nothing_is_under_way(client: Client) -> None:
    """Clients that leave at the end of a load are served all the same; counts come after that."""
    order = client.town.order(client.town.home_of(49))
    item = order["lines"][0]["item_id"]
    hold = f"begin; select 'held' from inventory_levels where item_id = '{item}' for update;\n"
    before = client.peer.stored()
    with a_conversation(client.peer.database_url) as (say, hear):
        say(hold)
        assert hear() == "held"
        with pytest.raises(httpx.ReadTimeout):
            client.post("/api/transactions/purchase", 49, order, timeout=0.2)
        with pytest.raises(TimeoutError):
            client.peer.settle(0.5)
    client.peer.settle(20)
    assert client.peer.stored().since(before).purchases == 1


def test_a_peer_whose_sessions_are_given_less_is_refused(client: Client) -> None:
    """Settings of a role or a database count in each of its sessions, whatever the server's are."""
    (name,) = client.sql("select current_database()").split()
    client.sql(f"alter database {name} set synchronous_commit = off")
    try:
        with pytest.raises(NotDurable, match="synchronous_commit = off of a role or database"):
            demand_durable(client.peer.database_url)
    finally:
        client.sql(f"alter database {name} reset synchronous_commit")


async def test_rooms_hear_of_a_purchase(client: Client) -> None:
    """The broadcast is part of the job: a buyer's socket is told after the commit."""
    is_express = client.peer.name.startswith("Express")
    path = "socket.io/?EIO=4&transport=websocket" if is_express else "ws"
    url = f"ws{client.peer.base_url.removeprefix('http')}/{path}"
    token = {"token": client.town.token(47)}
    heard: list[Any] = []
    with trio.fail_after(20):
        async with open_websocket_url(url) as socket:
            if is_express:
                await socket.get_message()  # What Engine.IO opens with.
            await socket.send_message(("40" if is_express else "") + json.dumps(token))
            if is_express:
                assert str(await socket.get_message()).startswith("40")
            else:
                assert json.loads(await socket.get_message()) == {"ready": True}
            bought = await trio.to_thread.run_sync(client.buy, 47)
            while len(heard) < 2:
                message = str(await socket.get_message()).removeprefix("42")
                heard.append(json.loads(message)[1] if is_express else json.loads(message))
    assert [event["type"] for event in heard] == ["transaction.posted", "credits.balance_changed"]
    assert heard[0]["data"]["transaction_id"] == bought.json()["transaction_id"]
    assert heard[0]["room"] == f"user:{client.town.patron_id(47)}"


def test_pgbench_makes_whole_purchases(client: Client) -> None:
    """A ceiling is one of the same transaction only if its rows and its sums are there."""
    rates: list[float] = []
    gained = client.gained(
        lambda: rates.append(
            transaction_rate(client.peer.database_url, client.town, 1, clients=AT_ONCE)
        )
    )
    assert rates[0] > 0
    assert gained.purchases == gained.purchase_keys == gained.journals > 0
    assert gained.unbalanced == 0
    assert gained.wallets_minor == -gained.spent_minor == -100 * gained.purchases
