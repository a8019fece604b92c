"""What one event may do to a view: the few kinds of steps of which the table of folding is made.

They are data that a client runs too, so there is nothing here that takes more than a loop.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs


class How(enum.StrEnum):
    """What a step does to an entry of its section, or to the section where it has no key."""

    PUT = "put"
    """It is this from now on."""
    MERGE = "merge"
    """These members change, if it is there."""
    UPSERT = "upsert"
    """These members change; it is made if it is not there."""
    ADD = "add"
    """One is added to `count`, and each number to the member of its name."""
    REMOVE = "remove"


@attrs.frozen(kw_only=True)
class Step:
    """One thing that an event does to a view. Steps of an event are done in order.

    `key` names the members that make an entry's key, joined with a colon, null being empty;
    without one the section is a single value. `whole` takes all of the event's data, `take` single
    members under the names given, `begin` sets what the entry does not have yet. `within` is the
    place inside the entry; a name in braces stands for that member. A step
    for `rooms` "user" is for the rooms `user:{id}`, one for "house" for all others.
    `when` must all hold, of `unless` none may.
    """

    section: str
    how: How = How.PUT
    key: tuple[str, ...] = ()
    whole: bool = False
    take: Mapping[str, str] = attrs.field(factory=dict)
    always: Mapping[str, Any] = attrs.field(factory=dict)
    begin: Mapping[str, Any] = attrs.field(factory=dict)
    within: tuple[str, ...] = ()
    when: Mapping[str, tuple[Any, ...]] = attrs.field(factory=dict)
    unless: Mapping[str, tuple[Any, ...]] = attrs.field(factory=dict)
    rooms: str | None = None


def step_as_json(step: Step) -> dict[str, Any]:
    """A step without what it does not say; lists where this module has tuples."""
    told: dict[str, Any] = {"section": step.section, "how": step.how.value}
    for name in ("key", "within"):
        if value := getattr(step, name):
            told[name] = list(value)
    for name in ("take", "always", "begin"):
        if value := getattr(step, name):
            told[name] = dict(value)
    for name in ("when", "unless"):
        if value := getattr(step, name):
            told[name] = {member: list(values) for member, values in value.items()}
    if step.whole:
        told["whole"] = True
    if step.rooms is not None:
        told["rooms"] = step.rooms
    return told
