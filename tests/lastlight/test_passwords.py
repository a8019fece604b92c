"""Passwords: real bcrypt in real threads, at a cost low enough for a test."""

from __future__ import annotations

import threading

import bcrypt
import pytest
import trio

from lastlight.auth.passwords import Passwords, PasswordsBusy, PasswordTooLong
from protocol.limits import BCRYPT_COST


async def test_a_password_verifies_against_its_own_hash_only() -> None:
    """Two hashes of one password differ, and another password passes neither."""
    passwords = Passwords(cost=4)
    first, second = await passwords.hash("夜は短し"), await passwords.hash("夜は短し")
    assert first != second
    assert await passwords.verify("夜は短し", first)
    assert not await passwords.verify("夜は長し", first)


async def test_the_cost_is_the_contracts_and_an_old_hash_still_verifies() -> None:
    """Rule 16: cost 12; and what was stored at another cost is somebody's password all the same.

    Rule 16 passwords.
    """
    assert BCRYPT_COST == 12
    assert (await Passwords(cost=5).hash("x")).startswith("$2b$05$")
    stored = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
    assert await Passwords(cost=5).verify("x", stored)


async def test_more_than_72_bytes_are_refused_and_never_cut() -> None:
    """bcrypt reads 72 bytes; a longer password that passed would pass with any other ending."""
    passwords = Passwords(cost=4)
    stored = await passwords.hash("é" * 36)
    assert await passwords.verify("é" * 36, stored)
    assert not await passwords.verify("é" * 36 + "x", stored)
    with pytest.raises(PasswordTooLong, match="73 bytes"):
        await passwords.hash("é" * 36 + "x")


@pytest.mark.parametrize("password", ["", "x", "a\0b", "\ud800", "x" * 100])
async def test_nobodys_password_is_never_right(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown address costs the same bcrypt as a known one, and no input turns it into a yes."""
    checked: list[bytes] = []
    real = bcrypt.checkpw

    def counting(data: bytes, against: bytes) -> bool:
        checked.append(against)
        return real(data, against)

    monkeypatch.setattr(bcrypt, "checkpw", counting)
    assert not await Passwords(cost=4).verify(password, None)
    assert [against[:7] for against in checked] == [b"$2b$04$"]


async def test_who_comes_when_the_line_is_full_is_sent_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A wave of logins must not take all threads and all memory; 503 says nothing was done."""
    release = threading.Event()

    def slow(data: bytes, against: bytes) -> bool:
        return release.wait(10) and data == b"right"

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    passwords = Passwords(cost=4, threads=2, waiting_max=3)
    answers: list[bool] = []

    async def ask() -> None:
        answers.append(await passwords.verify("right", "stored"))

    async with trio.open_nursery() as nursery:
        for _ in range(5):
            nursery.start_soon(ask)
        await trio.testing.wait_all_tasks_blocked()
        assert passwords.statistics() == {"working": 2, "waiting": 3}
        with pytest.raises(PasswordsBusy) as caught:
            await passwords.verify("right", "stored")
        assert caught.value.refusal().retry_after_s == 2
        release.set()
    assert answers == [True] * 5
