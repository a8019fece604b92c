"""Tokens are made behind the answer: signed, fitting, and never stored."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from actors.runtime.answers import Answer
from lastlight.auth.finishing import grant_of
from protocol.addresses import Role
from protocol.errors import Code, Refusal
from protocol.internal.people import TokensDue
from protocol.messages import KeyScope
from protocol.operations.auth import (
    ListAuthSessions,
    LogOut,
    RefreshToken,
    RequestPasswordReset,
    ResetPassword,
    StepUp,
)
from tests.actors.deciding import NOW
from tests.lastlight.sign_in_kit import (
    EMAIL,
    PASSWORD,
    a_call,
    a_login,
    a_registration,
    open_client,
)

VENUE = UUID("00000000-0000-7000-8000-000000000001")


def tokens_of(roles: dict[str, str]) -> TokensDue:
    """What an account says is due to somebody with these roles."""
    return TokensDue(
        user_id=UUID(int=1),
        display_name="Somebody",
        role_grants=roles,
        token_version=2,
        family_id=UUID(int=3),
        generation=0,
        at=NOW,
    )


async def test_registration_and_login_answer_in_the_shape_of_the_contract() -> None:
    """Design, section 10: clients rely on each member."""
    async with open_client() as client:
        for command, status in ((a_registration(), 201), (a_login(), 200)):
            answer = await client.send(command)
            assert answer.status == status
            body = msgspec.json.decode(answer.body)
            assert set(body) == {
                "access_token",
                "refresh_token",
                "token_type",
                "expires_in",
                "user",
            }
            assert (body["token_type"], body["expires_in"]) == ("Bearer", 900)
            user_id = body["user"]["user_id"]
            assert body["user"] == {"user_id": user_id, "display_name": "Somebody", "roles": []}
            principal = client.principal_of(body)
            assert (str(principal.user_id), principal.everywhere) == (user_id, Role.PATRON)
            assert client.refresh_tokens.read(body["refresh_token"]) == (principal.family_id, 0)


async def test_a_refresh_answers_the_next_tokens_and_a_lost_answer_the_same() -> None:
    """Rule 16: the same successor, though nobody stored it."""
    async with open_client() as client:
        body = await client.told(a_registration())
        command = RefreshToken(refresh_token=body["refresh_token"])
        first, again = await client.told(command), await client.told(command)
        assert set(first) == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert first["refresh_token"] == again["refresh_token"] != body["refresh_token"]
        following = await client.told(RefreshToken(refresh_token=first["refresh_token"]))
        assert client.refresh_tokens.read(following["refresh_token"])[1] == 2
        assert await client.code(command) is Code.REFRESH_REUSED
        last = RefreshToken(refresh_token=following["refresh_token"])
        assert await client.code(last) is Code.REFRESH_INVALID


async def test_a_step_up_answers_an_elevated_token() -> None:
    """Five minutes, and the refresh token stays what it was: it is not in the answer."""
    async with open_client() as client:
        caller = client.principal_of(await client.told(a_registration()))
        body = await client.told(StepUp(password=PASSWORD), caller)
        assert set(body) == {"access_token", "token_type", "expires_in", "elevated_until"}
        elevated = client.principal_of(body)
        assert elevated.family_id == caller.family_id
        assert elevated.elevated_until is not None
        left = elevated.elevated_until - client.now()
        assert timedelta(minutes=4) < left <= timedelta(minutes=5)
        assert await client.code(StepUp(password="wrong"), caller) is Code.INVALID_CREDENTIALS


async def test_answers_without_a_body_have_none() -> None:
    """204 and 202: what the actor said was only that it is done."""
    async with open_client() as client:
        caller = client.principal_of(await client.told(a_registration()))
        asked = await client.send(RequestPasswordReset(email=EMAIL))
        assert (asked.status, asked.body) == (202, b"")
        reset = ResetPassword(new_password="another password", current_password=PASSWORD)
        changed = await client.send(reset, caller)
        assert (changed.status, changed.body) == (204, b"")
        out = await client.send(LogOut(), caller)
        assert (out.status, out.body) == (204, b"")
        assert await client.code(a_login()) is Code.INVALID_CREDENTIALS
        await client.told(a_login("another password"))


async def test_other_answers_pass_as_they_are() -> None:
    """Only what is due is made."""
    async with open_client() as client:
        caller = client.principal_of(await client.told(a_registration()))
        (item,) = (await client.told(ListAuthSessions(), caller))["items"]
        assert (item["current"], item["place"], item["client"]) == (True, "192.0.2.7", "app/1")
        refusal = Answer(status=401, refusal=Refusal(Code.INVALID_CREDENTIALS, "no"))
        assert client.finisher.finish(a_call(a_login()), refusal) is refusal


async def test_neither_password_nor_token_is_ever_written() -> None:
    """A journal, a dead letter or a backup in wrong hands must open nobody's account."""
    async with open_client() as client:
        scope = KeyScope(user_id=UUID(int=0), method="POST", route="/r", key="k", fingerprint=b"f")
        answer = await client.send(a_registration(), scope=scope)
        body = msgspec.json.decode(answer.body)
        await client.told(RefreshToken(refresh_token=body["refresh_token"]))
        caller = client.principal_of(body)
        await client.told(StepUp(password=PASSWORD), caller)
        reset = ResetPassword(new_password="another password", current_password=PASSWORD)
        await client.told(reset, caller)
        await client.told(a_login("another password"))
        assert await client.code(a_login("a wrong password")) is Code.INVALID_CREDENTIALS
        written = client.journaled()
        assert EMAIL in written, "this test reads what was written"
        secrets = (PASSWORD, "another password", "a wrong password", body["access_token"])
        proof = body["refresh_token"].rpartition(".")[2]
        assert not [secret for secret in (*secrets, proof) if secret in written]


