"""How much somebody may tip, and when (Rule 9)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from protocol.errors import Code, FieldError, Refusal

TIP_MOST_MINOR: Final = 10_000
TIP_WINDOW: Final = timedelta(hours=24)


def refuse_tip(tip_minor: int, total_minor: int, *, pointer: str) -> Refusal | None:
    """422 for more than half of the total, or than 10000; exactly that much is allowed."""
    most_minor = min(total_minor // 2, TIP_MOST_MINOR)
    if tip_minor <= most_minor:
        return None
    detail = f"must be at most {most_minor}, half of the total and 10000 at most; is {tip_minor}"
    return Refusal(
        Code.VALIDATION_FAILED, detail, errors=(FieldError(pointer, "out_of_range", detail),)
    )


def refuse_late_tip(posted_at: datetime, now: datetime) -> Refusal | None:
    """409 when the 24 hours after the purchase are over."""
    if now < posted_at + TIP_WINDOW:
        return None
    return Refusal(
        Code.TIP_WINDOW_CLOSED,
        f"the purchase was posted {posted_at.isoformat()}; tips are taken for 24 hours after that",
    )
