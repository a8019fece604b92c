"""Numbers that hold on the whole node, whatever the venue: how often somebody may ask (Rule 16).

They are few on purpose. What a node is started with, such as its port, its database and its
secrets, is no setting of this kind: it stands in its environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

from protocol.codec_objects import escaped
from protocol.codec_scalars import printable
from protocol.errors import Code, FieldError, Refusal
from protocol.limits import RATE_ADDRESS_MAX, RATE_FAMILY_MAX, RATE_USER_MAX


def _limit(default: int, most: int) -> Any:
    """Requests in a window; never so few that a person could not work."""
    return attrs.field(default=default, metadata={"least": 20, "most": most, "floor": None})


@attrs.frozen(kw_only=True)
class PlatformSettings:
    """Requests per window of RATE_WINDOW_S: per address without a token, per user, per login."""

    rate_address_max: int = _limit(RATE_ADDRESS_MAX, 10_000)
    rate_user_max: int = _limit(RATE_USER_MAX, 100_000)
    rate_family_max: int = _limit(RATE_FAMILY_MAX, 10_000)


PLATFORM_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    field.name: {**field.metadata, "default": field.default}
    for field in attrs.fields(PlatformSettings)
}
"""By name: default, `least`, `most`, and that none is a floor."""


def platform_settings(values: Mapping[str, Any]) -> PlatformSettings | Refusal:
    """The settings with some values replaced; None is the default. 422 for what can't be."""
    errors = [error for name, value in values.items() if (error := _refuse(name, value))]
    if errors:
        detail = "; ".join(error.detail for error in errors)
        return Refusal(Code.VALIDATION_FAILED, detail, errors=tuple(errors))
    return PlatformSettings(**{name: v for name, v in values.items() if v is not None})


def _refuse(name: str, value: object) -> FieldError | None:
    pointer = f"/settings/{escaped(name)}"
    if (known := PLATFORM_SETTINGS.get(name)) is None:
        return FieldError(pointer, "unknown", f"the platform has no setting {printable(name)}")
    if value is None:
        return None
    if type(value) is not int:
        return FieldError(pointer, "type", f"{name} is {printable(repr(value))}, which is no int")
    least, most = known["least"], known["most"]
    if least <= value <= most:
        return None
    return FieldError(
        pointer, "out_of_range", f"{name} is {value}; it must be from {least} to {most}"
    )
