"""How the tests close business days."""

from __future__ import annotations

from typing import Any

from actors.runtime.outcome import Outcome
from actors.venue.closing_days import (
    decide_close_business_day,
    decide_day_summed_up,
)
from actors.venue.state import VenueState
from protocol.addresses import ActorKind
from protocol.internal.administration import (
    DaySummedUp,
)
from protocol.operations.admin_venues import CloseBusinessDay
from protocol.records.ledger import BusinessDay
from tests.actors.deciding import accepted
from tests.actors.venue.floors import VENUE_ID
from tests.actors.venue.houses import (
    MANAGER,
    TODAY,
    a_state_with,
    by,
    some_figures,
)

HEAD = "ab" * 32


def close(state: VenueState, day: Any = TODAY, **given: Any) -> Any:
    """The decision on closing a day by hand, open orders or not."""
    given = {"principal": MANAGER, **given}
    return decide_close_business_day(
        state, CloseBusinessDay(business_day=day, carry_over=True), by(**given)
    )


def summed_up(state: VenueState, day: Any = TODAY, **given: Any) -> Outcome:
    """The totals have come: the outcome, applied."""
    command = DaySummedUp(business_day=day, figures=some_figures(), journal_head=HEAD)
    outcome = accepted(decide_day_summed_up(state, command, by(**given)))
    a_state_with(state, outcome)
    return outcome


def day_in(state: VenueState, day: Any = TODAY) -> BusinessDay:
    """The row of a day that is there."""
    found = state.get(BusinessDay, VENUE_ID, day)
    assert found is not None
    return found


def outside(outcome: Outcome) -> list[Any]:
    """What is asked of the books."""
    return [s.command for s in outcome.sends if s.target.kind is ActorKind.OUTSIDE]
