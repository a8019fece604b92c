"""What the runtime tells an actor about a saga that ended elsewhere."""

from __future__ import annotations

from protocol.commands import Command, command
from protocol.errors import Refusal


@command
class SagaRefused(Command):
    """A later step said no, or failed; all steps before it were told to take themselves back."""

    refusal: Refusal
