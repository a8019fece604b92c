"""The account actor: one person, with the wallet and everything that is theirs alone.

It decides a person's one open session over all venues, and every movement of their credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.account import (
    admission,
    credentials,
    devices,
    expiry,
    orders,
    roles,
    signing_in,
    topups,
    verification,
    views,
    visit,
)
from actors.account.families import READS as SIGN_IN_READS
from actors.account.state import AccountState
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.events.base import Audience
from protocol.reads import Among, Read, Since
from protocol.records.money import CreditGrant, CreditHold, Credits, Purchase, Transaction
from protocol.records.money_states import HoldStatus
from protocol.records.runtime import OpenVisit
from protocol.records.users import Exclusion, User, UserLimit, UserPreferences

_DAY_S: Final = 24 * 3600

MODULES: Final = (
    # The wallet
    admission,
    visit,
    orders,
    topups,
    expiry,
    views,
    # Signing in
    signing_in,
    credentials,
    verification,
    devices,
    roles,
)


def _masked(state: AccountState) -> Mapping[str, object]:
    """How the account stands, without a name, an address or an amount."""
    return {
        "status": state.user.status.value if state.first(User) is not None else None,
        "visit": None if state.visit is None else str(state.visit.session_id),
        "lots": len(state.rows(CreditGrant)),
        "holds_open": sum(1 for hold in state.all(CreditHold) if hold.status is HoldStatus.OPEN),
        "ledger_seq": {row.currency: row.ledger_seq for row in state.all(Credits)},
        "exclusions": len(state.rows(Exclusion)),
    }


ACCOUNT: Final = Behaviour(
    kind=ActorKind.ACCOUNT,
    state=AccountState,
    decisions=decisions_of(MODULES),
    reads=(
        Read(User, by="id"),
        *SIGN_IN_READS,
        Read(UserPreferences, by="user_id"),
        Read(UserLimit, by="user_id", where=(Among("superseded_at", (None,)),)),
        # An exclusion may have been given an end that is still to come.
        Read(Exclusion, by="user_id", where=(Since("ended_at", _DAY_S),)),
        Read(OpenVisit, by="user_id"),
        Read(Credits, by="user_id"),
        # Empty lots too: a hold may give back to a lot that it emptied.
        Read(CreditGrant, by="user_id"),
        Read(CreditHold, by="user_id", where=(Among("status", (HoldStatus.OPEN,)),)),
        # The longest own limit counts 30 business days, which begin up to 2 days before.
        Read(Transaction, by="user_id", where=(Since("posted_at", 32 * _DAY_S),)),
        # What belongs on the receipt of a visit that is still open.
        Read(Purchase, by="user_id", where=(Since("created_at", 2 * _DAY_S),)),
    ),
    founded_by=signing_in.FOUNDED_BY,
    rooms=lambda state: (Audience.USER.room(state.address.id),),
    masked=_masked,
)
