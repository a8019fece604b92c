"""Steps on a node that answers otherwise: a door code, and an account that fails."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import pytest

from actors.rules.checkin_code import NONCE_BYTES, make_token, start_of_step, step_of
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT
from actors.runtime.answers import Answer
from actors.runtime.node import Node
from lastlight.auth.steps import Steps
from lastlight.gateway.calls import Refused
from protocol.addresses import ActorKind, Address
from protocol.errors import Code, Refusal
from protocol.operations.sessions import CheckIn
from protocol.records.states import VenueStatus
from tests.actors.deciding import NOW, a_principal
from tests.lastlight.sign_in_kit import SECRET, Client, a_call, a_login, open_client

VENUE = UUID("00000000-0000-7000-8000-000000000001")


@attrs.frozen(kw_only=True)
class OtherNode:
    """A node of which only these answers are known."""

    answer: Answer | None = None
    profile: VenueProfile | None = None

    async def ask(self, address: Address, command: object, *, principal: object) -> Answer:
        assert self.answer is not None
        return self.answer

    def shared(self, address: Address) -> object:
        return self.profile if address == Address(ActorKind.VENUE, VENUE) else None

    def steps_of(self, client: Client) -> Steps:
        """The steps of a client, as they would be on this node."""
        return attrs.evolve(client.steps, node=cast("Node", self))


async def test_a_door_code_is_read_with_the_key_of_the_node() -> None:
    """Rule 6: the venue judges the time, but only of codes that are ours and its own."""
    async with open_client() as client:
        profile = VenueProfile(
            venue_id=VENUE,
            name="Last Light Shibuya",
            status=VenueStatus.OPEN,
            tz=ZoneInfo("Asia/Tokyo"),
            currency="JPY",
            lat=35.6595,
            lon=139.7005,
            capacity=600,
            hours={},
            settings=DEFAULT,
            version=1,
        )
        step = step_of(NOW, 30)
        nonce = b"n" * NONCE_BYTES
        ours = make_token(VENUE, step, step_s=30, nonce=nonce, secret=SECRET)
        forged = make_token(VENUE, step, step_s=30, nonce=nonce, secret=b"x" * 32)

        async def read(steps: Steps, qr_token: str | None) -> object:
            call = a_call(CheckIn(venue_id=VENUE, qr_token=qr_token), a_principal(UUID(int=1)))
            command: Any = (await steps.verify_checkin_code(call)).command
            return command.code_step_at

        assert await read(client.steps, ours) is None, "a venue that is not here has no codes"
        steps = OtherNode(profile=profile).steps_of(client)
        assert await read(steps, ours) == start_of_step(step, 30)
        assert await read(steps, forged) is None
        assert await read(steps, None) is None


async def test_an_account_that_can_not_be_asked_refuses_the_step() -> None:
    """A bug in an account must not look like a wrong password."""
    async with open_client() as client:
        failing = OtherNode(answer=Answer(status=500, refusal=Refusal(Code.INTERNAL, "recorded")))
        with pytest.raises(Refused) as raised:
            await failing.steps_of(client).verify_password(a_call(a_login()))
        assert raised.value.refusal().code is Code.INTERNAL
