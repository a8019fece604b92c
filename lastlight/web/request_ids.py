"""Names of requests: UUIDs of version 4, as text, for `x-request-id` and the log.

Chance is drawn for many at a time: to ask the system for each cost more than its text.
"""

from __future__ import annotations

import os
from typing import Final

_DRAWN_AT_ONCE: Final = 256
_BYTES: Final = 16
_VARIANTS: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The two bits that say by which rules an id is made (RFC 9562), whatever was drawn for them."""
_drawn: Final[list[str]] = []


def fresh_request_id() -> str:
    """A name that no other request has."""
    if not _drawn:
        chance = os.urandom(_DRAWN_AT_ONCE * _BYTES).hex()
        _drawn.extend(chance[at : at + 32] for at in range(0, len(chance), 32))
    digits = _drawn.pop()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )
