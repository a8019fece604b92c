"""How a person wants the app, and what they consent to; consent goes to the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.account.keeping_out import keeps_out_everywhere
from actors.account.state import AccountState
from actors.rules.preconditions import refuse_version
from actors.runtime.auditing import audited
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from protocol.codec import encode
from protocol.errors import Code, FieldError, Refusal
from protocol.operations.users import ReplacePreferences
from protocol.records.platform import AuditEntry
from protocol.records.users import UserPreferences
from protocol.replies.users import Preferences
from protocol.values import QuietHours


@decides(ReplacePreferences)
def decide_replace_preferences(
    state: AccountState, command: ReplacePreferences, context: Context
) -> Decision:
    """Put the preferences in place of those before; consent keeps the time when it was given."""
    before = stored_preferences(state)
    refusal = refuse_version(
        context.expected_version, before.version, whose="the preferences of this account"
    ) or _refuse_offers(state, command, context)
    if refusal is not None:
        return refusal
    consent_at = (before.marketing_consent_at or context.now) if command.marketing_consent else None
    quiet: Any = None if command.quiet_hours is None else encode(command.quiet_hours)
    after = before.revised(
        locale=command.locale,
        channels={switch.value: on for switch, on in command.channels.items()},
        quiet_hours=quiet,
        marketing_consent_at=consent_at,
        analytics_opt_out=command.analytics_opt_out,
        accessibility=dict(command.accessibility),
    )
    return Outcome(
        reply=_shown(after), changes=(after,), appends=consent_lines(before, after, context)
    )


def consent_lines(
    before: UserPreferences, after: UserPreferences, context: Context
) -> tuple[AuditEntry, ...]:
    """The line of the audit trail for consent that was given or withdrawn, if any was."""
    was, is_ = _consent(before), _consent(after)
    if was == is_:
        return ()
    user_id = before.user_id
    line = audited(
        context, "consent.changed", "user", user_id, venue_id=None, before=was, after=is_
    )
    return (line,)


def stored_preferences(state: AccountState) -> UserPreferences:
    """What was said, or version 0 of what is so before anything is."""
    return state.first(UserPreferences) or UserPreferences(user_id=state.user_id, version=0)


def _refuse_offers(
    state: AccountState, command: ReplacePreferences, context: Context
) -> Refusal | None:
    """Who keeps out gets no offers, and is not asked for consent meanwhile (Rule 7)."""
    if not command.marketing_consent or not keeps_out_everywhere(state, context.now):
        return None
    detail = "offers are not sent while you keep out; consent again after that"
    errors = (FieldError("/marketing_consent", "not_allowed", detail),)
    return Refusal(Code.VALIDATION_FAILED, detail, errors=errors)


def _consent(row: UserPreferences) -> Mapping[str, Any]:
    return {
        "marketing": row.marketing_consent_at is not None,
        "analytics": not row.analytics_opt_out,
    }


def _shown(row: UserPreferences) -> Preferences:
    quiet = row.quiet_hours
    return Preferences(
        locale=row.locale,
        channels=row.channels,
        quiet_hours=None if quiet is None else QuietHours(from_=quiet["from"], to=quiet["to"]),
        marketing_consent=row.marketing_consent_at is not None,
        marketing_consent_at=row.marketing_consent_at,
        analytics_opt_out=row.analytics_opt_out,
        accessibility=row.accessibility,
        version=row.version,
    )
