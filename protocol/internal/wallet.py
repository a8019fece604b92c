"""What an account tells itself about its wallet, by timer."""

from __future__ import annotations

from protocol.commands import Command, command


@command
class ExpireBonus(Command):
    """Account → itself, when a bonus lot's time is over: what is left of it goes (Rule 9)."""
