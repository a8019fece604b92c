"""What an event is: a fact, a value, found by its type.

The class says to which rooms it goes and how: a durable event is numbered in each room and can be
resumed; of ephemeral ones the newest wins. Urgent ones go out at once as well (Rules 8, 17).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import ClassVar, Final, TypeVar, dataclass_transform
from uuid import UUID

import attrs


class Audience(enum.StrEnum):
    """Rooms, with a place for whose they are."""

    PATRONS = "venue:{id}:patrons"
    STAFF = "venue:{id}:staff"
    MANAGEMENT = "venue:{id}:management"
    OWNER = "venue:{id}:owner"
    USER = "user:{id}"

    def room(self, id: UUID) -> str:  # noqa: A002
        """The room of one venue or user."""
        return self.value.replace("{id}", str(id))


PATRONS: Final = Audience.PATRONS
STAFF: Final = Audience.STAFF
MANAGEMENT: Final = Audience.MANAGEMENT
OWNER: Final = Audience.OWNER
USER: Final = Audience.USER


class EventData:
    """Base of all events; see `event`."""

    __slots__ = ()
    type: ClassVar[str]
    audience: ClassVar[tuple[Audience, ...]]
    durable: ClassVar[bool]
    urgent: ClassVar[bool]


EVENTS: Final[dict[str, type[EventData]]] = {}
"""Every event class by its type."""

E = TypeVar("E", bound=type[EventData])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(
    name: str, *audience: Audience, durable: bool = True, urgent: bool = False
) -> Callable[[E], E]:
    """Make a class the event called `name`: frozen, slotted, keyword-only, and registered.

    Raises:
        ValueError: another event has the same name.
    """

    def wrap(cls: E) -> E:
        made = attrs.frozen(kw_only=True, slots=True)(cls)
        if name in EVENTS:
            raise ValueError(f"two events are named {name}")
        made.type = name
        made.audience = audience
        made.durable = durable
        made.urgent = urgent
        EVENTS[name] = made
        return made

    return wrap
