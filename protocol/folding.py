"""From the events of a room to its view: what a client that comes back is given in one piece.

The law: the view after n events, folded with those after n, is the view now. Client and node fold
by the same table (`folding_table`), so after any absence they hold the same. Whoever an event is
hidden from (Rule 8, silent SOS) gets an empty one in its place and folds nothing, so the room keeps
their view beside the others' for as long as the two differ.

Views are values: folding makes a new one, which shares what did not change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs

from protocol.entries import RoomEvent
from protocol.folding_steps import How, Step, step_as_json
from protocol.folding_table import FOLD, FOLD_VERSION, NOT_KEPT, SECTIONS

View: TypeAlias = Mapping[str, Any]
"""Sections by name. One that holds nothing is not there."""

EMPTY: Final[View] = {}


@attrs.frozen
class RoomView:
    """What a room's events come to: for everybody, and for those that some are hidden from."""

    shown: View = EMPTY
    hidden: Mapping[UUID, View] = attrs.field(factory=dict)
    """By user, where it differs from `shown`."""

    def of(self, user_id: UUID) -> View:
        """As one user may see it."""
        return self.hidden.get(user_id, self.shown)

    def after(self, event: RoomEvent, room: str) -> RoomView:
        """With one more event of this room."""
        shown = fold_event(self.shown, event, room)
        if event.hide_from is None and not self.hidden:
            return RoomView(shown)
        others = dict(self.hidden)
        if event.hide_from is not None:
            others.setdefault(event.hide_from, self.shown)
        for user_id, view in others.items():
            if user_id != event.hide_from:
                others[user_id] = fold_event(view, event, room)
        return RoomView(shown, {who: view for who, view in others.items() if view != shown})

    def as_json(self) -> dict[str, Any]:
        """As it is kept; see `view_from_json`."""
        return {
            "shown": self.shown,
            "hidden": {str(user_id): view for user_id, view in self.hidden.items()},
        }


def view_from_json(kept: Mapping[str, Any]) -> RoomView:
    """A view that was kept. The order of its members counts: the oldest entry is the first."""
    hidden = {UUID(user_id): view for user_id, view in kept["hidden"].items()}
    return RoomView(kept["shown"], hidden)


def fold_event(view: View, event: RoomEvent, room: str) -> View:
    """`view` and one more event, as it went out to `room`."""
    if event.type not in FOLD:
        return view
    venue_id = None if event.venue_id is None else str(event.venue_id)
    return fold(view, room, event.type, event.data, at=_text(event.occurred_at), venue_id=venue_id)


def fold(
    view: View, room: str, type_: str, data: Mapping[str, Any], *, at: str, venue_id: str | None
) -> View:
    """`view` and one more event, by what its envelope says. An unknown type changes nothing."""
    named = _Named({**data, "$at": at, "$venue_id": venue_id})
    for step in FOLD.get(type_, ()):
        if _applies(step, room, named):
            view = _done(view, step, data, named)
    return view


class _Named(dict[str, Any]):
    """What steps may name. What an event does not say is null: no odd event stops a room."""

    def __missing__(self, name: str) -> None:
        return None


def _applies(step: Step, room: str, named: Mapping[str, Any]) -> bool:
    if step.rooms is not None and (step.rooms == "user") != room.startswith("user:"):
        return False
    return all(named[name] in values for name, values in step.when.items()) and not any(
        named[name] in values for name, values in step.unless.items()
    )


def _done(view: View, step: Step, data: Mapping[str, Any], named: Mapping[str, Any]) -> View:
    if not step.key:
        if step.how is How.REMOVE:
            return _without(view, step.section)
        return {**view, step.section: _entry(step, {}, data, named)}
    section: Mapping[str, Any] = view.get(step.section, {})
    key = ":".join("" if named[name] is None else str(named[name]) for name in step.key)
    before = section.get(key)
    if before is None and step.how in (How.MERGE, How.REMOVE):
        return view
    if step.how is How.REMOVE:
        left = _without(section, key)
        return {**view, step.section: left} if left else _without(view, step.section)
    path = [part.format_map(named) for part in step.within]
    after = dict(section)  # the fastest way: a floor has hundreds of visits
    after[key] = _placed(step, before or {}, path, data, named)
    most = SECTIONS[step.section]
    if most is not None and len(after) > most:
        del after[next(iter(after))]
    return {**view, step.section: after}


def _placed(
    step: Step,
    before: Mapping[str, Any],
    path: list[str],
    data: Mapping[str, Any],
    named: Mapping[str, Any],
) -> Mapping[str, Any]:
    """An entry with what a step says at a place inside it."""
    if not path:
        return _entry(step, before, data, named)
    inner = _placed(step, before.get(path[0], {}), path[1:], data, named)
    return {**before, path[0]: inner}


def _entry(
    step: Step, before: Mapping[str, Any], data: Mapping[str, Any], named: Mapping[str, Any]
) -> Mapping[str, Any]:
    if step.how is How.ADD:
        sums = {n: before.get(n, 0) + (named[source] or 0) for n, source in step.take.items()}
        return {"count": before.get("count", 0) + 1, **sums}
    taken = {name: named[source] for name, source in step.take.items()}
    kept = {} if step.how is How.PUT else before
    return {**step.begin, **kept, **(data if step.whole else {}), **taken, **step.always}


def _without(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    left = dict(values)
    left.pop(name, None)
    return left


def _text(at: datetime) -> str:
    """As every envelope has it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def table_as_json() -> dict[str, Any]:
    """The table as clients are given it: JSON's own types only, steps in their order."""
    return {
        "version": FOLD_VERSION,
        "sections": {name: {"max": most} for name, most in SECTIONS.items()},
        "events": {type_: [step_as_json(step) for step in steps] for type_, steps in FOLD.items()},
        "not_kept": dict(NOT_KEPT),
    }
