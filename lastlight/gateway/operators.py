"""What the gateway answers by itself: how the node is, what it speaks, who lives in it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, Final

import attrs
import trio

from actors.rules.permissions import not_found
from actors.runtime.answers import Answer
from actors.runtime.inspection import ActorStatistics
from actors.runtime.node import Node
from lastlight.auth.keys import KeyRing
from lastlight.gateway.beside import Beside
from lastlight.gateway.calls import Call, Refused
from lastlight.gateway.health import Health
from lastlight.gateway.media import Document
from lastlight.gateway.paging import page_of_names
from lastlight.metrics import CONTENT_TYPE, Metrics
from lastlight.openapi import openapi_document
from protocol.addresses import OUTSIDE, PLATFORM, ActorKind, Address, Role
from protocol.codec import render_json, to_json
from protocol.errors import Code, Refusal
from protocol.operations.admin import InspectActor, ListActors
from protocol.replies.admin import ActorDetail, ActorList, ActorView, HandledView, TimerView
from protocol.replies.ops import Liveness, ReadyStatus, SigningKey, SigningKeys

Own = Callable[[Call], Awaitable[Answer]]
_ONLY: Final = {ActorKind.OUTSIDE: OUTSIDE, ActorKind.PLATFORM: PLATFORM}
"""Kinds with one address. Nobody lives outside; it shows what goes on beside the actors."""
_TURN_ACTORS: Final = 2_000
"""Named in one go; two milliseconds."""


@cache
def _document() -> bytes:
    """Made once: it follows from the operation table alone."""
    return render_json(openapi_document())


@attrs.frozen(kw_only=True)
class Operators:
    """Answers that need no actor."""

    node: Node
    keys: KeyRing
    metrics: Metrics
    health: Health
    beside: Beside
    document: bytes = attrs.field(factory=_document)

    def answers(self) -> Mapping[str, Own]:
        """By the name of the command."""
        return {
            "CheckLiveness": self.check_liveness,
            "CheckReadiness": self.check_readiness,
            "ReadMetrics": self.read_metrics,
            "ReadOpenApi": self.read_open_api,
            "ReadSigningKeys": self.read_signing_keys,
            "ListActors": self.list_actors,
            "InspectActor": self.inspect_actor,
            "OpenSocket": self.open_socket,
        }

    async def check_liveness(self, call: Call) -> Answer:
        """The loop answers, or this would not have been reached."""
        return Answer(status=200, body=to_json(Liveness()))

    async def check_readiness(self, call: Call) -> Answer:
        """200 while requests are taken, degraded or not; 503 while they are not."""
        readiness = self.health.readiness()
        taken = readiness.status in {ReadyStatus.OK, ReadyStatus.DEGRADED}
        return Answer(status=200 if taken else 503, body=to_json(readiness))

    async def read_metrics(self, call: Call) -> Answer:
        """Prometheus text."""
        return Document(status=200, media=CONTENT_TYPE, body=self.metrics.exposition())

    async def read_open_api(self, call: Call) -> Answer:
        """The contract as it is served; its version is a digest, so that it can be cached."""
        digest = int.from_bytes(hashlib.sha256(self.document).digest()[:6], "big")
        return Answer(status=200, body=self.document, version=digest)

    async def read_signing_keys(self, call: Call) -> Answer:
        """Public keys of the access tokens."""
        keys = tuple(SigningKey(kid=key["kid"], x=key["x"]) for key in self.keys.jwks()["keys"])
        return Answer(status=200, body=to_json(SigningKeys(keys=keys)))

    async def open_socket(self, call: Call) -> Answer:
        """A request for `/ws` that is no WebSocket handshake."""
        raise Refused(
            Refusal(Code.MALFORMED_REQUEST, "this is a WebSocket; connect with lastlight.v1")
        )

    async def list_actors(self, call: Call) -> Answer:
        """Live actors, by kind and id."""
        command = call.command
        assert isinstance(command, ListActors)
        names: dict[str, Address] = {}
        for at, address in enumerate(self.node.residents()):
            if at % _TURN_ACTORS == 0:
                await trio.lowlevel.checkpoint()
            of_kind = command.actor_type in (None, address.kind)
            if of_kind and _may_see(call, address):
                names[str(address)] = address
        page, cursor = page_of_names(names, command)
        found = [self.node.figures(names[name]) for name in page]
        statistics = self.node.statistics()
        totals = {
            **statistics.actors,
            "dead_letters": statistics.dead_letters,
            "mailbox_messages": statistics.mailbox_depth,
            "gate_outputs": statistics.gate_backlog,
            "timers": statistics.timers,
            "unflushed_entries": statistics.unflushed,
            "effects_waiting": statistics.effects_waiting,
            "effects_given_up": statistics.effects_given_up,
        }
        reply = ActorList(
            items=tuple(_view(actor) for actor in found if actor is not None),
            totals=totals,
            next_cursor=cursor,
        )
        return Answer(status=200, body=to_json(reply))

    async def inspect_actor(self, call: Call) -> Answer:
        """One live actor, as it is at this moment: what it shows may not be durable yet.

        What is not resident is brought in to be looked at.
        """
        command = call.command
        assert isinstance(command, InspectActor)
        try:
            address = Address.parse(f"{command.actor_type}/{command.actor_id}")
        except ValueError:
            refusal = Refusal(Code.NOT_FOUND, "there are no actors of this kind and id")
            raise Refused(refusal) from None
        if address.kind in _ONLY and address != _ONLY[address.kind]:
            raise Refused(Refusal(Code.NOT_FOUND, f"nobody lives at {address}"))
        if not _may_see(call, address):
            raise Refused(not_found(str(address)))
        if address == OUTSIDE:
            return Answer(status=200, body=to_json(await self.beside.detail()))
        await self.node.activate(address)
        snapshot = self.node.snapshot(address)
        if snapshot is None or snapshot.statistics.rows == 0:
            raise Refused(Refusal(Code.NOT_FOUND, f"{address} is not here"))
        masked: dict[str, Any] = dict(snapshot.masked)
        reply = ActorDetail(
            actor=_view(snapshot.statistics),
            snapshot=masked,
            timers=tuple(
                TimerView(name=t.name, due_at=t.due_at, command=t.command) for t in snapshot.timers
            ),
            recent=tuple(
                HandledView(
                    command=h.command,
                    at=h.at,
                    waited_ms=round(h.waited_ms, 3),
                    took_ms=round(h.took_ms, 3),
                    result=h.result,
                )
                for h in snapshot.recent
            ),
            failures=snapshot.failures,
            waiting=snapshot.waiting,
            keys=snapshot.keys,
            position=snapshot.version,
        )
        return Answer(status=200, body=to_json(reply))


def _may_see(call: Call, address: Address) -> bool:
    """Owners of everything see all actors; owners of a venue that venue's (Rule 15)."""
    principal = call.signed_in
    if principal.everywhere >= Role.OWNER:
        return True
    return address.kind is ActorKind.VENUE and principal.role_at(address.id) >= Role.OWNER


def _view(actor: ActorStatistics) -> ActorView:
    return ActorView(
        actor_type=ActorKind(actor.actor_type),
        actor_id=actor.actor_id,
        state=actor.state,
        mailbox_depth=actor.mailbox_depth,
        oldest_ms=None if actor.oldest_ms is None else round(actor.oldest_ms),
        messages=actor.messages,
        last_message_at=actor.last_message_at,
        restarts=actor.restarts,
        age_ms=round(actor.age_s * 1000),
        rows=actor.rows,
        memory_bytes=actor.memory_bytes,
    )
