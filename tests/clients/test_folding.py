"""The reference client folds as the node does: by the same table, to the same view."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lastlight.realtime.frames import envelope_of, plain
from protocol.domain_limits import VIEW_NEWEST_MAX
from protocol.entries import RoomEvent
from protocol.folding import EMPTY, View, fold_event, table_as_json
from protocol.folding_table import SECTIONS
from tests.clients.javascript import HERE, command, environment
from tests.protocol.random_events import NOON, STAFF_ROOM, USER_ROOM, events

Fold = Callable[[View, str, list[RoomEvent]], Any]


@pytest.fixture(scope="module")
def fold() -> Iterator[Fold]:
    """The client's fold, in a process that lives for all examples."""
    with subprocess.Popen(
        command(HERE / "folding.ts"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:

        def tell(value: Any) -> None:
            assert process.stdin is not None
            process.stdin.write(json.dumps(value).encode() + b"\n")
            process.stdin.flush()

        def run(view: View, room: str, happened: list[RoomEvent]) -> Any:
            told = [plain(envelope_of(event, room, 1)) for event in happened]
            tell({"view": view, "events": told})
            assert process.stdout is not None
            return json.loads(process.stdout.readline())

        tell(table_as_json())
        try:
            yield run
        finally:
            process.kill()


def ordered(view: View) -> Any:
    """A view with the order of what is dropped by age."""
    return [view, {name: list(view[name]) for name in sorted(view) if SECTIONS[name] is not None}]


@pytest.mark.parametrize("room", [STAFF_ROOM, USER_ROOM])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_client_and_node_come_to_the_same_view(fold: Fold, room: str, data: st.DataObject) -> None:
    """Fold of a snapshot and the events after it: in both languages what the node holds now."""
    happened = data.draw(st.lists(events(room), max_size=40))
    cut = data.draw(st.integers(0, len(happened)))
    snapshot: View = EMPTY
    for event in happened[:cut]:
        snapshot = fold_event(snapshot, event, room)
    now = snapshot
    for event in happened[cut:]:
        now = fold_event(now, event, room)
    assert ordered(fold(snapshot, room, happened[cut:])) == ordered(json.loads(json.dumps(now)))


def test_the_oldest_goes_first_in_both(fold: Fold) -> None:
    """What only adds up is bounded; a client that kept other entries would differ for good."""
    happened = [
        RoomEvent(
            id=UUID(int=n),
            type="system.notification",
            venue_id=None,
            occurred_at=NOON,
            data={"notification_id": str(UUID(int=n * 7919 % 1009)), "kind": "a"},
            rooms=((USER_ROOM, n),),
        )
        for n in range(1, VIEW_NEWEST_MAX + 20)
    ]
    now: View = EMPTY
    for event in happened:
        now = fold_event(now, event, USER_ROOM)
    assert len(now["notifications"]) == VIEW_NEWEST_MAX
    assert ordered(fold(EMPTY, USER_ROOM, happened)) == ordered(json.loads(json.dumps(now)))
