"""Steps before the mailbox that belong to no other part of the gateway."""

from __future__ import annotations

from typing import Any, cast

import attrs

from actors.runtime.ports import Ids
from lastlight.gateway.calls import Call
from protocol.commands import Command
from protocol.ids import id_at
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
