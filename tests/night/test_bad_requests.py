"""Bad requests to the gateway in memory: the same list as over a port, with no 5xx at all."""

from __future__ import annotations

import pytest
from trio.testing import MockClock

from protocol.operations.base import Operation
from tests.bad_requests import (
    ALL,
    Bad,
    Send,
    Told,
    bad_requests,
    complaints,
    forged_requests,
    role_for,
)
from tests.forged_tokens import bad_tokens
from tests.night.people_kit import elevated
from tests.twins.people import ask, sign_in
from tests.twins.whole import SECRETS, LastLight


def sender(house: LastLight) -> Send:
    """Sends to a node in memory."""

    async def send(bad: Bad) -> Told:
        heard = await ask(house, bad.method, bad.target, bad.body, headers=bad.headers)
        return Told(
            status=heard.status, media=heard.headers.get("content-type", ""), body=heard.raw
        )

    return send


@pytest.mark.parametrize("operation", ALL.values(), ids=ALL.keys())
async def test_what_is_bad_is_told_and_harms_nothing(
    operation: Operation, house: LastLight, autojump_clock: MockClock
) -> None:
    """Wherever it comes in, it ends at the gateway with a problem that an app can read."""
    name = role_for(operation)
    asking = None if name is None else await sign_in(house, name)
    if asking is not None and operation.step_up:
        await elevated(asking)
    token = None if asking is None else asking.token
    assert await complaints(sender(house), bad_requests(operation, token)) == []
    tokens = bad_tokens(SECRETS.keys, house.world.clock.now())
    assert await complaints(sender(house), forged_requests(operation, tokens)) == []
    assert house.node.counts.dead_letters == 0
