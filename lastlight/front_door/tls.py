"""What it takes to listen: a port that is free, and certificate files that fit together."""

from __future__ import annotations

import errno
import os
import ssl
from pathlib import Path
from typing import Final

import attrs
import trio

from protocol.errors import LastLightError

_BACKLOG: Final = 1_024
_ADVICE: Final = {
    errno.EADDRINUSE: "another program has this port; stop it or set LASTLIGHT_PORT",
    errno.EACCES: "ports under 1024 need a privilege; set LASTLIGHT_PORT to 1024 or more",
    errno.EADDRNOTAVAIL: "this machine has no such address; set LASTLIGHT_HOST",
}


@attrs.define(eq=False)
class CannotListen(LastLightError):
    """The front door can't be opened. Nothing was bound. `reason` says what to do."""

    reason: str

    def __str__(self) -> str:
        return self.reason


@attrs.frozen(kw_only=True)
class TlsFiles:
    """A certificate chain and its key, in PEM."""

    certificate: Path
    key: Path


def make_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 and newer, HTTP/2 preferred.

    Raises:
        CannotListen: a file is missing, is no PEM, or the key is of another certificate.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # What HTTP/2 forbids (RFC 9113, appendix A) is not offered for HTTP/1.1 either.
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key)
    except (OSError, ssl.SSLError) as error:
        raise CannotListen(
            f"TLS certificate {files.certificate} with key {files.key} can't be used: {error};"
            " both must be PEM files of one pair, readable by this user"
        ) from error
    return context


async def listen(host: str, port: int) -> list[trio.SocketListener]:
    """Bind a TCP port at every address of `host`.

    Raises:
        CannotListen: one of them can't be bound; none is then.
    """
    try:
        return await trio.open_tcp_listeners(port, host=host, backlog=_BACKLOG)
    except (OSError, ExceptionGroup) as error:
        first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
        number = getattr(first, "errno", None)
        why = os.strerror(number) if number and number > 0 else str(first)
        advice = _ADVICE.get(number or 0, "see LASTLIGHT_HOST and LASTLIGHT_PORT")
        raise CannotListen(f"cannot listen on {host} port {port}: {why}; {advice}") from error
