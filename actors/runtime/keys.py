"""An actor's idempotency keys (Rule 12).

Fingerprints of all live keys stay with the actor, answers for IDEMPOTENCY_ANSWER_KEEP_S; older
answers are read from the database when asked for. A key is written in the same journal entry as
what it stands for, so the two can't part.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs
import msgspec

from actors.runtime.answers import Answer
from protocol.addresses import Address
from protocol.errors import Code, Refusal
from protocol.limits import IDEMPOTENCY_ANSWER_KEEP_S, IDEMPOTENCY_KEEP_S
from protocol.messages import KeyScope
from protocol.records.money_states import IdempotencyStatus
from protocol.records.platform import IdempotencyKey

STORED_REFUSALS = frozenset({402, 403, 409, 422})
"""Statuses of refusals that are kept as the answer of a key; others may be asked again."""

Scope = tuple[Any, ...]


def scope_of(scope: KeyScope) -> Scope:
    """Where a key counts: one user, one route, at the addressed actor."""
    return (scope.user_id, scope.method, scope.route, scope.key)


@attrs.define(eq=False)
class _Key:
    fingerprint: bytes
    version: int
    expires_at: datetime
    done: bool
    answer: Answer | None


IN_PROGRESS = Refusal(
    Code.IDEMPOTENCY_IN_PROGRESS,
    "the first request with this Idempotency-Key is still being handled; ask again in a second",
    retry_after_s=1,
)
REUSED = Refusal(
    Code.IDEMPOTENCY_KEY_REUSED,
    "this Idempotency-Key was used for another request; use a new key for a new request",
)


class Keys:
    """All live keys of one actor."""

    __slots__ = ("_address", "_answered", "_keys")

    def __init__(self, address: Address) -> None:
        self._address = address
        self._keys: dict[Scope, _Key] = {}
        self._answered: dict[Scope, datetime] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, row: IdempotencyKey) -> None:
        """Take in a row that was loaded or written."""
        done = row.status is IdempotencyStatus.DONE
        answer = answer_from(row.response) if done and row.response is not None else None
        scope = (row.user_id, row.method, row.route, row.key)
        self._keys[scope] = _Key(row.fingerprint, row.version, row.expires_at, done, answer)
        if answer is not None:
            self._answered[scope] = row.created_at

    def verdict(self, scope: KeyScope, now: datetime) -> Answer | Refusal | Scope | None:
        """What a key says about a request.

        Returns:
            None if the key is new; a refusal; the stored answer; or the scope, if the answer is
            stored but no longer here and must be read.
        """
        self._expire(now)
        key = self._keys.get(scope_of(scope))
        if key is None:
            return None
        if key.fingerprint != scope.fingerprint:
            return REUSED
        if not key.done:
            return IN_PROGRESS
        return key.answer or scope_of(scope)

    def knows(self, scope: KeyScope, now: datetime) -> bool:
        """Whether this very request was taken here before, and its key still counts."""
        key = self._keys.get(scope_of(scope))
        return key is not None and key.fingerprint == scope.fingerprint and key.expires_at > now

    def row(self, scope: KeyScope, now: datetime, answer: Answer | None) -> IdempotencyKey:
        """The row to write: in progress if there is no answer yet."""
        known = self._keys.get(scope_of(scope))
        return IdempotencyKey(
            actor_type=self._address.kind,
            actor_id=self._address.id,
            user_id=scope.user_id,
            method=scope.method,
            route=scope.route,
            key=scope.key,
            fingerprint=scope.fingerprint,
            status=IdempotencyStatus.IN_PROGRESS if answer is None else IdempotencyStatus.DONE,
            http_status=None if answer is None else answer.status,
            response=None if answer is None else answer_to(answer),
            created_at=now,
            expires_at=now + timedelta(seconds=IDEMPOTENCY_KEEP_S),
            version=1 if known is None else known.version + 1,
        )

    def stored(self, scope: KeyScope) -> tuple[Any, ...] | None:
        """The primary key of the row of a key, or None if it has none."""
        if (found := scope_of(scope)) not in self._keys:
            return None
        return (self._address.kind, self._address.id, *found)

    def discard(self, scope: Scope) -> None:
        """Forget a key whose request had no answer worth keeping."""
        self._keys.pop(scope, None)

    def _expire(self, now: datetime) -> None:
        """Let go of old answers and dead keys. Both stand in the order of their time."""
        keep_after = now - timedelta(seconds=IDEMPOTENCY_ANSWER_KEEP_S)
        while self._answered:
            scope, since = next(iter(self._answered.items()))
            if since > keep_after:
                break
            del self._answered[scope]
            if (answered := self._keys.get(scope)) is not None:
                answered.answer = None
        while self._keys:
            scope, oldest = next(iter(self._keys.items()))
            if oldest.expires_at > now:
                break
            del self._keys[scope]


def answer_to(answer: Answer) -> dict[str, Any]:
    """An answer as it is stored with its key."""
    return {
        "status": answer.status,
        "body": msgspec.json.decode(answer.body) if answer.body else None,
        "refusal": msgspec.to_builtins(answer.refusal),
        "version": answer.version,
    }


def answer_from(stored: Any) -> Answer:
    """A stored answer, marked as replayed."""
    body = stored["body"]
    refusal = stored["refusal"]
    return Answer(
        status=stored["status"],
        body=b"" if body is None else msgspec.json.encode(body),
        refusal=None if refusal is None else msgspec.convert(refusal, Refusal),
        version=stored["version"],
        replayed=True,
    )
