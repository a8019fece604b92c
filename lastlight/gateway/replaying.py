"""What a device kept while it was offline, performed in its order (Rule 12).

Each command takes the same path as if it came now, with the time when it happened. Its id is its
key, so a batch that is sent again changes nothing. What can't be decided now (the node is full, the
outcome is not known) holds up what follows, but no emergency and no entry of the safety register.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from weakref import WeakValueDictionary

import attrs
import msgspec
import structlog
import trio

from actors.rules.idempotency import fingerprint_of
from actors.rules.offline import Moment, moment_of, no_earlier
from actors.rules.preconditions import parse_if_match
from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.gateway.calls import Call, Refused
from lastlight.gateway.guard import Guard
from lastlight.web.paths import BadPath, decode_path
from lastlight.web.problems import problem_of
from protocol.addresses import ActorKind, Address
from protocol.codec import to_json
from protocol.codes import PROBLEMS
from protocol.errors import Code, LastLightError, Refusal
from protocol.internal.sync import AdvanceDevice, CheckDevice
from protocol.messages import KeyScope
from protocol.operations.base import KeyRule, Operation
from protocol.operations.requests import read_request
from protocol.operations.sync import OfflineCommand, ReplayOfflineCommands
from protocol.operations.table import MethodNotAllowed, find
from protocol.replies.sync import Replayed, ReplayedCommand, ReplayOutcome

log = structlog.get_logger(__name__)
ALWAYS_TAKEN: Final = frozenset({"RaiseSos", "LogSafetyObservation"})
_FAILED: Final = (ReplayOutcome.REJECTED, ReplayOutcome.SKIPPED)


@attrs.define(eq=False, kw_only=True)
class _Batch:
    """What became of a batch so far."""

    results: list[ReplayedCommand] = attrs.field(factory=list)
    failed: set[UUID] = attrs.field(factory=set)
    held_up_at: int | None = None
    """The `seq` of the first command that can't be decided now."""


