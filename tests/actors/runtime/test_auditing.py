"""The audit trail: what a line tells, and that it can be forgotten without breaking the chain."""

from __future__ import annotations

from uuid import UUID

import attrs

from actors.runtime.auditing import SYSTEM, audited
from protocol.addresses import ActorKind, Address, Role
from protocol.chains import canonical_json, text_digest
from protocol.messages import Provenance
from tests.actors.deciding import IDS, a_context, a_principal

VENUE = IDS.fresh()
HERE = Address(ActorKind.VENUE, VENUE)


def test_a_line_tells_who_did_what_and_from_where() -> None:
    """Whoever looks into a dispute needs the person, their role there and the request."""
    manager = IDS.fresh()
    context = attrs.evolve(
        a_context(HERE, principal=a_principal(manager, Role.MANAGEMENT, VENUE)),
        provenance=Provenance(request_id=UUID(int=5), client_address="203.0.113.9"),
    )
    line = audited(context, "price.changed", "menu_item", UUID(int=9), venue_id=VENUE)
    assert (line.actor_id, line.role, line.action) == (manager, "management", "price.changed")
    assert (line.request_id, line.ip, line.at) == (UUID(int=5), "203.0.113.9", context.now)
    assert (line.object_type, line.object_id) == ("menu_item", str(UUID(int=9)))
    assert line.detail_digest is None


def test_what_a_timer_did_is_told_as_the_systems_doing() -> None:
    """A day that closed by itself must not look as if somebody had closed it."""
    line = audited(a_context(HERE), "business_day.closed", "business_day", "x", venue_id=VENUE)
    assert (line.actor_id, line.role) == (None, SYSTEM)


def test_the_digest_is_of_what_is_stored_and_outlives_it() -> None:
    """L7: erasure deletes text and salt; with them kept, anyone can check the digest."""
    line = audited(
        a_context(HERE),
        "user.status_changed",
        "user",
        UUID(int=3),
        venue_id=None,
        before={"role": Role.STAFF.label, "by": UUID(int=4)},
        after={"role": None},
    )
    assert line.before == {"role": "staff", "by": str(UUID(int=4))}
    assert line.detail_salt is not None
    assert line.detail_digest is not None
    told = canonical_json({"before": line.before, "after": line.after}).decode()
    assert line.detail_digest == text_digest(line.detail_salt, told)
