"""Coming in: what the account decides of a check-in, in the order of the contract."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from actors.account.admission import decide_admit_patron, decide_cancel_admission
from actors.account.visit import decide_visit_over
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.internal.managing import CancelOpening, VisitOver
from protocol.internal.visits import CancelAdmission, OpenSession
from protocol.records.ledger import LedgerJournal
from protocol.records.money import CreditHold, Credits, Transaction
from protocol.records.money_states import (
    CreditSource,
    HoldStatus,
    Tender,
    TransactionKind,
    TransactionStatus,
)
from protocol.records.runtime import OpenVisit
from protocol.records.states import ExclusionKind, UserStatus
from tests.actors.account.asking import an_admission
from tests.actors.account.wallets import (
    OTHER_VENUE,
    SESSION,
    TODAY,
    USER,
    VENUE,
    a_lot,
    a_user,
    an_account,
    an_exclusion,
    assert_books,
    here,
    hold_of,
    rows_of,
    types_of,
)
from tests.actors.deciding import IDS, NOW, accepted, after, refused, refused_with

VENUE_CLOSED = Refusal(Code.VENUE_CLOSED, "closed")


def test_a_patron_is_let_in_with_a_hold_and_the_session_opens_next() -> None:
    """The whole consequence of one admission: hold, visit, journal, event, and the next step."""
    state = an_account(paid=1000)
    outcome = accepted(decide_admit_patron(state, an_admission(), here()))
    assert outcome.reply is None, "the venue answers, not the account"
    after(state, outcome)
    assert_books(state, outcome)
    hold = hold_of(state)
    assert (hold.amount_minor, hold.captured_minor, hold.ref_id) == (150, 0, SESSION)
    assert state.credits("JPY").held_minor == 150
    assert state.available_minor("JPY", NOW) == 850
    assert types_of(outcome) == ["credits.balance_changed"]
    (changed,) = outcome.events
    assert changed.rooms == (f"user:{USER}",)
    assert changed.data["ledger_seq"] == 2, "the account's own count of journals"
    (send,) = outcome.sends
    assert send.target == Address(ActorKind.SESSION, SESSION)
    assert send.fresh
    assert send.undo == CancelAdmission(session_id=SESSION, hold_id=hold.id)
    assert isinstance(send.command, OpenSession)
    assert send.command.available_minor == 850
    assert send.command.age_ok


def test_a_hold_is_no_transaction() -> None:
    """Reserving moves nothing out of the wallet: no transaction.posted may tell of it."""
    outcome = accepted(decide_admit_patron(an_account(paid=1000), an_admission(), here()))
    assert rows_of(outcome, Transaction) == []
    (journal,) = rows_of(outcome, LedgerJournal)
    assert journal.transaction_id is None
    assert journal.business_day == TODAY


def test_checks_come_in_the_order_of_the_contract() -> None:
    """With everything wrong at once, curing one reason after the other shows the next."""
    visit = OpenVisit(
        user_id=USER, session_id=UUID(int=9), venue_id=VENUE, hold_id=UUID(int=8), opened_at=NOW
    )
    young = {"birth_date": date(2010, 1, 1)}
    suspended = a_user(status=UserStatus.SUSPENDED, **young)
    asked = an_admission(venue_refusal=VENUE_CLOSED)
    cases = [
        (an_account(visit, an_exclusion(), user=suspended), asked, Code.FORBIDDEN),
        (an_account(visit, an_exclusion(), user=a_user(**young)), asked, Code.AGE_UNVERIFIED),
        (an_account(visit, an_exclusion()), asked, Code.EXCLUDED),
        (an_account(visit), asked, Code.VENUE_CLOSED),
        (an_account(visit), an_admission(), Code.SESSION_ACTIVE),
        (an_account(), an_admission(), Code.INSUFFICIENT_CREDITS),
    ]
    for state, command, code in cases:
        assert refused_with(decide_admit_patron(state, command, here())) is code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"age_verified_at": None}, Code.AGE_UNVERIFIED),
        ({"birth_date": date(2008, 11, 21)}, Code.AGE_UNVERIFIED),
        ({"birth_date": date(2008, 11, 20)}, None),
    ],
)
def test_age_counts_on_the_local_date_and_only_if_verified(
    changes: dict[str, object], code: Code | None
) -> None:
    """A day too young is too young, and an age that nobody checked is none."""
    state = an_account(paid=1000, user=a_user(**changes))
    decision = decide_admit_patron(state, an_admission(), here())
    assert (refused_with(decision) if code else accepted(decision).reply) is code


def test_no_age_is_asked_where_the_venue_asks_for_none() -> None:
    """Age is verified where required, not everywhere; whether it is known goes on to the door."""
    state = an_account(paid=1000, user=a_user(age_verified_at=None))
    outcome = accepted(decide_admit_patron(state, an_admission(age_required=None), here()))
    command = outcome.sends[0].command
    assert isinstance(command, OpenSession)
    assert not command.age_ok


@pytest.mark.parametrize(
    ("exclusion", "code"),
    [
        (an_exclusion(), Code.EXCLUDED),
        (an_exclusion(ends_at=NOW), None),
        (an_exclusion(starts_at=NOW + timedelta(seconds=1)), None),
        (an_exclusion(ended_at=NOW - timedelta(hours=1)), None),
        (an_exclusion(ended_at=NOW + timedelta(hours=24)), Code.EXCLUDED),
        (an_exclusion(ExclusionKind.SELF_EXCLUSION, ends_at=NOW), Code.EXCLUDED),
        (an_exclusion(ExclusionKind.VENUE_BAN, venue_id=VENUE, ends_at=None), Code.BANNED),
        (an_exclusion(ExclusionKind.VENUE_BAN, venue_id=OTHER_VENUE, ends_at=None), None),
        (an_exclusion(ExclusionKind.VENUE_BAN, ends_at=None), Code.BANNED),
    ],
)
def test_an_exclusion_counts_where_and_as_long_as_it_holds(
    exclusion: object, code: Code | None
) -> None:
    """Rule 7: a self-exclusion that ran out still holds until its end is asked for in person."""
    state = an_account(exclusion, paid=1000)  # type: ignore[arg-type]
    decision = decide_admit_patron(state, an_admission(), here())
    assert (refused_with(decision) if code else accepted(decision).reply) is code


@pytest.mark.parametrize(("paid", "least", "hold"), [(499, 500, 150), (600, 500, 700)])
def test_funds_must_reach_both_the_least_and_the_hold(paid: int, least: int, hold: int) -> None:
    """A booking holds its full price, which may be more than a check-in needs."""
    refusal = refused(
        decide_admit_patron(
            an_account(paid=paid),
            an_admission(funds_least_minor=least, hold_minor=hold),
            here(),
        )
    )
    assert refusal.code is Code.INSUFFICIENT_CREDITS
    assert refusal.extra == {"available_minor": paid, "needed_minor": max(least, hold)}


def test_a_frozen_wallet_lets_nobody_in() -> None:
    """Rule 9: while something is owed, nothing is available, whatever the lots say."""
    owing = Credits(user_id=USER, currency="JPY", paid_minor=900, receivable_minor=-1, ledger_seq=2)
    state = an_account(owing, a_lot(900))
    decision = decide_admit_patron(state, an_admission(), here())
    assert refused_with(decision) is Code.INSUFFICIENT_CREDITS


def test_bonus_that_ended_does_not_count() -> None:
    """A lot whose time is over can't be spent even before its timer has come."""
    ended = a_lot(1000, CreditSource.BONUS, expires_at=NOW)
    decision = decide_admit_patron(an_account(ended), an_admission(), here())
    assert refused_with(decision) is Code.INSUFFICIENT_CREDITS


