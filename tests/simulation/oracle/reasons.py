"""Reasons that a refusal may give, each with the fact that must have been so.

A judge looks at what was told and at the facts since it was asked, and says whether it was true at
some moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from lastlight.demo.ids import DEMO_VENUE
from protocol.records.money import CreditGrant
from tests.simulation.oracle.doors import keeps_out
from tests.simulation.oracle.facts import Facts, Refused
from tests.simulation.worlds import SECOND

_NUMBER: Final = re.compile(r"\d+")
_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_in(known: Facts, refused: Refused) -> bool:
    return known.ever(("visit", refused.guest_id), refused)


def is_full(known: Facts, refused: Refused) -> bool:
    """Rule 2: the seats that are taken and those that are asked for are more than there are."""
    venue_id = refused.row.actor_id
    if "capacity" not in refused.extra or not refused.row.route.endswith("/checkin"):
        return True  # Of rooms, which one is wanted is not said; of visits, how they grow.
    taken = max(n or 0 for n in known.facts["seats", venue_id].since(refused.began))
    most = min(n for n in known.facts["capacity", venue_id].since(refused.began) if n is not None)
    return bool(taken + int(refused.body.get("party_size", 1)) > most)


def is_kept_out(known: Facts, refused: Refused) -> bool:
    """Rule 7: the guest keeps out, or is kept out; of gifts, either of the two."""
    people = {refused.row.user_id, refused.row.actor_id}
    people |= {UUID(str(id_)) for name, id_ in refused.body.items() if name.endswith("user_id")}
    # Whose a booking is that staff change, the refusal alone says.
    people |= {UUID(found) for found in _ID.findall(refused.detail)}
    kept = (one for who in people for one in known.exclusions[who].values())
    # It may have ended since it was asked, which is a while only where the node was away.
    return any(keeps_out(one, refused.asked) or keeps_out(one, refused.at) for one in kept)


def is_held(known: Facts, refused: Refused) -> bool:
    fact = ("safety hold", refused.row.actor_id, refused.guest_id)
    return "cooling" in refused.detail or known.ever(fact, refused)


def is_on_duty(known: Facts, refused: Refused) -> bool:
    return known.ever(("shift", refused.row.actor_id), refused)


def is_off_duty(known: Facts, refused: Refused) -> bool:
    return known.not_always(("shift", refused.row.actor_id), refused)


def has_a_till(known: Facts, refused: Refused) -> bool:
    tills = refused.extra.get("till_ids")
    if tills is not None:  # Of a day that is to be closed.
        return any(known.ever(("drawer", UUID(str(id_))), refused) for id_ in tills)
    return known.ever(("till", refused.row.actor_id), refused)


def has_no_till(known: Facts, refused: Refused) -> bool:
    venue_id = SECOND if refused.body.get("venue_id") == str(SECOND) else DEMO_VENUE
    return known.not_always(("till", refused.row.user_id, venue_id), refused)


def is_in_use(known: Facts, refused: Refused) -> bool:
    return known.ever(("drawer", UUID(str(refused.extra["till_id"]))), refused)


def is_taken(known: Facts, refused: Refused) -> bool:
    """Rule 14 too: a room may be kept for others that nobody is in."""
    if "game_id" not in refused.body:
        return True
    return known.ever(("taken", UUID(refused.body["game_id"])), refused)


def is_short(known: Facts, refused: Refused) -> bool:
    """Rule 9: frozen while something is owed; else there was less than what is needed."""
    who = refused.row.actor_id if "/transactions" in refused.row.route else refused.guest_id
    if "owed_minor" in refused.extra:
        return -int(refused.extra["owed_minor"]) in known.facts["owed", who].since(refused.began)
    numbers = [int(found) for found in _NUMBER.findall(refused.detail)]
    needed = refused.extra.get("needed_minor", numbers[0] if numbers else 0)
    if "limit" in refused.detail or "alcohol" in refused.detail or not numbers:
        return True
    owes = any(known.facts["owed", who].since(refused.began))
    left = [_left(lots or (), refused.at) for lots in known.facts["lots", who].since(refused.began)]
    return owes or min(left) < needed


def _left(lots: tuple[CreditGrant, ...], now: datetime) -> int:
    return sum(
        lot.remaining_minor for lot in lots if lot.expires_at is None or now < lot.expires_at
    )


def is_sold_out(known: Facts, refused: Refused) -> bool:
    """There was less than the whole order could need of it."""
    id_ = refused.extra["item_id"]
    if "not enough" not in refused.detail:
        return True  # Of what is not sold here, or not now.
    wanted = 1_000 * sum(int(line["qty"]) for line in refused.body["lines"])
    return any((n or 0) < wanted for n in known.facts["stock", UUID(id_)].since(refused.began))


JUDGES: Final[Mapping[str, Callable[[Facts, Refused], bool]]] = {
    "session_active": is_in,
    "capacity_full": is_full,
    "excluded": is_kept_out,
    "banned": is_kept_out,
    "safety_hold_active": is_held,
    "shift_already_open": is_on_duty,
    "no_open_shift": is_off_duty,
    "till_open": has_a_till,
    "till_not_open": has_no_till,
    "drawer_in_use": is_in_use,
    "station_busy": is_taken,
    "insufficient_credits": is_short,
    "item_unavailable": is_sold_out,
}
"""By the code of a refusal."""
