"""The whole table, one page per category in the contract's order, and the way from a path to a row.

A static path beats a path with an `{id}`: if `/a/b` stands in the table, `/a/{id}` never sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from protocol.operations import (
    admin,
    admin_audit,
    admin_settings,
    admin_venues,
    analytics,
    auth,
    care,
    exclusions,
    figures,
    inventory,
    karaoke,
    ledger,
    ops,
    payments,
    people,
    realtime,
    refunds,
    reservations,
    safety,
    sessions,
    sessions_managed,
    staff,
    staff_work,
    sync,
    transactions,
    users,
    venues,
    wallet,
)
from protocol.operations.base import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *auth.OPERATIONS,
    *sessions.OPERATIONS,
    *sessions_managed.OPERATIONS,
    *users.OPERATIONS,
    *people.OPERATIONS,
    *transactions.OPERATIONS,
    *wallet.OPERATIONS,
    *ledger.OPERATIONS,
    *refunds.OPERATIONS,
    *payments.OPERATIONS,
    *staff.OPERATIONS,
    *staff_work.OPERATIONS,
    *inventory.OPERATIONS,
    *safety.OPERATIONS,
    *care.OPERATIONS,
    *exclusions.OPERATIONS,
    *analytics.OPERATIONS,
    *figures.OPERATIONS,
    *admin_settings.OPERATIONS,
    *admin_audit.OPERATIONS,
    *admin.OPERATIONS,
    *admin_venues.OPERATIONS,
    *venues.OPERATIONS,
    *reservations.OPERATIONS,
    *karaoke.OPERATIONS,
    *sync.OPERATIONS,
    *ops.OPERATIONS,
    *realtime.OPERATIONS,
)

BY_NAME: Final[Mapping[str, Operation]] = {operation.name: operation for operation in OPERATIONS}
"""Operations by the name of their command, as WebSocket and offline replay call them."""


@attrs.frozen
class MethodNotAllowed:
    """The path is known, the method isn't; these are."""

    allowed: tuple[str, ...]


@attrs.define
class _Node:
    static: dict[str, _Node] = attrs.field(factory=dict)
    parameter: _Node | None = None
    methods: dict[str, Operation] = attrs.field(factory=dict)


def _tree(operations: Iterable[Operation]) -> _Node:
    root = _Node()
    for operation in operations:
        node = root
        for part in operation.path[1:].split("/"):
            if part.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.static.setdefault(part, _Node())
        assert operation.method not in node.methods, f"two operations for {operation.route}"
        node.methods[operation.method] = operation
    return root


_ROOT: Final = _tree(OPERATIONS)


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | MethodNotAllowed | None:
    """The operation of a request with the values in its path; None if no such path is known.

    `path` is without query and already unescaped. Empty segments match nothing.
    """
    if not path.startswith("/"):
        return None
    found = _walk(_ROOT, path.split("/"), 1, [])
    if found is None:
        return None
    node, values = found
    if (operation := node.methods.get(method)) is None:
        # HEAD is GET without the body, on every path that has GET (RFC 9110 9.3.2).
        heads = {"HEAD"} if "GET" in node.methods else set()
        return MethodNotAllowed(tuple(sorted(heads.union(node.methods))))
    return operation, dict(zip(operation.parameters, values, strict=True))


def methods_at(path: str) -> tuple[str, ...]:
    """The methods that a path has, sorted; none if nothing is there."""
    match find("", path):
        case MethodNotAllowed(allowed=allowed):
            return allowed
    return ()


def _walk(
    node: _Node, parts: list[str], at: int, values: list[str]
) -> tuple[_Node, list[str]] | None:
    """Follow `parts` from `at` on down the tree; as deep as the table's longest path, whatever is
    asked for."""
    if at == len(parts):
        return (node, values) if node.methods else None
    part = parts[at]
    if (static := node.static.get(part)) is not None:
        found = _walk(static, parts, at + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and part:
        return _walk(node.parameter, parts, at + 1, [*values, part])
    return None
