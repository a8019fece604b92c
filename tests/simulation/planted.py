"""Which errors were planted: whoever is told of another one has found a fault."""

from __future__ import annotations

import attrs

from actors.runtime.mailbox import Envelope
from protocol.messages import Message
from tests.simulation.faults import Faults, PlantedError
from tests.twins.people import Heard


@attrs.define(eq=False)
class NotedFaults(Faults):
    """Faults that know which messages they raised at: an answer of 500 names its message."""

    raised: set[str] = attrs.field(factory=set)

    def before_deciding(self, envelope: Envelope) -> None:
        """Perhaps the decision raises."""
        try:
            super().before_deciding(envelope)
        except PlantedError:
            self.raised.add(str(envelope.message.id))
            raise

    def in_performing(self, message: Message) -> None:
        """Perhaps an effect raises: it is given up when it did so some times in a row."""
        try:
            super().in_performing(message)
        except RuntimeError:
            self.raised.add(str(message.id))
            raise

    def explain(self, heard: Heard) -> bool:
        """Whether it fails of what was done to it here."""
        return heard.code == "internal" and any(id_ in heard.body["detail"] for id_ in self.raised)
