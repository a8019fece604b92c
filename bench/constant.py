"""The ceiling of today's HTTP lane: Quart on Hypercorn's trio server, answering a constant.

Run as `python -m bench.constant PORT`. Everything that a node does comes on top of this.
"""

from __future__ import annotations

import sys

import trio
from hypercorn.config import Config
from hypercorn.trio import serve
from quart_trio import QuartTrio


def main() -> None:
    """Serve until killed."""
    app = QuartTrio(__name__)

    @app.route("/")
    async def constant() -> str:
        return "ok"

    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.loglevel = "error"
    trio.run(serve, app, config)


if __name__ == "__main__":
    main()
