"""What one row of the operation table says. Every way in reads the table; no route stands twice.

A row is a value. HTTP, WebSocket, Socket.IO, offline replay, OpenAPI and the role tests follow it;
whoever needs to treat an operation in a special way adds a column here.
"""

from __future__ import annotations

import enum
import re
from typing import Any, Final
from uuid import UUID

import attrs

from protocol.addresses import Role
from protocol.codec import bare, reader_of
from protocol.codes import Code
from protocol.commands import Command
from protocol.operations.addresses import AddressRule, Finding

_ROUTE: Final = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/\S*)")
_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")


class KeyRule(enum.Enum):
    """Whether a request may or must have an `Idempotency-Key` (Rule 12)."""

    NONE = "none"
    ACCEPTED = "accepted"
    REQUIRED = "required"


class RateRule(enum.Enum):
    """What a request counts against (Rule 16)."""

    CALLER = "caller"
    """The user, or without a token the address."""
    GIVEN_BACK = "given_back"
    """As CALLER; given back if the request succeeds: log-in and registration."""
    FAMILY = "family"
    """The family of the refresh token that is sent."""
    EXEMPT = "exempt"


@attrs.frozen
class Operation:
    """One endpoint: who may ask what, how, and who decides."""

    command: type[Command]
    least: Role
    route: str
    address: AddressRule
    reply: type[Any] | None
    """The class of the answer; None for an answer without body, or one that is no JSON."""
    summary: str = attrs.field(kw_only=True)
    status: int = 200
    also: tuple[int, ...] = ()
    """Other statuses of success: 202 if the reply's status is pending, 200 for a repeat."""
    key: KeyRule = KeyRule.NONE
    precondition: bool = False
    """If-Match must name the version that is changed (428 without, 412 if it is stale)."""
    creates: bool = False
    """With `If-None-Match: *` in place of If-Match it makes what is not there yet."""
    socket: bool = True
    """May be sent as a command over WebSocket and Socket.IO."""
    offline: bool = False
    """May be replayed from an offline batch (Rule 12)."""
    done_at: str | None = None
    """Which field of the answer says when it counts as done, if that may differ from when a
    device says that it did it."""
    emergency: bool = False
    """Goes first, into the reserved room of the mailbox."""
    lenient: bool = False
    """What does not fit is dropped and listed instead of refused (Rule 8)."""
    raw: bool = False
    """The body is not ours to read: it goes as it came, with its signature, to who answers."""
    step_up: bool = False
    """Needs an elevated token."""
    ended: bool = False
    """May be asked with a token that was revoked: it ends what may have ended already."""
    rate: RateRule = RateRule.CALLER
    prepare: tuple[str, ...] = ()
    """Named steps before the mailbox, in this order; the gateway adds what they find."""
    warm: tuple[AddressRule, ...] = ()
    """Actors that the decision will need: activated first, so that a cold one that can't load is
    503 (nothing was done) and not 504."""
    errors: tuple[Code, ...] = ()
    """Its own codes, besides those of every route."""
    emits: tuple[str, ...] = ()
    category: str = ""
    media: str = "application/json"
    """Media type of the answer."""
    offers: tuple[str, ...] = ()
    """Other media types that it may be asked for by `Accept`."""
    audited: str | None = None
    """The action under which what no actor decides, such as a reading, goes to the audit trail
    before it is answered."""
    method: str = attrs.field(init=False)
    path: str = attrs.field(init=False)
    parameters: tuple[str, ...] = attrs.field(init=False)
    """Names in the path, each a field of the command."""

    @method.default
    def _method(self) -> str:
        return self.route.partition(" ")[0]

    @path.default
    def _path(self) -> str:
        return self.route.partition(" ")[2]

    @parameters.default
    def _parameters(self) -> tuple[str, ...]:
        return tuple(_PARAMETER.findall(self.route))

    def __attrs_post_init__(self) -> None:
        assert _ROUTE.fullmatch(self.route), f"{self.route} is no route"
        fields = {field.name for field in attrs.fields(self.command)}  # type: ignore[arg-type]
        rules = (self.address, *self.warm)
        wanted = {*self.parameters, *(rule.field for rule in rules if rule.field)}
        assert wanted <= fields, f"{self.name} lacks {wanted - fields}, which {self.route} needs"
        assert self.emergency == self.command.emergency, f"{self.name}: emergency in one place only"
        changes = self.method != "GET"
        assert changes or self.key is KeyRule.NONE, f"{self.name} changes nothing and takes no key"

    @property
    def name(self) -> str:
        """The name of the command, which is unique."""
        return self.command.__name__

    @property
    def query(self) -> str | None:
        """The named query that answers, if no actor does."""
        return self.address.query

    @property
    def by_gateway(self) -> bool:
        """Whether the gateway answers by itself."""
        return self.address.finding is Finding.GATEWAY

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def _names_something(self) -> bool:
        """Whether an id is sent, of what may not be there or not be the caller's to see."""
        members = reader_of(self.command).members.values()
        return not self.lenient and any(bare(member.type)[0] is UUID for member in members)

    @property
    def problems(self) -> tuple[Code, ...]:
        """All codes that it may answer with, its own and those of its kind."""
        found = dict.fromkeys((*self.errors, *_EVERYWHERE))
        if self.least is not Role.PUBLIC:
            found |= dict.fromkeys((Code.UNAUTHENTICATED, Code.FORBIDDEN))
        if self.parameters or self._names_something:
            found[Code.NOT_FOUND] = None
        if self.changes:
            found |= dict.fromkeys((Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE))
            found[Code.OUTCOME_UNKNOWN] = None
        if self.rate is not RateRule.EXEMPT:
            found[Code.RATE_LIMITED] = None
        if self.key is not KeyRule.NONE:
            found |= dict.fromkeys((Code.IDEMPOTENCY_IN_PROGRESS, Code.IDEMPOTENCY_KEY_REUSED))
        if self.key is KeyRule.REQUIRED:
            found[Code.IDEMPOTENCY_KEY_REQUIRED] = None
        if self.precondition:
            found |= dict.fromkeys((Code.PRECONDITION_REQUIRED, Code.VERSION_CONFLICT))
        if self.step_up:
            found[Code.STEP_UP_REQUIRED] = None
        if self.query is not None:
            found[Code.STALE_READ] = None
        elif not self.by_gateway and not self.lenient:
            found |= dict.fromkeys((Code.ACTOR_UNAVAILABLE, Code.STARTING))
        return tuple(sorted(found))


_EVERYWHERE: Final = (
    Code.MALFORMED_REQUEST,
    Code.METHOD_NOT_ALLOWED,
    Code.VALIDATION_FAILED,
    Code.INTERNAL,
)


def in_category(category: str, *operations: Operation) -> tuple[Operation, ...]:
    """Operations of one page of the table, with the page's name."""
    return tuple(attrs.evolve(operation, category=category) for operation in operations)
