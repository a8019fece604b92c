"""The account actor: one person, with the wallet and everything that is theirs alone.

It decides a person's one open session over all venues, and every movement of their credit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.account import (
    adjustments,
    admission,
    credentials,
    devices,
    expiry,
    gifts,
    grants,
    holds,
    orders,
    roles,
    shortening,
    signing_in,
    syncing,
    tips,
    topups,
    verification,
    views,
    visit,
    visit_holds,
    voiding,
)
from actors.account.card_rows import MODULES as CARD_MODULES
from actors.account.card_rows import READS as CARD_READS
from actors.account.families import READS as SIGN_IN_READS
from actors.account.personal import MODULES as PERSONAL_MODULES
from actors.account.personal import READS as PERSONAL_READS
from actors.account.state import AccountState
from actors.runtime.behaviour import Behaviour, decisions_of
from protocol.addresses import ActorKind
from protocol.events.base import Audience
from protocol.reads import Among, Read, Since
from protocol.records.money import CreditGrant, CreditHold, Credits, Transaction
from protocol.records.money_states import HoldStatus
from protocol.records.platform import SyncDevice
from protocol.records.runtime import OpenVisit, TimeUsed
from protocol.records.users import AuthSession, Exclusion, User, UserLimit, UserPreferences

_DAY_S: Final = 24 * 3600

MODULES: Final = (
    # The wallet
    admission,
    visit,
    visit_holds,
    voiding,
    shortening,
    orders,
    topups,
    grants,
    gifts,
    holds,
    tips,
    adjustments,
    expiry,
    views,
    *CARD_MODULES,
    # Signing in
    signing_in,
    credentials,
    verification,
    devices,
    roles,
    # The person
    *PERSONAL_MODULES,
    # Offline queues
    syncing,
)


def _masked(state: AccountState) -> Mapping[str, object]:
    """How the account stands, without a name, an address or an amount."""
    user, visit = state.first(User), state.visit
    holds = [hold for hold in state.all(CreditHold) if hold.status is HoldStatus.OPEN]
    return {
        "status": None if user is None else user.status,
        "roles": {} if user is None else dict(user.role_grants),
        "token_version": None if user is None else user.token_version,
        "failed_logins": 0 if user is None else len(user.failed_logins),
        "signed_in": sum(1 for family in state.all(AuthSession) if family.revoked_at is None),
        "visit": None if visit is None else visit.session_id,
        "venue": None if visit is None else visit.venue_id,
        "wallets": {
            row.currency: {
                "ledger_seq": row.ledger_seq,
                "owes": row.receivable_minor > 0,
                "version": row.version,
            }
            for row in state.all(Credits)
        },
        "lots": len(state.rows(CreditGrant)),
        "holds_open": len(holds),
        "hold_expires_at": min(
            (hold.expires_at for hold in holds if hold.expires_at is not None), default=None
        ),
        "limits": len(state.rows(UserLimit)),
        "exclusions": len(state.rows(Exclusion)),
    }


ACCOUNT: Final = Behaviour(
    kind=ActorKind.ACCOUNT,
    state=AccountState,
    decisions=decisions_of(MODULES),
    reads=(
        Read(User, by="id"),
        *SIGN_IN_READS,
        *PERSONAL_READS,
        Read(UserPreferences, by="user_id"),
        Read(UserLimit, by="user_id", where=(Among("superseded_at", (None,)),)),
        # An exclusion may have been given an end that is still to come.
        Read(Exclusion, by="user_id", where=(Since("ended_at", _DAY_S),)),
        Read(SyncDevice, by="user_id"),
        Read(OpenVisit, by="user_id"),
        Read(TimeUsed, by="user_id"),
        Read(Credits, by="user_id"),
        # Empty lots too: a hold may give back to a lot that it emptied.
        Read(CreditGrant, by="user_id"),
        Read(CreditHold, by="user_id", where=(Among("status", (HoldStatus.OPEN,)),)),
        holds.SETTLED_READ,
        # The longest own limit counts 30 business days, which begin up to 2 days before.
        Read(Transaction, by="user_id", where=(Since("posted_at", 32 * _DAY_S),)),
        *CARD_READS,
    ),
    founded_by=signing_in.FOUNDED_BY,
    rooms=lambda state: (Audience.USER.room(state.address.id),),
    # Where somebody is, for a call for help that says nothing else (Rule 8).
    share=lambda state: None if state.visit is None else state.visit.venue_id,
    masked=_masked,
)
