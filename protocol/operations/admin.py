"""A look at the running node, for owners."""

from __future__ import annotations

from typing import Annotated, Final

from protocol.addresses import ActorKind, Role
from protocol.bounds import text
from protocol.commands import Command, command
from protocol.limits import PAGE_ITEMS_DEFAULT
from protocol.operations.addresses import gateway
from protocol.operations.base import Operation, in_category
from protocol.replies.admin import ActorDetail, ActorList
from protocol.values import Cursor, PageSize


@command
class ListActors(Command):
    """Live actors and totals."""

    actor_type: ActorKind | None = None
    cursor: Cursor | None = None
    limit: PageSize = PAGE_ITEMS_DEFAULT


@command
class InspectActor(Command):
    """One actor's snapshot, personal data masked."""

    actor_type: Annotated[str, text(min=1, max=20)]
    actor_id: Annotated[str, text(min=1, max=36)]


# fmt: off
OPERATIONS: Final = in_category(
    "Admin",
    Operation(
        ListActors, Role.OWNER, "GET /api/admin/actors", gateway, ActorList,
        summary="Live actors with mailbox depth, last message, age; totals and dead letters.",
    ),
    Operation(
        InspectActor, Role.OWNER, "GET /api/admin/actors/{actor_type}/{actor_id}", gateway,
        ActorDetail,
        summary="One actor: state, timers, recent messages, failures.",
    ),
)
# fmt: on
