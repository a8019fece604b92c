"""What a device did while it was offline, told afterwards (Rule 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.bounds import integer, items, text
from protocol.codes import Code
from protocol.commands import Command, command
from protocol.domain_limits import OFFLINE_COMMANDS_MAX
from protocol.errors import FieldError
from protocol.limits import INT64_MAX
from protocol.operations.addresses import gateway
from protocol.operations.base import Operation, in_category
from protocol.replies.sync import Replayed
from protocol.values import DeviceId


@attrs.frozen(kw_only=True)
class OfflineCommand:
    """One request as the device would have sent it.

    `command_id` is its idempotency key. If one of `after` fails, this is skipped.
    """

    seq: Annotated[int, integer(1, INT64_MAX)]
    command_id: UUID
    occurred_at: datetime
    method: Annotated[str, text(min=1, max=10)]
    path: Annotated[str, text(min=1, max=500)]
    body: Mapping[str, Any] | None = None
    if_match: Annotated[str | None, text(min=1, max=40)] = None
    after: Annotated[tuple[UUID, ...], items(0, OFFLINE_COMMANDS_MAX)] = ()


@command
class ReplayOfflineCommands(Command):
    """Perform in order what one device kept. A batch that got no answer is sent again as it was."""

    device_id: DeviceId
    commands: Annotated[tuple[OfflineCommand, ...], items(1, OFFLINE_COMMANDS_MAX)]

    def faults(self) -> Iterable[FieldError]:
        """`seq` rises without a gap, and no command stands twice."""
        known: set[UUID] = set()
        for n, one in enumerate(self.commands):
            if n and one.seq != self.commands[n - 1].seq + 1:
                wanted = self.commands[n - 1].seq + 1
                yield FieldError(f"/commands/{n}/seq", "order", f"must be {wanted}; is {one.seq}")
            if one.command_id in known:
                yield FieldError(f"/commands/{n}/command_id", "repeated", "stands here before")
            known.add(one.command_id)


# fmt: off
OPERATIONS: Final = in_category(
    "Sync",
    Operation(
        ReplayOfflineCommands, Role.PATRON, "POST /api/sync/commands", gateway, Replayed,
        summary="Replay up to 100 queued commands of one device, in order; the batch answers 200.",
        socket=False, errors=(Code.DEVICE_SEQUENCE_GAP,),
    ),
)
# fmt: on
