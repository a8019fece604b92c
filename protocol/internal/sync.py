"""Where a device's offline queue stands: what the gateway asks the account."""

from __future__ import annotations

from protocol.commands import Command, command
from protocol.replies.base import reply


@command
class CheckDevice(Command):
    """Gateway → account: may the queue of a device go on at `first_seq`?"""

    device_id: str
    first_seq: int


@command
class AdvanceDevice(Command):
    """Gateway → account: everything up to `last_seq` was performed or refused for good."""

    device_id: str
    last_seq: int
    clock_skew_ms: int


@reply
class DevicePlace:
    """Where the queue of a device stands."""

    last_seq: int
