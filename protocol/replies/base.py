"""What an answer is: a value, found by its name.

A reply with a field `version` gets an `ETag`. Ids are named after their kind.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar, dataclass_transform

import attrs

REPLIES: Final[dict[str, type[Any]]] = {}
"""Every reply class by its name."""

R = TypeVar("R", bound=type[Any])


@dataclass_transform(frozen_default=True, kw_only_default=True)
def reply(cls: R) -> R:
    """Make a class a reply: frozen, slotted, keyword-only, and found by its name.

    Raises:
        ValueError: another reply has the same name.
    """
    made = attrs.frozen(kw_only=True, slots=True)(cls)
    if made.__name__ in REPLIES:
        raise ValueError(f"two replies are named {made.__name__}")
    REPLIES[made.__name__] = made
    return made


@reply
class Done:
    """It is done, and there is nothing to tell: the answer of an operation without a body."""
