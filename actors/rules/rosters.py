"""Who may be planned when (Rule 13): nobody twice at once, and 11 hours of rest in between.

Availability beyond that is nobody's to know: people say it to whoever plans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import attrs

from protocol.errors import Code, Refusal

REST: Final = timedelta(hours=11)
WEEK: Final = timedelta(days=7)


class Slot(Protocol):
    """A planned shift, whatever it is made of; without `staff_id` it is nobody's yet."""

    @property
    def staff_id(self) -> UUID | None: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


@attrs.frozen(kw_only=True)
class Clash:
    """Two shifts of one person that can't both be: they overlap, or leave too little rest."""

    staff_id: UUID
    first: Slot
    second: Slot

    @property
    def overlaps(self) -> bool:
        """Whether both run at once for a while."""
        return self.second.starts_at < self.first.ends_at


def clashes(slots: Iterable[Slot]) -> tuple[Clash, ...]:
    """Every pair of neighbouring shifts of one person that overlap or leave less than REST.

    Of several shifts within a long one each is named with it.
    """
    by_person: dict[UUID, list[Slot]] = defaultdict(list)
    for slot in slots:
        if slot.staff_id is not None:
            by_person[slot.staff_id].append(slot)
    found = []
    for staff_id, planned in by_person.items():
        planned.sort(key=lambda slot: (slot.starts_at, slot.ends_at))
        latest = None
        for slot in planned:
            if latest is not None and slot.starts_at < latest.ends_at + REST:
                found.append(Clash(staff_id=staff_id, first=latest, second=slot))
            if latest is None or slot.ends_at > latest.ends_at:
                latest = slot
    return tuple(found)


def refuse_clashes(slots: Iterable[Slot]) -> Refusal | None:
    """409 `schedule_overlap` if somebody would be in two shifts at once, else 422
    `rest_rule_violated` if somebody would rest for less than 11 hours; None if all is well."""
    found = clashes(slots)
    overlap = next((clash for clash in found if clash.overlaps), None)
    if overlap is not None:
        return Refusal(
            Code.SCHEDULE_OVERLAP,
            f"{_who(overlap)} would work twice at once: {_when(overlap.first)} and "
            f"{_when(overlap.second)}",
            extra={"staff_id": str(overlap.staff_id)},
        )
    if not found:
        return None
    tight = found[0]
    rest = tight.second.starts_at - tight.first.ends_at
    return Refusal(
        Code.REST_RULE_VIOLATED,
        f"{_who(tight)} would rest for {rest} between {_when(tight.first)} and "
        f"{_when(tight.second)}; 11 hours are the least",
        extra={"staff_id": str(tight.staff_id)},
    )


def _who(clash: Clash) -> str:
    return f"staff {clash.staff_id}"


def _when(slot: Slot) -> str:
    return f"{slot.starts_at:%a %d %b %H:%M}-{slot.ends_at:%H:%M} UTC"
