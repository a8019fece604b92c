"""Steps before the mailbox that belong to no other part of the gateway."""

from __future__ import annotations

from typing import Any, cast

import attrs

from actors.runtime.node import Node
from actors.runtime.ports import Ids
from lastlight.gateway.calls import Call
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.ids import id_at
from protocol.operations.people import AssignRoles
from protocol.operations.safety import RaiseSos, RequestHelp


async def name_incident(ids: Ids, call: Call) -> Call:
    """Name the incident that an SOS or a call for help may open, before a venue has it (Rule 8).

    The name is what the gateway answers with where no venue does, and its time is that of the
    press: so a press that waits in the journal is late by what it waited.
    """
    command = call.command
    name = type(command).__name__
    assert isinstance(command, RaiseSos | RequestHelp), f"{name} opens no incident"
    id_ = ids.fresh() if call.occurred_at is None else id_at(call.occurred_at, ids.fresh())
    named: Command = attrs.evolve(cast("Any", command), incident_id=id_)
    return attrs.evolve(call, command=named)


async def find_account(node: Node, call: Call) -> Call:
    """Say whether there is the account that a role is given to or taken from.

    Raises:
        LastLightError: it can't be brought in now.
    """
    command = call.command
    assert isinstance(command, AssignRoles), f"{type(command).__name__} gives no role"
    account = Address(ActorKind.ACCOUNT, command.user_id)
    await node.activate(account)
    seen = node.snapshot(account)
    known = seen is not None and seen.statistics.rows > 0
    return attrs.evolve(call, command=command.evolve(known=known))
