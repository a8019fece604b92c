"""Clock, ids, publisher and effects: the real ones and the twins keep the same promises."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from actors.runtime.ports import Clock, Ids, Performs, Publisher
from lastlight.clocks import SystemClock, system_ids
from lastlight.integrations.outside import Outside
from lastlight.metrics import Metrics
from lastlight.realtime.backlog import Backlog
from lastlight.realtime.hub import Hub
from lastlight.realtime.publisher import RoomPublisher
from protocol.addresses import OUTSIDE
from protocol.entries import RoomEvent
from protocol.ids import MonotonicIds
from protocol.internal.people import SendNotice
from protocol.messages import Message
from tests.twins.outside import (
    CountingIds,
    RememberingEffects,
    RememberingPublisher,
    TrioClock,
)


@pytest.mark.parametrize("make", [SystemClock, TrioClock])
async def test_a_clock_tells_whole_milliseconds_of_utc(make: Callable[[], Clock]) -> None:
    """Anything finer would not survive JSON, and a stored time would differ from the answered."""
    clock = make()
    for _ in range(100):
        now = clock.now()
        assert now.utcoffset() == timedelta()
        assert now.microsecond % 1000 == 0


@pytest.mark.parametrize("make", [system_ids, CountingIds])
def test_ids_are_uuids_of_version_7_and_rise(make: Callable[[], Ids]) -> None:
    """Lists are ordered by id, and a cursor would skip what is named out of order."""
    ids = make()
    made = [ids.fresh() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert {id_.version for id_ in made} == {7}
    assert {id_.variant for id_ in made} == {"specified in RFC 4122"}


@pytest.mark.parametrize("times", [[5, 3, 4], [5, 5, 5], [5, 6, 1]])
def test_ids_rise_although_the_clock_steps_back(times: list[int]) -> None:
    """Machines set their clocks; names already given must stay behind."""
    following = iter(times)
    ids = MonotonicIds(lambda: next(following), lambda bits: (1 << bits) - 1)
    made = [ids.fresh() for _ in times]
    assert made == sorted(set(made))


def an_event(*rooms: tuple[str, int | None]) -> RoomEvent:
    """An event in some rooms."""
    return RoomEvent(
        id=UUID(int=1),
        type="port.tested",
        venue_id=None,
        occurred_at=datetime(2026, 11, 20, tzinfo=UTC),
        data={},
        rooms=rooms,
    )


@pytest.mark.parametrize(
    "make", [RememberingPublisher, lambda: RoomPublisher(Hub(), Backlog(), Metrics())]
)
def test_a_publisher_takes_everything_at_once(make: Callable[[], Publisher]) -> None:
    """The gate calls it between two messages: it never waits, and nobody in a room is no error."""
    publisher = make()
    publisher.publish(an_event(("a", 1), ("b", 7)))
    publisher.publish(an_event(("a", None)))
    publisher.publish_urgent(an_event(("a", None)))
    publisher.reset()
    publisher.publish(an_event(("a", 2)))


@pytest.mark.parametrize("kind", ["twin", "real"])
async def test_an_effect_may_be_asked_for_again(kind: str, tmp_path: Path) -> None:
    """After a crash it is not known whether it was done, so it is done again, and that is fine."""
    effects: Performs = RememberingEffects() if kind == "twin" else Outside(tmp_path / "mail")
    notice = SendNotice(
        user_id=UUID(int=2), kind="test", email="guest@example.org", subject="Hello", text="There"
    )
    message = Message(
        id=UUID(int=3), target=OUTSIDE, command=notice, at=datetime(2026, 11, 20, tzinfo=UTC)
    )
    await effects.perform(message)
    await effects.perform(message)
