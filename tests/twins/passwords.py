"""Passwords in memory: no bcrypt and no thread, so whoever signs in can do so under MockClock."""

from __future__ import annotations

import hashlib
import itertools

import trio

from lastlight.auth.passwords import Passwords, PasswordTooLong
from protocol.limits import PASSWORD_BYTES_MAX


class MemoryPasswords(Passwords):
    """What `Passwords` promises, but for being slow."""

    def __init__(self) -> None:
        super().__init__()
        self._salts = itertools.count(1)

    async def hash(self, password: str) -> str:
        """The text to store for `password`."""
        await trio.lowlevel.checkpoint()
        data = password.encode()
        if len(data) > PASSWORD_BYTES_MAX:
            raise PasswordTooLong(f"a password of {len(data)} bytes")
        return _hashed(next(self._salts), data)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether `password` is the one behind `stored`."""
        await trio.lowlevel.checkpoint()
        if stored is None:
            return False
        salt = int(stored.split("$")[1])
        return _hashed(salt, password.encode("utf-8", "surrogatepass")) == stored


def _hashed(salt: int, data: bytes) -> str:
    digest = hashlib.sha256(b"%d$%s" % (salt, data)).hexdigest()
    return f"${salt}${digest}"
