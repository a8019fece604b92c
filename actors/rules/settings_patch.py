"""Settings as clients change them: a JSON merge patch, read against the typed schema.

A name with a value sets it, a name with null goes back to the default. Values that are planned for
later are patches too: whatever comes into force has been checked with all that comes before it, so
what was accepted is never refused when its time has come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import time
from typing import Any, Final, TypeAlias

import attrs

from actors.rules.settings import SETTINGS, Value, VenueSettings, from_overrides
from protocol.errors import Refusal

Patch: TypeAlias = Mapping[str, Any]
"""JSON values by the name of a setting."""

_WALL_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def patched(settings: VenueSettings, patch: Patch) -> VenueSettings | Refusal:
    """`settings` with a patch applied, or why not; nothing is taken if one value is refused.

    A refusal is `setting_below_floor` if any floor is passed, else `validation_failed`; its
    pointers are those of the patch.
    """
    return from_overrides(
        {name: _read(name, value) for name, value in patch.items()}, base=settings
    )


def patched_in_turn(settings: VenueSettings, patches: Iterable[Patch]) -> VenueSettings | Refusal:
    """`settings` with patches applied one after another, or why one of them is refused."""
    for patch in patches:
        after = patched(settings, patch)
        if isinstance(after, Refusal):
            return after
        settings = after
    return settings


def changed_names(before: VenueSettings, after: VenueSettings) -> tuple[str, ...]:
    """The settings in which the two differ, in the order of the schema."""
    return tuple(name for name in SETTINGS if getattr(before, name) != getattr(after, name))


def plain(value: Value) -> int | str:
    """A setting as JSON has it: a time of day is HH:MM."""
    return f"{value:%H:%M}" if isinstance(value, time) else value


def is_wall_time(value: object) -> bool:
    """Whether a JSON value is a time of day, HH:MM."""
    return isinstance(value, str) and _WALL_TIME.fullmatch(value) is not None


def under(refusal: Refusal, prefix: str) -> Refusal:
    """The refusal with pointers below `prefix`, which is where the patch stands in its request."""
    errors = tuple(attrs.evolve(e, pointer=f"{prefix}{e.pointer}") for e in refusal.errors)
    return attrs.evolve(refusal, errors=errors)


def _read(name: str, value: object) -> Any:
    known = SETTINGS.get(name)
    if known is None:
        return value
    default = known["default"]
    if value is None:
        return default
    if isinstance(default, time) and is_wall_time(value):
        return time.fromisoformat(str(value))
    return value
