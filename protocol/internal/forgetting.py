"""What actors are asked to forget when its time is over: jobs find out whom to ask."""

from __future__ import annotations

from datetime import datetime

from protocol.commands import Command, command


@command
class ForgetFiredTimers(Command):
    """Job → any actor: forget timers that fired before then.

    Only the actor can: it knows their versions, and may set one of the name anew.
    """

    before: datetime


@command
class ForgetSilentDevices(Command):
    """Job → account: devices that were silent for too long, by the account's own clock."""
