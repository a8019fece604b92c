"""Names of requests."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from lastlight.web.request_ids import fresh_request_id


def test_each_request_has_a_name_of_its_own_that_is_a_uuid() -> None:
    """The audit trail keeps it as one, and people send it to us when something went wrong."""
    names = [fresh_request_id() for _ in range(1_000)]
    assert len(set(names)) == len(names)
    for name in names:
        read = UUID(name)
        assert (read.version, read.variant, str(read)) == (4, RFC_4122, name)
