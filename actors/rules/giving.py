"""How much may be given away: by people of the venue as bonus, and by one patron to another.

The numbers are the contract's own (GrantCredits, TransferCredits), and no settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from protocol.errors import Code, Refusal

GRANT_ONCE_MAX_MINOR: Final = 2_000
GRANT_DAY_MAX_MINOR: Final = 20_000
"""Of one manager on a business day; owners are bound by neither."""
GIFT_DAY_MAX_MINOR: Final = 20_000
"""What one patron gives away on a business day, over all venues."""
FAULT_WINDOW: Final = timedelta(minutes=10)
"""Rule 4: a fault reported so soon after a play gives the play back."""
HOLD_LONGEST: Final = timedelta(hours=12)
GIFT_CODE_AGE_MAX: Final = timedelta(minutes=10)

UNAVAILABLE: Final = Refusal(
    Code.RECIPIENT_UNAVAILABLE,
    "this person can't take gifts now; nothing was taken from you",
)
"""The one answer for excluded, limited and closed receivers, so that nothing leaks."""


def refuse_gift(given_today_minor: Iterable[int], amount_minor: int) -> Refusal | None:
    """403 where a gift would pass what somebody may give on a day; exactly that is allowed."""
    given_minor = sum(given_today_minor)
    if given_minor + amount_minor <= GIFT_DAY_MAX_MINOR:
        return None
    return Refusal(
        Code.TRANSFER_NOT_ALLOWED,
        f"{given_minor} of {GIFT_DAY_MAX_MINOR} minor were given today; {amount_minor} more would "
        "pass it; give the rest tomorrow",
        extra={"limit_minor": GIFT_DAY_MAX_MINOR, "given_minor": given_minor},
    )


def gift_code_id(code: str) -> UUID:
    """The id of the row of a one-time code: found by whoever has the code, and by nobody else.

    Case and spaces don't matter; codes are read out.
    """
    plain = "".join(code.split()).replace("-", "").upper()
    return UUID(bytes=hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()[:16])
