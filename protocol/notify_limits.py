"""Bounds of messages to people through providers. Those of the machinery stand in `limits`."""

from __future__ import annotations

from typing import Final

NOTIFY_CALL_S: Final = 10.0
"""One call to a provider, from first to last byte."""
NOTIFY_AT_ONCE_MAX: Final = 16
"""Calls to one provider; what is urgent has as many again for itself."""
NOTIFY_PUSHES_PER_S: Final = 500.0
NOTIFY_MAILS_PER_S: Final = 10.0
NOTIFY_TEXTS_PER_S: Final = 50.0
NOTIFY_CALLS_PER_S: Final = 10.0
NOTIFY_CONTACT_PER_S: Final = 10.0
"""Messages to one provider; what is urgent goes at once and slows the others down."""
NOTICES_AT_ONCE_MAX: Final = 64
"""Mails and texts of codes under way: those of a provider that hangs must leave room for others."""
NOTIFY_ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of an answer; a longer one is no answer."""
NOTIFY_HOLD_MAX_S: Final = 600.0
"""How long a provider can have us wait by its `Retry-After`."""
NOTIFY_AGE_MAX_S: Final = 24 * 3600.0
"""A message that could not be brought for so long is given up."""
ALERT_PEOPLE_AT_ONCE: Final = 25
"""People of an alert whose messages are one entry; a longer list is taken in pieces."""
NOTIFY_WAIT_MAX_S: Final = 120.0
"""Between two tries of one message."""
NOTIFY_TRIES_MAX: Final = 1_000
NOTIFY_SECRET_AGE_MAX_S: Final = 1_800.0
"""A code is good for no longer, so it need not be brought any more."""
ALERT_AGE_MAX_S: Final = 3600.0
"""An alarm that is older has been told of by its later tiers, or is over."""
FOLLOWED_S: Final = 600.0
"""For so long is it asked what became of a text or call; an alarm has been answered by then."""
FOLLOW_FIRST_S: Final = 2.0
FOLLOW_WAIT_MAX_S: Final = 120.0
"""Waits between two looks double from the first to this."""
FOLLOWED_AT_ONCE_MAX: Final = 500
"""Of each way; more wait until some are over, and those that waited too long are not looked at."""
DELIVERIES_WAITING_MAX: Final = 10_000
"""Notes of what was delivered that wait for the database; with one more, the oldest goes."""
CONTACTS_KEPT_MAX: Final = 10_000
"""People whose ways to be reached are remembered, for when the database is away."""
CONTACTS_WARM_S: Final = 300.0
"""How often those of everybody who works here are read."""

assert FOLLOW_FIRST_S < FOLLOW_WAIT_MAX_S < FOLLOWED_S
assert NOTIFY_CALL_S < NOTIFY_HOLD_MAX_S < ALERT_AGE_MAX_S < NOTIFY_AGE_MAX_S