def test_the_hold_takes_lots_in_burn_order_and_remembers_them() -> None:
    """A release must find its way back to the lots that the hold came from."""
    state = an_account(paid=1000, bonus=100)
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    assert [(s.source, s.amount_minor) for s in hold_of(state).sources] == [
        ("bonus", 100),
        ("paid", 50),
    ]


def test_a_free_visit_has_a_hold_of_nothing_and_no_journal() -> None:
    """A venue may let people in for free; then no money is spoken of."""
    state = an_account(paid=1000)
    outcome = accepted(decide_admit_patron(state, an_admission(hold_minor=0), here()))
    after(state, outcome)
    assert_books(state, outcome)
    assert hold_of(state).amount_minor == 0
    assert (rows_of(outcome, LedgerJournal), outcome.events) == ([], ())


def test_time_paid_here_today_is_told_to_the_session() -> None:
    """Rule 3: the daily cap counts earlier visits of the same business day at the same venue."""

    def time(venue_id: UUID, amount_minor: int, days_ago: int) -> Transaction:
        return Transaction(
            id=IDS.fresh(),
            venue_id=venue_id,
            user_id=USER,
            kind=TransactionKind.USAGE,
            status=TransactionStatus.POSTED,
            tender=Tender.CREDITS,
            amount_minor=amount_minor,
            currency="JPY",
            business_day=TODAY - timedelta(days=days_ago),
            session_id=IDS.fresh(),
            created_by=USER,
            occurred_at=NOW,
            posted_at=NOW,
        )

    rows = (time(VENUE, 700, 0), time(VENUE, 50, 0), time(VENUE, 1, 1), time(OTHER_VENUE, 2, 0))
    outcome = accepted(decide_admit_patron(an_account(*rows, paid=1000), an_admission(), here()))
    command = outcome.sends[0].command
    assert isinstance(command, OpenSession)
    assert command.paid_up_today_minor == 750


