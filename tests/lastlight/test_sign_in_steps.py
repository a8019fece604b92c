"""The steps before the mailbox: no secret passes them, and strangers are met like friends."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import bcrypt
import pytest

from lastlight.auth.passwords import Passwords
from lastlight.auth.refresh import RefreshTokenInvalid
from lastlight.gateway.calls import Caller
from protocol.addresses import ActorKind, Address, Role, identity_of
from protocol.errors import Code, Refusal
from protocol.operations.auth import (
    RefreshToken,
    RequestPasswordReset,
    ResetPassword,
    StepUp,
    VerifyEmail,
)
from protocol.operations.table import OPERATIONS
from protocol.records.users import User
from protocol.values import Verdict
from tests.actors.deciding import a_principal
from tests.lastlight.sign_in_kit import (
    EMAIL,
    PASSWORD,
    Client,
    a_call,
    a_login,
    a_registration,
    open_client,
)

VENUE = UUID("00000000-0000-7000-8000-000000000001")


class CountingPasswords(Passwords):
    """Remembers what was checked against what."""

    def __init__(self) -> None:
        super().__init__(cost=4)
        self.checked: list[bool] = []

    async def verify(self, password: str, stored: str | None) -> bool:
        self.checked.append(stored is not None)
        return await super().verify(password, stored)


async def with_pins(client: Client, user_id: UUID) -> None:
    """Give an account PINs, as an operation of a later day will."""
    address = Address(ActorKind.ACCOUNT, user_id)
    generation = client.node._generation
    assert generation is not None
    state: Any = generation.residents.by_address[address].state
    state.put(
        state.user.evolve(
            pin_hash=bcrypt.hashpw(b"111111", bcrypt.gensalt(4)).decode(),
            duress_pin_hash=bcrypt.hashpw(b"999999", bcrypt.gensalt(4)).decode(),
        )
    )
    assert isinstance(state.user, User)


async def test_every_step_that_the_table_names_for_signing_in_exists() -> None:
    """A row with a step that nobody made would be found by the first client."""
    async with open_client() as client:
        rows = [operation for operation in OPERATIONS if operation.category == "Auth"]
        named = {name for operation in rows for name in operation.prepare}
        assert named == set(client.steps.by_name()) - {"verify_checkin_code"}


async def test_a_password_is_checked_and_blanked_before_the_mailbox() -> None:
    """What travels on is what was found, and against which state of the account."""
    async with open_client() as client:
        await client.told(a_registration())
        for given, verdict in ((PASSWORD, Verdict.PASSWORD), ("another one", Verdict.WRONG)):
            command: Any = (await client.steps.verify_password(a_call(a_login(given)))).command
            assert (command.password, command.verdict) == ("", verdict)
            assert command.credentials_version is not None


async def test_an_unknown_address_costs_a_check_too() -> None:
    """Rule: constant-time failure. Without the dummy, the quarter second would tell."""
    passwords = CountingPasswords()
    async with open_client(passwords=passwords) as client:
        command: Any = (await client.steps.verify_password(a_call(a_login()))).command
        assert (command.password, command.verdict) == ("", Verdict.WRONG)
        assert command.credentials_version is None
        assert passwords.checked == [False]


async def test_guesses_at_nobody_and_at_somebody_are_answered_alike_to_the_word() -> None:
    """Eleven wrong tries at each: the same refusals, the lock included."""
    async with open_client() as client:
        await client.told(a_registration())
        answers: list[list[Refusal]] = []
        for email in (EMAIL, "nobody@example.org"):
            tried = [await client.refusal(a_login("wrong", email)) for _ in range(11)]
            answers.append(tried)
        somebody, nobody = answers
        assert [refusal.code for refusal in somebody] == [
            *[Code.INVALID_CREDENTIALS] * 10,
            Code.LOGIN_LOCKED,
        ]
        assert [(r.code, r.detail, r.status) for r in somebody] == [
            (r.code, r.detail, r.status) for r in nobody
        ]
        waits = [tried[-1].retry_after_s for tried in answers]
        assert all(wait is not None and 890 <= wait <= 900 for wait in waits)


async def test_resets_and_codes_are_paced_alike_for_everybody() -> None:
    """Three an hour each; the fourth is 429 whether or not the address is known."""
    async with open_client() as client:
        await client.told(a_registration())
        for email in (EMAIL, "nobody@example.org"):
            for command in (
                RequestPasswordReset(email=email),
                VerifyEmail(email=email, resend=True),
            ):
                for _ in range(3):
                    await client.told(command)
                refusal = await client.refusal(command)
                assert refusal.code is Code.RATE_LIMITED
                assert refusal.retry_after_s is not None


async def test_a_new_password_is_hashed_and_blanked() -> None:
    """And not at all for somebody who could not prove to be the owner."""
    async with open_client() as client:
        call = a_call(ResetPassword(new_password=PASSWORD, token="t"))
        command: Any = (await client.steps.hash_password(call)).command
        assert command.new_password == ""
        assert bcrypt.checkpw(PASSWORD.encode(), command.password_hash.encode())
        unproven = a_call(ResetPassword(new_password=PASSWORD, verdict=Verdict.WRONG))
        command = (await client.steps.hash_password(unproven)).command
        assert (command.new_password, command.password_hash) == ("", None)


async def test_a_current_password_counts_only_without_a_token() -> None:
    """The address is found by the token, so its account is not the caller's."""
    async with open_client() as client:
        caller = client.principal_of(await client.told(a_registration()))
        given = ResetPassword(new_password=PASSWORD, current_password=PASSWORD, token="t")
        command: Any = (await client.steps.verify_password(a_call(given, caller))).command
        assert (command.current_password, command.verdict) == (None, None)
        own = ResetPassword(new_password=PASSWORD, current_password=PASSWORD)
        command = (await client.steps.verify_password(a_call(own, caller))).command
        assert (command.current_password, command.verdict) == (None, Verdict.PASSWORD)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"pin": "111111"}, Verdict.PIN),
        ({"pin": "999999"}, Verdict.DURESS),
        ({"pin": "000000"}, Verdict.WRONG),
        ({"password": PASSWORD}, Verdict.PASSWORD),
        ({"password": "111111"}, Verdict.WRONG),
        ({}, None),
    ],
)
async def test_a_step_up_says_what_was_given_and_takes_as_long_whichever_pin_it_was(
    given: dict[str, Any], verdict: Verdict | None
) -> None:
    """Rule 8: someone with a watch must not see that help is called."""
    passwords = CountingPasswords()
    async with open_client(passwords=passwords) as client:
        user_id = client.principal_of(await client.told(a_registration())).user_id
        await with_pins(client, user_id)
        caller = a_principal(user_id, Role.STAFF, VENUE)
        call = await client.steps.verify_password(a_call(StepUp(**given), caller))
        command: Any = call.command
        assert (command.password, command.pin, command.verdict) == (None, None, verdict)
        assert command.venue_ids == (VENUE,)
        assert passwords.checked == [True] * (2 if "pin" in given else len(given))


