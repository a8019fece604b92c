"""The codes of the door: whether they may be shown, and for which steps (Rule 6).

The tokens themselves need the node's secret, which no decision and no stored answer ever sees: the
gateway puts them into the answer on its way out.
"""

from __future__ import annotations

from typing import Final

from actors.rules.checkin_code import STEPS_AHEAD, start_of_step, step_of
from actors.rules.permissions import refuse_at_venue
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome
from actors.venue.presence import refuse_closed
from actors.venue.state import VenueState
from protocol.addresses import Role
from protocol.operations.venues import IssueCheckinCode
from protocol.replies.venues import CheckinCode, StepCode

UNMINTED: Final = ""
"""Stands where the gateway puts a token."""
STEPS_VALID: Final = 2
"""A code is good in its own step and the next."""


@decides(IssueCheckinCode)
def decide_issue_checkin_code(
    state: VenueState, command: IssueCheckinCode, context: Context
) -> Decision:
    """The current step first, then those ahead."""
    assert context.principal is not None, "a command of the contract has a principal"
    refusal = refuse_at_venue(context.principal, Role.STAFF, state.venue_id) or refuse_closed(
        state, context.now
    )
    if refusal is not None:
        return refusal
    step_s = state.profile.settings.code_step_s
    first = step_of(context.now, step_s)
    codes = tuple(
        StepCode(
            qr_token=UNMINTED,
            valid_from=start_of_step(step, step_s),
            valid_to=start_of_step(step + STEPS_VALID, step_s),
        )
        for step in range(first, first + STEPS_AHEAD + 1)
    )
    return Outcome(reply=CheckinCode(tokens=codes))
