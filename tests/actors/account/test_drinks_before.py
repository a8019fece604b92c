"""What the account tells a visit that begins of what its person drank before (Rule 7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from actors.account.admission import decide_admit_patron
from actors.account.order_rows import OFFLINE
from protocol.domain_limits import SESSION_DRINKS_MAX
from protocol.internal.visits import HadBefore, OpenSession
from protocol.messages import command_from_wire
from protocol.records.base import Record
from protocol.records.money import Purchase, Transaction
from protocol.records.money_states import (
    PurchaseStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from tests.actors.account.asking import an_admission
from tests.actors.account.wallets import ITEM, OTHER_VENUE, TODAY, USER, VENUE, an_account, here
from tests.actors.deciding import IDS, NOW, accepted

MINUTE = timedelta(minutes=1)


def a_round(
    ago: int,
    milli: int = 1400,
    line_status: PurchaseStatus = PurchaseStatus.ORDERED,
    **changes: Any,
) -> tuple[Transaction, Purchase]:
    """A beer that was bought so many minutes ago, with its sale."""
    at = NOW - ago * MINUTE
    known: dict[str, Any] = {
        "id": IDS.fresh(),
        "venue_id": VENUE,
        "user_id": USER,
        "kind": TransactionKind.PURCHASE,
        "status": TransactionStatus.POSTED,
        "tender": Tender.CREDITS,
        "amount_minor": 600,
        "currency": "JPY",
        "business_day": TODAY,
        "created_by": USER,
        "occurred_at": at,
        "posted_at": at,
    }
    sale = Transaction(**(known | changes))
    return sale, Purchase(
        id=IDS.fresh(),
        transaction_id=sale.id,
        venue_id=sale.venue_id,
        user_id=USER,
        session_id=UUID(int=9),
        line=1,
        item_id=ITEM,
        game_id=None,
        name="Beer",
        qty=1,
        unit_price_minor=600,
        tax_rate_bp=1000,
        tax_minor=55,
        total_minor=600,
        standard_drinks_milli=milli,
        status=line_status,
        created_at=at,
    )


def told(*rounds: tuple[Record, ...]) -> tuple[tuple[int, int], ...]:
    """Minutes ago and thousandths of a drink, as the session is told them."""
    rows = [row for one in rounds for row in one]
    outcome = accepted(decide_admit_patron(an_account(*rows, paid=1000), an_admission(), here()))
    opening = outcome.sends[0].command
    assert isinstance(opening, OpenSession)
    return tuple(((NOW - had.at) // MINUTE, had.milli) for had in opening.drinks)


def test_a_session_is_told_what_was_had_on_the_business_day_in_order() -> None:
    """day_total: the day began 16 hours ago, at 05:00 in Tokyo; what has no alcohol is no drink."""
    assert told() == ()
    rounds = a_round(10), a_round(959), a_round(961), a_round(5, milli=0)
    assert told(*rounds) == ((959, 1400), (10, 1400))


def test_drinks_at_another_venue_were_drunk_by_the_same_person() -> None:
    """day_total: the guideline is about people, and only the account knows all their venues."""
    assert told(a_round(30, venue_id=OTHER_VENUE)) == ((30, 1400),)


def test_what_was_voided_or_never_paid_was_not_had_and_what_was_refunded_was() -> None:
    """A void says that nothing was served (Rule 10); money that goes back takes no alcohol back."""
    refunded = a_round(20, line_status=PurchaseStatus.REFUNDED)
    voided = a_round(
        20, status=TransactionStatus.VOIDED, line_status=PurchaseStatus.VOIDED, milli=2000
    )
    waiting = a_round(20, status=TransactionStatus.PENDING, posted_at=None, milli=3000)
    line_only = a_round(20, line_status=PurchaseStatus.VOIDED, milli=4000)
    assert told(refunded, voided, waiting, line_only) == ((20, 1400),)


def test_a_card_counts_from_its_payment_and_a_sale_offline_from_when_it_was_made() -> None:
    """Rule 12: what a device sold without a network was had then, not when it was told."""
    offline = a_round(5, occurred_at=NOW - 200 * MINUTE, reason=OFFLINE, milli=1000)
    by_card = a_round(15, occurred_at=NOW - 60 * MINUTE, tender=Tender.CARD)
    assert told(offline, by_card) == ((200, 1000), (15, 1400))


def test_lines_of_one_sale_are_one_and_what_is_told_is_bounded() -> None:
    """A message has a size; of too many the oldest are added up and none is forgotten."""
    sale, line = a_round(30)
    second = line.evolve(id=IDS.fresh(), line=2)
    assert told((sale, line, second)) == ((30, 2800),)
    many = [a_round(n, milli=10) for n in range(SESSION_DRINKS_MAX + 5)]
    heard = told(*many)
    assert len(heard) == SESSION_DRINKS_MAX
    assert sum(milli for _, milli in heard) == 10 * (SESSION_DRINKS_MAX + 5)


def test_a_message_of_an_earlier_release_tells_of_no_drinks() -> None:
    """An entry that was written before the field was there is still read."""
    outcome = accepted(decide_admit_patron(an_account(paid=1000), an_admission(), here()))
    opening = outcome.sends[0].command
    assert isinstance(opening, OpenSession)
    wire = msgspec.to_builtins(opening.evolve(drinks=(HadBefore(at=NOW, milli=1),)))
    read = command_from_wire("OpenSession", wire)
    assert isinstance(read, OpenSession)
    assert read.drinks == (HadBefore(at=NOW, milli=1),)
    del wire["drinks"]
    assert command_from_wire("OpenSession", wire) == opening
