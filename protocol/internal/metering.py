"""What a session tells itself by timer, and how others end a visit that is not theirs to decide."""

from __future__ import annotations

from protocol.commands import Command, command
from protocol.records.states import CheckOutCause


@command
class TickMeter(Command):
    """Session → itself: charge the time since the last tick (Rule 3)."""


@command
class EndOverdueVisit(Command):
    """Session → itself: the pause lasted too long (Rule 2)."""


@command
class RetrySettlement(Command):
    """Session → itself: the books of a closing visit are not closed yet; ask once more."""

    attempt: int


@command
class CorrectEnd(Command):
    """Session → itself: somebody checked out before the end that was settled just now."""


@command
class CloseVisit(Command):
    """→ session: end the visit for a reason outside it, such as an exclusion or the venue closing.

    Nobody is answered; a visit that is closing or over stays as it is.
    """

    cause: CheckOutCause
