"""HTTP without certificates: httpx would read all the world's for every client that a test opens.

That takes 30 ms of CPU each time, and more than a thousand tests open one to speak plain HTTP to
this machine.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpx

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, so a client with it that is sent to an https address fails."""


def plain_client(**options: Any) -> httpx.AsyncClient:
    """An `httpx.AsyncClient` for http addresses."""
    return httpx.AsyncClient(verify=NO_CERTIFICATES, **options)