@attrs.frozen(kw_only=True, eq=False)
class Replaying:
    """Performs batches; one at a time for each device."""

    node: Node
    guard: Guard
    perform: Callable[[Call], Awaitable[Answer]]
    now: Callable[[], datetime]
    _locks: WeakValueDictionary[tuple[UUID, str], trio.Lock] = attrs.field(
        factory=WeakValueDictionary, init=False
    )

    async def replay(self, call: Call) -> Answer:
        """Perform a batch.

        Raises:
            Refused: 409, commands are missing before it.
            LastLightError: the account can't be asked now; nothing was done.
        """
        command = call.command
        assert isinstance(command, ReplayOfflineCommands)
        device = (call.signed_in.user_id, command.device_id)
        lock = self._locks.setdefault(device, trio.Lock())
        async with lock:
            return await self._replay(call, command)

    async def _replay(self, call: Call, command: ReplayOfflineCommands) -> Answer:
        account = Address(ActorKind.ACCOUNT, call.signed_in.user_id)
        first, last = command.commands[0], command.commands[-1]
        place = await self._ask(
            call, account, CheckDevice(device_id=command.device_id, first_seq=first.seq)
        )
        received_at, batch = self.now(), _Batch()
        for one in command.commands:
            batch.results.append(await self._one(call, one, received_at, batch))
        done = last.seq if batch.held_up_at is None else batch.held_up_at - 1
        if done > place:
            skew_ms = round((last.occurred_at - received_at).total_seconds() * 1000)
            advance = AdvanceDevice(
                device_id=command.device_id, last_seq=done, clock_skew_ms=max(0, skew_ms)
            )
            place = await self._ask(call, account, advance)
        reply = Replayed(device_id=command.device_id, last_seq=place, results=tuple(batch.results))
        return Answer(status=200, body=to_json(reply))

    async def _ask(self, call: Call, account: Address, command: CheckDevice | AdvanceDevice) -> int:
        answer = await self.node.ask(
            account, command, principal=call.principal, provenance=call.provenance
        )
        if answer.refusal is not None:
            raise Refused(answer.refusal)
        return int(msgspec.json.decode(answer.body)["last_seq"])

    async def _one(
        self, call: Call, one: OfflineCommand, received_at: datetime, batch: _Batch
    ) -> ReplayedCommand:
        moment = moment_of(one.occurred_at, received_at)
        try:
            made = self._call(call, one, moment)
            if batch.failed.intersection(one.after) or (
                batch.held_up_at is not None and made.operation.name not in ALWAYS_TAKEN
            ):
                batch.failed.add(one.command_id)
                return _told(one, moment, ReplayOutcome.SKIPPED, None)
            answer = await self.perform(made)
            refusal = answer.refusal
        except LastLightError as error:
            refusal = error.refusal()
            answer = Answer(status=refusal.status, refusal=refusal)
        if refusal is None:
            done = ReplayOutcome.REPLAYED if answer.replayed else ReplayOutcome.APPLIED
            data = msgspec.json.decode(answer.body) if answer.body else None
            moment = _as_answered(moment, made.operation, data)
            return attrs.evolve(_told(one, moment, done, answer.status), data=data)
        batch.failed.add(one.command_id)
        if PROBLEMS[refusal.code].status >= 500 and batch.held_up_at is None:
            batch.held_up_at = one.seq
        log.info("replay_rejected", command=str(one.command_id), code=refusal.code.value)
        told = _told(one, moment, ReplayOutcome.REJECTED, refusal.status)
        return attrs.evolve(told, problem=problem_of(refusal, call.caller.request_id))

    def _call(self, call: Call, one: OfflineCommand, moment: Moment) -> Call:
        """The call that the device would have made.

        Raises:
            LastLightError: it is none that may come late, or doesn't fit.
        """
        operation, values = _operation(one)
        self.guard.refuse_role(call.principal, operation)
        expected = parse_if_match(one.if_match)
        if expected is None and operation.precondition:
            expected = Refusal(Code.PRECONDITION_REQUIRED, "send the ETag as if_match")
        if isinstance(expected, Refusal):
            raise Refused(expected)
        body = {} if one.body is None else dict(one.body)
        taken = read_request(operation, values, (), msgspec.json.encode(body))
        scope = KeyScope(
            user_id=call.signed_in.user_id,
            method=operation.method,
            route=operation.path,
            key=str(one.command_id),
            fingerprint=fingerprint_of(body, values),
        )
        return attrs.evolve(
            call,
            operation=operation,
            command=taken.command,
            scope=None if operation.key is KeyRule.NONE else scope,
            expected_version=expected,
            occurred_at=moment.at,
            dropped=taken.dropped,
        )


def _operation(one: OfflineCommand) -> tuple[Operation, dict[str, str]]:
    try:
        found = find(one.method, decode_path(one.path.encode()))
    except BadPath as error:
        raise Refused(Refusal(Code.MALFORMED_REQUEST, str(error))) from None
    if found is None or isinstance(found, MethodNotAllowed):
        raise Refused(Refusal(Code.NOT_FOUND, f"there is no {one.method} {one.path[:200]}"))
    if not found[0].offline:
        detail = f"{found[0].name} is not done late: do it anew, if it is still wanted"
        raise Refused(Refusal(Code.FORBIDDEN, detail))
    return found


def _as_answered(moment: Moment, operation: Operation, data: Any) -> Moment:
    """When it counts as done by its answer: not before what was done to the same before it."""
    if operation.done_at is None or data is None:
        return moment
    counted = no_earlier(moment.at, msgspec.convert(data[operation.done_at], datetime))
    return counted if counted.clamped else moment


def _told(
    one: OfflineCommand, moment: Moment, outcome: ReplayOutcome, status: int | None
) -> ReplayedCommand:
    return ReplayedCommand(
        seq=one.seq,
        command_id=one.command_id,
        outcome=outcome,
        status=status,
        occurred_at=moment.at,
        clamped=moment.clamped,
    )
