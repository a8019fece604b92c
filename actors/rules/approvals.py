"""How much one person may approve at once and on a business day (Rules 9 and 10)."""

from __future__ import annotations

from protocol.errors import Code, Refusal


def refuse_approval(
    *, amount_minor: int, used_minor: int, single_max_minor: int, day_max_minor: int
) -> Refusal | None:
    """403 where an amount passes the limit of one approval, or with `used_minor` that of the day.

    Exactly the limit is allowed.
    """
    if amount_minor > single_max_minor:
        return Refusal(
            Code.APPROVAL_LIMIT_EXCEEDED,
            f"{amount_minor} minor are more than the {single_max_minor} that you approve at once; "
            "ask the owner",
            extra={"limit_minor": single_max_minor},
        )
    if used_minor + amount_minor > day_max_minor:
        return Refusal(
            Code.APPROVAL_LIMIT_EXCEEDED,
            f"{used_minor} of the {day_max_minor} minor that you approve on a business day are "
            f"used; {amount_minor} more would pass it; ask the owner",
            extra={"limit_minor": day_max_minor, "used_minor": used_minor},
        )
    return None
