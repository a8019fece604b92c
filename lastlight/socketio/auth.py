"""What a client gives with CONNECT, read strictly: who it is, and where it was."""

from __future__ import annotations

from typing import Annotated

import attrs
import msgspec

from protocol.errors import Code, Refusal
from protocol.limits import INT64_MAX, TOKEN_CHARS_MAX
from protocol.socketio_limits import CURSORS_MAX

_Short = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


@attrs.frozen
class Cursor:
    """Up to where a client has had a room."""

    seq: Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]
    epoch: _Short | None = None


@attrs.frozen
class Auth:
    """What a client gives to be let in. `offset` is the stock client's own, and not needed."""

    token: Annotated[str, msgspec.Meta(max_length=TOKEN_CHARS_MAX + 1)]
    pid: _Short | None = None
    offset: _Short | None = None
    cursors: Annotated[dict[str, Cursor], msgspec.Meta(max_length=CURSORS_MAX)] | None = None


def read_auth(auth: dict[str, object]) -> Auth | Refusal:
    """The `auth` of a client."""
    known = [field.name for field in attrs.fields(Auth)]
    unknown = sorted(auth.keys() - set(known))
    if unknown:
        detail = f"auth has no member {unknown[0][:64]!r}; there are {', '.join(known)}"
        return Refusal(Code.VALIDATION_FAILED, detail)
    if "token" not in auth:
        return Refusal(Code.UNAUTHENTICATED, "auth has no `token`; give an access token")
    try:
        return msgspec.convert(auth, Auth)
    except msgspec.ValidationError as error:
        return Refusal(Code.VALIDATION_FAILED, f"auth: {error}")
