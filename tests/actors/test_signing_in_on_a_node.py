"""Sign-ups and logins on a whole node in memory: what the sagas keep through races and crashes."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.account.behaviour import ACCOUNT
from actors.identity.behaviour import IDENTITY
from actors.platform.behaviour import PLATFORM
from actors.runtime.answers import Answer
from actors.runtime.node import Node
from protocol.addresses import PLATFORM as PLATFORM_ADDRESS
from protocol.addresses import ActorKind, Address, Principal, identity_of
from protocol.errors import Code
from protocol.internal.people import (
    Credentials,
    FindUser,
    ReadCredentials,
    SendNotice,
    SetOwner,
    TokensDue,
    UserFound,
)
from protocol.messages import KeyScope
from protocol.operations.auth import (
    LogIn,
    LogOut,
    RefreshToken,
    RegisterUser,
    RequestPasswordReset,
    ResetPassword,
    VerifyEmail,
)
from protocol.records.runtime import Identity
from protocol.records.users import AuthSession, User, UserRole
from protocol.values import Verdict
from tests.actors.deciding import a_principal
from tests.twins.nodes import World, open_memory_node

BEHAVIOURS: Final = {
    ActorKind.IDENTITY: IDENTITY,
    ActorKind.ACCOUNT: ACCOUNT,
    ActorKind.PLATFORM: PLATFORM,
}
EMAIL = "someone@example.org"
HERE = identity_of(EMAIL)


def a_registration(**given: Any) -> RegisterUser:
    made: dict[str, Any] = {
        "email": EMAIL,
        "password": "",
        "display_name": "Somebody",
        "birth_date": date(2000, 1, 1),
        "password_hash": "hash of the password",
        "code": "123456",
    }
    return RegisterUser(**made | given)


async def ask(
    node: Node,
    command: Any,
    *,
    at: Address = HERE,
    principal: Principal | None = None,
    scope: KeyScope | None = None,
) -> Answer:
    return await node.ask(at, command, principal=principal, scope=scope)


async def log_in(node: Node, verdict: Verdict = Verdict.PASSWORD) -> Answer:
    """Sign in as the gateway does, with what the account says is stored."""
    found = await ask(node, FindUser())
    known = None
    if found.refusal is None:
        user_id = msgspec.json.decode(found.body, type=UserFound).user_id
        account = Address(ActorKind.ACCOUNT, user_id)
        read = await ask(node, ReadCredentials(), at=account)
        known = msgspec.json.decode(read.body, type=Credentials).credentials_version
    return await ask(
        node, LogIn(email=EMAIL, password="", verdict=verdict, credentials_version=known)
    )


def due(answer: Answer) -> TokensDue:
    assert answer.refusal is None, answer.refusal
    return msgspec.json.decode(answer.body, type=TokensDue)


def code_of(answer: Answer) -> Code | None:
    return None if answer.refusal is None else answer.refusal.code


async def test_who_registers_is_signed_in_and_stays_so_through_a_crash(
    autojump_clock: MockClock,
) -> None:
    """The promise: what was answered is true for ever, families included."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        tokens = due(await ask(running.node, a_registration()))
    async with open_memory_node(world, BEHAVIOURS) as running:
        family_id = tokens.family_id
        assert await running.node.owner_of("sessions_auth", family_id) == Address(
            ActorKind.ACCOUNT, tokens.user_id
        )
        refresh = RefreshToken(refresh_token="", family_id=family_id, generation=0)
        account = Address(ActorKind.ACCOUNT, tokens.user_id)
        assert due(await ask(running.node, refresh, at=account)).generation == 1
        again = due(await log_in(running.node))
        assert again.user_id == tokens.user_id
        assert again.family_id != family_id


async def test_of_simultaneous_registrations_of_one_address_one_wins(
    autojump_clock: MockClock,
) -> None:
    """`lower(email)` is decided by the identity; the database only rings if it ever were not."""
    world, codes = World(), []

    async def register(node: Node) -> None:
        codes.append(code_of(await ask(node, a_registration())))

    async with open_memory_node(world, BEHAVIOURS) as running:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(register, running.node)
        await running.write_behind.wait_flushed(running.journal.durable)
    assert (codes.count(None), codes.count(Code.EMAIL_TAKEN)) == (1, 19)
    assert len(world.database.table(Identity)) == len(world.database.table(User)) == 1


async def test_a_registration_refused_by_age_leaves_the_address_free(
    autojump_clock: MockClock,
) -> None:
    """The saga's undo: a parent must be able to register with the family's address."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        young = a_registration(birth_date=date(2015, 1, 1))
        assert code_of(await ask(running.node, young)) is Code.UNDER_MINIMUM_AGE
        assert code_of(await ask(running.node, FindUser())) is Code.NOT_FOUND
        assert code_of(await log_in(running.node)) is Code.INVALID_CREDENTIALS
        due(await ask(running.node, a_registration()))


async def test_guessing_addresses_writes_nothing(autojump_clock: MockClock) -> None:
    """No rows, no entries, no actors: a guesser can't fill the node or the tables."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        before = running.journal.last
        token = f"{HERE.id.hex}.a-secret"
        commands = [
            LogIn(email=EMAIL, password="", verdict=Verdict.WRONG),
            RequestPasswordReset(email=EMAIL, secret=token),
            ResetPassword(new_password="", token=token, password_hash="hash"),
            VerifyEmail(email=EMAIL, code="123456", new_code="654321"),
            VerifyEmail(email=EMAIL, resend=True, new_code="654321"),
        ]
        answers = [await ask(running.node, command) for command in commands]
        codes = [Code.INVALID_CREDENTIALS, None, Code.TOKEN_EXPIRED, Code.TOKEN_EXPIRED, None]
        assert [code_of(answer) for answer in answers] == codes
        assert running.journal.last == before
        await wait_all_tasks_blocked()
        assert all(each.kind is not ActorKind.IDENTITY for each in running.node.residents())


