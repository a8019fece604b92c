"""How a setting's text is read. Each function raises ValueError saying what it expected.

They take what either source holds: a string of the environment, or a string, integer, boolean or
list of the TOML file. What they are given never appears in their message, as it may be secret.
"""

from __future__ import annotations

import ipaddress
from email.utils import parseaddr
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_SWITCH: Final = {"on": True, "off": False}


def text(value: object) -> str:
    """A string that is not blank."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("a text")


def texts(value: object) -> tuple[str, ...]:
    """Several, separated by commas or as a list; blanks between commas are left out."""
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(part.strip() for part in parts if part.strip())
    raise ValueError("texts separated by commas, or a list of texts")


def path(value: object) -> Path:
    """A path; `~` is the user's home, and a relative one is seen from the working directory."""
    return value if isinstance(value, Path) else Path(text(value)).expanduser()


def port(value: object) -> int:
    """A TCP port; 0 means any free one."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 65535:
        return value
    raise ValueError("a port from 0 to 65535")


def switch(value: object) -> bool:
    """`on` or `off`, or a boolean."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _SWITCH:
        return _SWITCH[value.strip().lower()]
    raise ValueError("on or off")


def log_level(value: object) -> str:
    """One of `LOG_LEVELS`."""
    if isinstance(value, str) and value.strip().lower() in LOG_LEVELS:
        return value.strip().lower()
    raise ValueError("one of " + ", ".join(LOG_LEVELS))


def database_url(value: object) -> str:
    """A PostgreSQL address."""
    if text(value).startswith(("postgresql://", "postgres://")):
        return text(value)
    raise ValueError("postgresql://user:password@host:port/database")


def http_url(value: object) -> str:
    """An http or https address, without a slash at its end."""
    parts = urlsplit(text(value))
    if parts.scheme in ("http", "https") and parts.hostname and not parts.query:
        return text(value).rstrip("/")
    raise ValueError("an http or https address")


def mail_url(value: object) -> str:
    """Where mail is handed in: `smtp` with STARTTLS, or `smtps`."""
    parts = urlsplit(text(value))
    try:
        _ = parts.port
    except ValueError:
        parts = parts._replace(scheme="")
    if parts.scheme in ("smtp", "smtps") and parts.hostname and not parts.path.strip("/"):
        return text(value)
    raise ValueError("smtp://user:password@host:587 or smtps://user:password@host:465")


def mail_sender(value: object) -> str:
    """An address, perhaps with a name before it."""
    name, address = parseaddr(text(value))
    local, at, domain = address.rpartition("@")
    if local and at and domain and text(value).isprintable() and name.isprintable():
        return text(value)
    raise ValueError("an address such as Last Light <door@example.com>")


def origins(value: object) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host and perhaps port; never `*`.

    A wildcard together with a token in each request would let any page act for its reader.
    """
    found = texts(value)
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != origin:
            raise ValueError("origins such as https://app.example.com, separated by commas")
    return found


def networks(value: object) -> tuple[Network, ...]:
    """Addresses or networks such as 10.0.0.0/8."""
    try:
        return tuple(ipaddress.ip_network(part) for part in texts(value))
    except ValueError:
        raise ValueError("addresses or networks such as 10.0.0.0/8, by commas") from None


def shown(value: object) -> str:
    """A parsed value as it would be written in the environment; nothing is `-`."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value) or "-"
    return "-" if value is None else str(value)
