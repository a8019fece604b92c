"""A `localstripe` of the demo's own, where it is installed and nobody named another provider.

It runs as long as the demo and no longer: it reads its standard input, which ends with the demo
however that ends. Its money is play money, and what it knows is forgotten with it.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.util import find_spec
from subprocess import DEVNULL, PIPE
from typing import Final

import attrs
import structlog
import trio

from lastlight.settings import Settings

PACKAGE: Final = "localstripe"
PORT: Final = 8420
"""Where the README has it; a free one if that is taken."""
_CHILD: Final = """
import os, sys, threading
def end():
    sys.stdin.read()
    os._exit(0)
threading.Thread(target=end, daemon=True).start()
from localstripe.server import start
start()
"""
log = structlog.get_logger(__name__)


@asynccontextmanager
async def open_own_stripe(settings: Settings) -> AsyncIterator[Settings]:
    """The settings of a demo with a provider of its own, or as they were without one."""
    default = attrs.fields(Settings).stripe_api_base.default
    named = settings.stripe_api_key is not None or settings.stripe_api_base != default
    if named or find_spec(PACKAGE) is None or not socket.has_ipv6:
        yield settings
        return
    port = _free_port()
    words = [sys.executable, "-c", _CHILD, "--port", str(port), "--from-scratch"]
    async with trio.open_nursery() as nursery:
        run = partial(trio.run_process, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, check=False)
        await nursery.start(run, words)
        yield attrs.evolve(settings, stripe_api_base=f"http://127.0.0.1:{port}")
        nursery.cancel_scope.cancel()


def _free_port() -> int:
    for wanted in (PORT, 0):
        with socket.socket(socket.AF_INET6) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("::", wanted))
            except OSError as error:
                log.info("port_taken", port=wanted, reason=error.strerror)
                continue
            port: int = tried.getsockname()[1]
            return port
    raise OSError("no port is free")