async def test_the_lock_outlives_a_crash(autojump_clock: MockClock) -> None:
    """Else whoever can make the node fall over has ten more tries."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        due(await ask(running.node, a_registration()))
        for _ in range(10):
            wrong = await log_in(running.node, Verdict.WRONG)
            assert code_of(wrong) is Code.INVALID_CREDENTIALS
    async with open_memory_node(world, BEHAVIOURS) as running:
        assert code_of(await log_in(running.node)) is Code.LOGIN_LOCKED
        await trio.sleep(15 * 60)
        due(await log_in(running.node))


async def test_a_password_is_reset_by_the_token_that_was_sent(autojump_clock: MockClock) -> None:
    """From asking to signing in with the new one; the device signed in before is out."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        tokens = due(await ask(running.node, a_registration()))
        token = f"{HERE.id.hex}.a-secret"
        await ask(running.node, RequestPasswordReset(email=EMAIL, secret=token))
        await wait_all_tasks_blocked()
        sent = [m.command for m in world.effects.done if isinstance(m.command, SendNotice)]
        assert [notice.secret for notice in sent] == ["123456", token]
        reset = ResetPassword(new_password="", token=token, password_hash="hash of another")
        assert code_of(await ask(running.node, reset)) is None
        assert code_of(await ask(running.node, reset)) is Code.TOKEN_EXPIRED
        await running.write_behind.wait_flushed(running.journal.durable)
        (user,) = world.database.table(User).values()
        assert user.password_hash == "hash of another"
        account = Address(ActorKind.ACCOUNT, tokens.user_id)
        refresh = RefreshToken(refresh_token="", family_id=tokens.family_id, generation=0)
        assert code_of(await ask(running.node, refresh, at=account)) is Code.REFRESH_INVALID


async def test_an_address_is_confirmed_by_the_code_that_was_sent(
    autojump_clock: MockClock,
) -> None:
    """Identity, account, and back: the answer says that it is confirmed."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        due(await ask(running.node, a_registration()))
        command = VerifyEmail(email=EMAIL, code="123456", new_code="654321")
        answer = await ask(running.node, command)
        assert msgspec.json.decode(answer.body) == {"verified": True}


async def test_a_repeated_registration_gives_the_first_answer(autojump_clock: MockClock) -> None:
    """Rule 12, with no token in what is stored: the tokens are made of it each time."""
    world = World()
    scope = KeyScope(user_id=UUID(int=0), method="POST", route="/r", key="k", fingerprint=b"f")
    async with open_memory_node(world, BEHAVIOURS) as running:
        first = await ask(running.node, a_registration(), scope=scope)
    async with open_memory_node(world, BEHAVIOURS) as running:
        again = await ask(running.node, a_registration(), scope=scope)
    assert again.replayed
    assert due(again) == due(first)


async def test_signing_out_is_told_to_the_devices_and_can_be_repeated(
    autojump_clock: MockClock,
) -> None:
    """The event closes the sockets; the second time there is nothing to tell."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        tokens = due(await ask(running.node, a_registration()))
        account = Address(ActorKind.ACCOUNT, tokens.user_id)
        caller = attrs.evolve(a_principal(tokens.user_id), family_id=tokens.family_id)
        for _ in range(2):
            answer = await ask(running.node, LogOut(all_devices=True), at=account, principal=caller)
            assert code_of(answer) is None
        await wait_all_tasks_blocked()
        (event,) = world.publisher.events
        assert event.type == "auth.session_revoked"
        assert event.rooms == ((f"user:{tokens.user_id}", 1),)
        await running.write_behind.wait_flushed(running.journal.durable)
        (family,) = world.database.table(AuthSession).values()
        assert family.revoke_reason == "logout"


async def test_owners_are_loaded_with_the_platform(autojump_clock: MockClock) -> None:
    """Their rows name no venue and no other owner, and must be found all the same."""
    world = World()
    async with open_memory_node(world, BEHAVIOURS) as running:
        tokens = due(await ask(running.node, a_registration()))
        named = SetOwner(user_id=tokens.user_id, holds=True)
        await ask(running.node, named, at=PLATFORM_ADDRESS)
        assert due(await log_in(running.node)).role_grants == {"*": "owner"}
        await running.write_behind.wait_flushed(running.journal.durable)
        assert len(world.database.table(UserRole)) == 1
    async with open_memory_node(world, BEHAVIOURS) as running:
        taken = SetOwner(user_id=tokens.user_id, holds=False)
        assert code_of(await ask(running.node, taken, at=PLATFORM_ADDRESS)) is Code.LAST_OWNER
