"""What whoever signs in may rely on, from real passwords and from those in memory alike."""

from __future__ import annotations

import pytest

from lastlight.auth.passwords import Passwords, PasswordTooLong
from tests.twins.passwords import MemoryPasswords


@pytest.fixture(params=["bcrypt", "memory"])
def passwords(request: pytest.FixtureRequest) -> Passwords:
    """Each kind in turn; bcrypt at a cost low enough for a test."""
    return MemoryPasswords() if request.param == "memory" else Passwords(cost=4)


async def test_only_its_own_password_opens_a_hash(passwords: Passwords) -> None:
    """The one thing that a hash is for."""
    stored = await passwords.hash("夜は短し")
    assert await passwords.verify("夜は短し", stored)
    assert not await passwords.verify("夜は長し", stored)
    assert not await passwords.verify("", stored)


async def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    """Or a stolen table would tell who shares a password."""
    first, second = [await passwords.hash("x") for _ in range(2)]
    assert first != second
    assert await passwords.verify("x", first)
    assert await passwords.verify("x", second)


@pytest.mark.parametrize("password", ["", "x", "\ud800", "x" * 100])
async def test_nobody_has_no_password(passwords: Passwords, password: str) -> None:
    """An address that nobody has is answered no, whatever is sent."""
    assert not await passwords.verify(password, None)


async def test_a_long_password_is_refused_and_never_cut(passwords: Passwords) -> None:
    """Rule 16: 72 bytes and no more, or every ending would do."""
    stored = await passwords.hash("é" * 36)
    assert not await passwords.verify("é" * 36 + "x", stored)
    with pytest.raises(PasswordTooLong, match="73 bytes"):
        await passwords.hash("é" * 36 + "x")
