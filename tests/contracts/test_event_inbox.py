"""What the inbox of the provider's events promises, in memory and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from lastlight.integrations.inbox import EventInbox
from protocol.records.money_states import PaymentStatus, StripeEventStatus
from protocol.records.payments import Payment, StripeEvent
from storage.postgres.inbox import PostgresInbox
from tests.contracts.database_places import Rows, place_of
from tests.storage.samples import NOON
from tests.twins.database import MemoryDatabase
from tests.twins.inbox import MemoryInbox


@attrs.frozen(eq=False)
class Place:
    """An inbox and the rows behind it."""

    inbox: EventInbox
    rows: Rows


@pytest.fixture(params=["memory", "postgres"])
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    async with AsyncExitStack() as stack:
        rows = await stack.enter_async_context(place_of(request.param, url)())
        if rows.database is None:
            assert isinstance(rows.store, MemoryDatabase)
            yield Place(MemoryInbox(rows.store), rows)
        else:
            yield Place(PostgresInbox(rows.database), rows)


def an_event(id_: str = "evt_1", **changes: Any) -> StripeEvent:
    known: dict[str, Any] = {
        "event_id": id_,
        "type": "payment_intent.succeeded",
        "object_id": "pi_1",
        "created_at": NOON,
        "received_at": NOON,
        "payload": {"id": id_, "data": {"object": {"amount": 1, "text": "ü"}}},
        "status": StripeEventStatus.RECEIVED,
        "next_try_at": NOON,
    }
    return StripeEvent(**(known | changes))


async def test_an_event_is_kept_once_by_its_id(place: Place) -> None:
    """Rule 11: the provider sends it again and again; the first stays as it is. Rule 11 inbox."""
    assert await place.inbox.keep(an_event())
    assert not await place.inbox.keep(an_event(type="another"))
    assert await place.inbox.get("evt_1") == an_event()
    assert await place.inbox.get("evt_2") is None


async def test_what_is_due_is_what_waits_and_its_time_has_come(place: Place) -> None:
    """Those that wait longest first, and no more than asked for."""
    later = NOON + timedelta(minutes=1)
    await place.inbox.keep(an_event("evt_later", next_try_at=later))
    await place.inbox.keep(an_event("evt_parked", status=StripeEventStatus.PARKED))
    await place.inbox.keep(an_event("evt_old", next_try_at=NOON - timedelta(hours=1)))
    await place.inbox.keep(an_event("evt_done", status=StripeEventStatus.APPLIED))
    await place.inbox.keep(an_event("evt_given_up", next_try_at=None))
    due = [event.event_id for event in await place.inbox.due(NOON, 10)]
    assert due == ["evt_old", "evt_parked"]
    assert [event.event_id for event in await place.inbox.due(later, 10)] == [*due, "evt_later"]
    assert [event.event_id for event in await place.inbox.due(later, 1)] == ["evt_old"]


async def test_how_far_an_event_is_can_be_noted(place: Place) -> None:
    """What it said stays; each note is a version."""
    await place.inbox.keep(an_event())
    parked = an_event(status=StripeEventStatus.PARKED, tries=1, error="nobody", next_try_at=None)
    await place.inbox.mark(parked)
    assert await place.inbox.get("evt_1") == parked.evolve(version=2)
    await place.inbox.mark(an_event("evt_of_nobody"))
    assert await place.inbox.get("evt_of_nobody") is None


async def test_a_payment_is_found_by_the_provider_s_name_of_it(place: Place) -> None:
    """A chargeback names nothing else."""
    payment = Payment(
        id=UUID(int=5),
        transaction_id=UUID(int=6),
        venue_id=UUID(int=7),
        user_id=UUID(int=8),
        provider_id="pi_1",
        status=PaymentStatus.CREATED,
        status_rank=0,
        amount_minor=1,
        currency="JPY",
        created_at=NOON,
    )
    await place.rows.put(payment)
    assert await place.inbox.payment_named("pi_1") == payment.id
    assert await place.inbox.payment_named("pi_2") is None
