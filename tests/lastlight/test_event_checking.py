"""An event that is not as declared is a bug that is told, and goes out all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import structlog

from lastlight.metrics import Metrics
from lastlight.openapi_samples import Samples
from lastlight.openapi_schemas import Schemas
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from lastlight.realtime.publisher import RoomPublisher
from protocol.codec import decode, encode
from protocol.entries import RoomEvent
from protocol.events import EVENTS
from protocol.events.emergency import EmergencySosRaised
from protocol.folding import EMPTY, fold_event
from protocol.folding_table import FOLD
from tests.twins.described import complaints_of

ROOM = f"user:{UUID(int=5)}"


def counted(metrics: Metrics) -> float | None:
    """How many events were not as declared."""
    return metrics.registry.get_sample_value("lastlight_malformed_events_total")


def sample(name: str) -> dict[str, Any]:
    """The data of an event, as actors tell it."""
    schemas = Schemas()
    shape = schemas.of_class(EVENTS[name])
    made = Samples(schemas.components()).of(shape, whole=True)
    data: dict[str, Any] = encode(decode(EVENTS[name], made))
    return data


def an_event(name: str, data: dict[str, Any]) -> RoomEvent:
    """An event in one room."""
    return RoomEvent(
        id=UUID(int=1),
        type=name,
        venue_id=UUID(int=2),
        occurred_at=datetime(2026, 1, 10, tzinfo=UTC),
        data=data,
        rooms=((ROOM, 1),),
    )


@pytest.mark.parametrize("name", EVENTS)
async def test_what_is_as_declared_is_as_described(name: str) -> None:
    """The class that the node reads by and the schema that clients get are of one mind."""
    metrics = Metrics()
    event = an_event(name, sample(name))
    RoomPublisher(Hub(), Backlog(), metrics).publish(event)
    assert counted(metrics) == 0
    assert [*complaints_of(event)] == []


@pytest.mark.parametrize("name", EVENTS)
async def test_both_see_what_is_not(name: str) -> None:
    """A member that nobody declared, and one that is missing."""
    data = sample(name)
    for broken in ({**data, "unknown": 1}, dict(list(data.items())[1:])):
        metrics = Metrics()
        event = an_event(name, broken)
        with structlog.testing.capture_logs():
            RoomPublisher(Hub(), Backlog(), metrics).publish(event)
        assert counted(metrics) == 1
        assert [*complaints_of(event)]


async def test_an_alarm_with_an_odd_member_is_told_and_goes_out() -> None:
    """An SOS is never held back for its form; what stands there is not logged."""
    metrics, backlog = Metrics(), Backlog()
    name = EmergencySosRaised.type
    event = an_event(name, {**sample(name), "accuracy_m": "a secret"})
    with structlog.testing.capture_logs() as logs:
        RoomPublisher(Hub(), backlog, metrics).publish(event)
    assert backlog.after(ROOM, 0) == (event,)
    assert counted(metrics) == 1
    (line,) = logs
    assert line["places"] == ["/accuracy_m wrong_type"]
    assert "a secret" not in str(line)


async def test_an_unknown_type_is_told_too() -> None:
    """What no class declares, nobody can have described."""
    metrics = Metrics()
    with structlog.testing.capture_logs():
        RoomPublisher(Hub(), Backlog(), metrics).publish(an_event("task.sung", {}))
    assert counted(metrics) == 1


@pytest.mark.parametrize("name", FOLD)
@pytest.mark.parametrize("room", [ROOM, f"venue:{UUID(int=2)}:staff"])
async def test_what_says_nothing_stops_no_view(name: str, room: str) -> None:
    """The room's view goes on with null in its place, as the clients' does."""
    view = fold_event(EMPTY, an_event(name, {}), room)
    assert fold_event(view, an_event(name, {}), room) is not None
