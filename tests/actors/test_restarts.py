"""Who hears of an actor that had to be loaded anew: the owners of its venue, else of all."""

from __future__ import annotations

from uuid import UUID

import pytest

from actors.platform.behaviour import PLATFORM as PLATFORM_KIND
from actors.runtime.outcome import Outcome
from lastlight.behaviours import BEHAVIOURS
from protocol.addresses import PLATFORM, ActorKind, Address
from protocol.internal.faults import ActorRestarted
from protocol.records.base import Record
from protocol.records.staff import StaffShift
from protocol.records.visits import Session, SessionHistory
from tests.actors.deciding import a_context, accepted
from tests.actors.venue.floors import VENUE, VENUE_ID, a_floor, context
from tests.storage.samples import a

RESTARTED = ActorRestarted(
    actor_type="session", actor_id="x", reason="KeyError", restarts=2, recovered_ms=7
)
SOMEBODY = UUID(int=0x301)


def said(outcome: Outcome) -> list[tuple[str, tuple[str, ...]]]:
    return [(event.type, event.rooms) for event in outcome.events]


def test_a_venue_tells_its_owners() -> None:
    """They are who can call for help; no command was lost, and that is said too."""
    state = a_floor()
    decide = BEHAVIOURS[ActorKind.VENUE].decisions[ActorRestarted]
    outcome = accepted(decide(state, RESTARTED, context(None)))
    assert said(outcome) == [("system.actor_restarted", (f"venue:{VENUE_ID}:owner",))]
    assert outcome.events[0].data == {
        "actor_type": "session",
        "actor_id": "x",
        "reason": "KeyError",
        "restarts": 2,
        "recovered_ms": 7,
        "lost_commands": 0,
    }


def test_of_an_actor_without_a_venue_the_owners_of_all_hear() -> None:
    """An account belongs to no venue, and nobody's trouble is nobody's business."""
    state = PLATFORM_KIND.state(PLATFORM)
    decide = PLATFORM_KIND.decisions[ActorRestarted]
    outcome = accepted(decide(state, RESTARTED, a_context(PLATFORM)))
    assert said(outcome) == [("system.actor_restarted", ("owner",))]


@pytest.mark.parametrize(
    ("kind", "row", "watcher"),
    [
        (ActorKind.SESSION, Session, VENUE),
        (ActorKind.SESSION, SessionHistory, VENUE),
        (ActorKind.SESSION, None, PLATFORM),
        (ActorKind.STAFF, StaffShift, VENUE),
        (ActorKind.STAFF, None, PLATFORM),
        (ActorKind.ACCOUNT, None, PLATFORM),
        (ActorKind.IDENTITY, None, PLATFORM),
        (ActorKind.PLATFORM, None, PLATFORM),
    ],
)
def test_each_kind_names_who_watches_over_it(
    kind: ActorKind, row: type[Record] | None, watcher: Address
) -> None:
    """What belongs to a venue is its venue's; the rest is the platform's."""
    state = BEHAVIOURS[kind].state(Address(kind, SOMEBODY))
    if row is not None:
        state.put(a(row, venue_id=VENUE_ID))
    assert BEHAVIOURS[kind].watched_by(state) == watcher


def test_a_venue_watches_over_itself() -> None:
    """Its rows are loaded anew by then."""
    assert BEHAVIOURS[ActorKind.VENUE].watched_by(a_floor()) == VENUE