async def test_a_repeated_registration_opens_nothing_that_was_closed_since() -> None:
    """A key lives for 7 days, revocations for 15 minutes: a repeat must not outlive them."""
    async with open_client() as client:
        scope = KeyScope(user_id=UUID(int=0), method="POST", route="/r", key="k", fingerprint=b"f")
        first = msgspec.json.decode((await client.send(a_registration(), scope=scope)).body)
        again = await client.send(a_registration(), scope=scope)
        body = msgspec.json.decode(again.body)
        assert again.replayed
        assert body["refresh_token"] == first["refresh_token"]
        assert client.principal_of(body).expires_at == client.principal_of(first).expires_at
        client.world.clock.step += timedelta(minutes=10)
        later = msgspec.json.decode((await client.send(a_registration(), scope=scope)).body)
        assert 290 <= later["expires_in"] <= 300
        await client.running.write_behind.wait_flushed(client.running.journal.durable)
        client.world.clock.step += timedelta(hours=1)
        late = msgspec.json.decode((await client.send(a_registration(), scope=scope)).body)
        assert late["expires_in"] == 0


def test_roles_count_where_they_are_held() -> None:
    """Rule 15: a role counts only at its venue, except the owners' of everything."""
    grant = grant_of(tokens_of({str(VENUE): "staff"}))
    assert (grant.roles, grant.everywhere) == ({VENUE: Role.STAFF}, Role.PATRON)
    owner = grant_of(tokens_of({"*": "owner"}))
    assert (owner.roles, owner.everywhere) == ({}, Role.OWNER)


async def test_roles_are_told_with_their_venues() -> None:
    """`null` stands for every venue."""
    async with open_client() as client:
        tokens = tokens_of({str(VENUE): "management", "*": "owner"})
        answer = Answer(status=200, body=msgspec.json.encode(tokens))
        finished = client.finisher.finish(a_call(a_login()), answer)
        assert msgspec.json.decode(finished.body)["user"]["roles"] == [
            {"venue_id": str(VENUE), "role": "management"},
            {"venue_id": None, "role": "owner"},
        ]