def test_the_second_of_two_check_ins_is_refused_wherever_it_comes_from() -> None:
    """Rule 2: one open session per user over all venues is decided here and nowhere else.

    Rule 2 one_visit.
    """
    state = an_account(paid=5000)
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    for venue_id in (VENUE, OTHER_VENUE):
        again = an_admission(IDS.fresh(), venue_id=venue_id)
        refusal = refused(decide_admit_patron(state, again, here()))
        assert refusal.code is Code.SESSION_ACTIVE
        assert refusal.extra == {"session_id": str(SESSION)}


def test_a_check_in_that_fails_later_leaves_the_wallet_as_it_was() -> None:
    """The undo gives every lot what it had; the next may begin when the session is over, too."""
    state = an_account(paid=1000, bonus=100)
    lots = {lot.id: lot.remaining_minor for lot in state.lots("JPY").values()}
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    hold = hold_of(state)
    undo = CancelAdmission(session_id=SESSION, hold_id=hold.id)
    outcome = accepted(decide_cancel_admission(state, undo, here(in_saga=False)))
    after(state, outcome)
    assert_books(state, outcome)
    assert state.visit is None
    assert {lot.id: lot.remaining_minor for lot in state.lots("JPY").values()} == lots
    (released,) = rows_of(outcome, CreditHold)
    assert (released.status, released.amount_minor) == (HoldStatus.RELEASED, 150)
    assert types_of(outcome) == ["credits.balance_changed"]
    again = an_admission(IDS.fresh())
    assert refused_with(decide_admit_patron(state, again, here())) is Code.SESSION_ACTIVE
    (ending,) = outcome.sends
    assert ending.command == CancelOpening(session_id=SESSION, user_id=USER)
    over = VisitOver(session_id=SESSION)
    after(state, accepted(decide_visit_over(state, over, here(in_saga=False))))
    accepted(decide_admit_patron(state, again, here()))


def test_an_undo_that_comes_twice_or_for_another_visit_does_nothing() -> None:
    """Compensation may be repeated; it must never end the visit that came after."""
    state = an_account(paid=1000)
    after(state, accepted(decide_admit_patron(state, an_admission(), here())))
    undo = CancelAdmission(session_id=SESSION, hold_id=hold_of(state).id)
    after(state, accepted(decide_cancel_admission(state, undo, here(in_saga=False))))
    over = VisitOver(session_id=SESSION)
    after(state, accepted(decide_visit_over(state, over, here(in_saga=False))))
    later = IDS.fresh()
    after(state, accepted(decide_admit_patron(state, an_admission(later), here())))
    outcome = accepted(decide_cancel_admission(state, undo, here(in_saga=False)))
    assert (outcome.writes, outcome.removes) == (False, ())
    assert state.visit_of(later) is not None


def test_a_check_in_that_nobody_waits_for_has_nothing_to_take_back() -> None:
    """The runtime knows undo only in sagas."""
    outcome = accepted(
        decide_admit_patron(an_account(paid=1000), an_admission(), here(in_saga=False))
    )
    assert outcome.sends[0].undo is None
