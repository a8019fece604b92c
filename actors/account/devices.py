"""The caller's signed-in devices: shown, and signed out one by one, here, or all at once."""

from __future__ import annotations

from actors.account.families import (
    Ended,
    end_families,
    last_used_at,
    live_families,
    live_family,
)
from actors.account.state import AccountState
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.addresses import Principal
from protocol.errors import Code, Refusal
from protocol.operations.auth import ListAuthSessions, LogOut, RevokeAuthSession
from protocol.replies.auth import AuthSession, AuthSessions
from protocol.replies.base import Done


def _caller(context: Context) -> Principal:
    assert context.principal is not None, "these commands have a principal"
    return context.principal


def _done(ended: Ended) -> Outcome:
    return Outcome(reply=Done(), changes=ended.changes, removes=ended.removes, events=ended.events)


@decides(LogOut)
def decide_log_out(state: AccountState, command: LogOut, context: Context) -> Decision:
    """End the caller's family, or all of them. A family that has ended already ends no other."""
    now = context.now
    own = live_family(state, _caller(context).family_id, now)
    if own is None:
        return Outcome(reply=Done())
    families = live_families(state, now) if command.all_devices else [own]
    return _done(end_families(state, families, why="logout", now=now))


@decides(RevokeAuthSession)
def decide_revoke(state: AccountState, command: RevokeAuthSession, context: Context) -> Decision:
    """End one family of the caller's."""
    family = live_family(state, command.auth_session_id, context.now)
    if family is None:
        return Refusal(Code.NOT_FOUND, f"you have no signed-in device {command.auth_session_id}")
    return _done(end_families(state, (family,), why="logout", now=context.now))


@decides(ListAuthSessions)
def decide_list(state: AccountState, command: ListAuthSessions, context: Context) -> Decision:
    """All families of the caller that still get tokens, the one used last first."""
    own_id = _caller(context).family_id
    return Outcome(
        reply=AuthSessions(
            items=tuple(
                AuthSession(
                    auth_session_id=family.id,
                    device_id=family.device_id,
                    client=family.user_agent,
                    place=family.ip,
                    created_at=family.created_at,
                    last_used_at=last_used_at(family),
                    expires_at=family.expires_at,
                    current=family.id == own_id,
                )
                for family in live_families(state, context.now)
            )
        )
    )