async def test_a_step_up_of_someone_who_works_nowhere_names_no_venue() -> None:
    """An owner on a node without venues: nobody could be called, and nothing fails."""
    async with open_client() as client:
        user_id = client.principal_of(await client.told(a_registration())).user_id
        caller = a_principal(user_id, Role.OWNER)
        call = await client.steps.verify_password(a_call(StepUp(password=PASSWORD), caller))
        command: Any = call.command
        assert command.venue_ids == ()


async def test_codes_and_secrets_are_fresh_and_of_their_form() -> None:
    """Six digits with their zeros; a secret names the identity that will know it."""
    async with open_client() as client:
        codes = set()
        for _ in range(50):
            command: Any = (await client.steps.mint_code(a_call(a_registration()))).command
            codes.add(command.code)
        assert all(len(code) == 6 and code.isdigit() for code in codes)
        assert len(codes) > 40
        command = (await client.steps.mint_code(a_call(VerifyEmail(email=EMAIL)))).command
        assert len(command.new_code) == 6
        asked = a_call(RequestPasswordReset(email=EMAIL.upper()))
        command = (await client.steps.mint_secret(asked)).command
        id_, _, secret = command.secret.partition(".")
        assert UUID(id_) == identity_of(EMAIL).id
        assert len(secret) >= 43


async def test_a_refresh_token_is_read_and_blanked_or_refused() -> None:
    """A token of somebody else's making touches no family."""
    async with open_client() as client:
        token = client.refresh_tokens.make(UUID(int=5), 3)
        call = await client.steps.verify_refresh_token(a_call(RefreshToken(refresh_token=token)))
        command: Any = call.command
        assert (command.refresh_token, command.family_id) == ("", UUID(int=5))
        assert command.generation == 3
        with pytest.raises(RefreshTokenInvalid):
            await client.steps.verify_refresh_token(a_call(RefreshToken(refresh_token="x.1.y")))


@pytest.mark.parametrize(
    ("agent", "noted"),
    [
        (None, None),
        ("app/1 (日本)", "app/1 (日本)"),
        ("a\x00b\ud800c\r\n", "abc"),
        ("\x00", None),
        ("x" * 500, "x" * 200),
    ],
)
async def test_what_a_client_calls_itself_can_be_stored(
    agent: str | None, noted: str | None
) -> None:
    """PostgreSQL refuses NUL and lone surrogates; a header must not stop a flush."""
    async with open_client() as client:
        call = a_call(a_login())
        caller = Caller(client="192.0.2.7", user_agent=agent, request_id="r")
        command: Any = (
            await client.steps.note_client(
                type(call)(
                    operation=call.operation, command=call.command, principal=None, caller=caller
                )
            )
        ).command
        assert (command.client_address, command.user_agent) == ("192.0.2.7", noted)
