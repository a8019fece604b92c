"""Cursors: what comes back is where a page ended, and what is none of ours is told so."""

from __future__ import annotations

import pytest

from protocol.codec import decode_query
from protocol.errors import Code
from protocol.operations.sessions_managed import ListSessions
from storage.postgres.paging import CursorInvalid, after_of, cursor_of
from tests.storage.samples import an_id


def test_a_cursor_is_read_back_as_the_id_that_it_was_made_of() -> None:
    """Otherwise a list would skip rows, or show some twice."""
    last = an_id()
    assert after_of(ListSessions(cursor=cursor_of(last))) == last
    assert after_of(ListSessions()) is None


@pytest.mark.parametrize("cursor", ["!!", "a", "nonsense", "é", "+/+/", "A" * 300])
def test_what_is_no_cursor_is_a_malformed_request_whatever_is_in_it(cursor: str) -> None:
    """400, as the contract says: a cursor is opaque, so it is right or none of ours."""
    command = decode_query(ListSessions, [("cursor", cursor)])
    with pytest.raises(CursorInvalid) as raised:
        after_of(command)
    assert raised.value.refusal().code is Code.MALFORMED_REQUEST
