"""Many at once: each decision is taken by one actor, so nothing is sold or done twice."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import httpx
import trio

from tests.system.guests import FUNDS_MINOR, Front, arrival, order

BUYERS: Final = 200
AFFORDABLE: Final = 50
QTY_MAX: Final = 99


async def at_once(count: int, front: Front, *request: Any, **named: Any) -> list[httpx.Response]:
    """The answers of `count` equal requests, sent together."""
    answers: list[httpx.Response] = []

    async def send() -> None:
        answers.append(await front.send(*request, **named))

    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(send)
    return answers


async def test_a_balance_for_fifty_pays_for_fifty(shared_front: Front) -> None:
    """Two hundred taps at the same moment; the wallet must neither overdraw nor lose a sale."""
    (person,) = await shared_front.patrons(40, 1)
    item = await shared_front.cheapest(person)
    item_id, price_minor = item["item_id"], item["price_minor"]
    too_many = FUNDS_MINOR // price_minor - AFFORDABLE
    while too_many:
        qty = min(too_many, QTY_MAX)
        line = {"item_id": item_id, "qty": qty}
        await shared_front.need(201, person, "POST", "/api/transactions/purchase", order(line))
        too_many -= qty
    before = await shared_front.balance(person)
    assert before["available_minor"] // price_minor == AFFORDABLE

    body = order({"item_id": item_id, "qty": 1})
    answers = await at_once(
        BUYERS, shared_front, person, "POST", "/api/transactions/purchase", body
    )
    assert Counter(answer.status_code for answer in answers) == {
        201: AFFORDABLE,
        402: BUYERS - AFFORDABLE,
    }
    sold = {answer.json()["transaction_id"] for answer in answers if answer.status_code == 201}
    assert len(sold) == AFFORDABLE
    after = await shared_front.balance(person)
    assert after["available_minor"] == before["available_minor"] - AFFORDABLE * price_minor


async def test_one_key_has_one_effect_however_often_it_is_sent(shared_front: Front) -> None:
    """A phone in a basement sends again and again, and the guest ordered one drink."""
    (person,) = await shared_front.patrons(41, 1)
    item = await shared_front.cheapest(person)
    before = await shared_front.balance(person)
    answers = await at_once(
        50,
        shared_front,
        person,
        "POST",
        "/api/transactions/purchase",
        order({"item_id": item["item_id"], "qty": 1}),
        key="the same for all",
    )
    told = Counter(answer.status_code for answer in answers)
    assert told[201] >= 1
    assert told[201] + told[409] == 50
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_progress"
            assert answer.headers["retry-after"] == "1"
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    after = await shared_front.balance(person)
    assert after["available_minor"] == before["available_minor"] - item["price_minor"]


async def test_a_patron_is_in_one_place_however_often_they_check_in(shared_front: Front) -> None:
    """Two phones, a nervous thumb, a retry without a key: still one visit and one hold."""
    (person,) = await shared_front.patrons(42, 1)
    body = arrival(await shared_front.door_code())
    answers = await at_once(100, shared_front, person, "POST", "/api/sessions/checkin", body)
    (first,) = (answer for answer in answers if answer.status_code == 201)
    refused = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert refused == {"session_active"}
    active = await shared_front.need(200, person, "GET", "/api/sessions/active")
    assert [item["session_id"] for item in active["items"]] == [first.json()["session_id"]]
    balance = await shared_front.balance(person)
    assert balance["held_minor"] == first.json()["held_minor"]
