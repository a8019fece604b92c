"""The AsyncAPI document for people: rooms, what is told in them, and what is said over sockets.

One page without scripts, made once; its policy lets nothing in. What it shows stands in the
document, so it never says anything else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{background:#f4f4f5;padding:.75rem;overflow:auto}"
    "summary{cursor:pointer}code{background:#f4f4f5}"
    "td{padding:.1rem 1rem .1rem 0;vertical-align:top}"
    "@media(prefers-color-scheme:dark){body{background:#18181b;color:#e4e4e7}"
    "pre,code{background:#27272a}a{color:#93c5fd}}"
)


def realtime_page(document: Mapping[str, Any]) -> bytes:
    """The page of a document of `asyncapi_document`."""
    parts = [*_parts(document)]
    return "\n".join(parts).encode()


def _parts(document: Mapping[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{title} realtime</title>\n<style>{_STYLE}</style>\n</head>\n<body>"
    yield f"<h1>{title} realtime</h1>\n<p>{_words(document['info']['description'])}</p>"
    yield '<p><a href="/docs/asyncapi.json">AsyncAPI document</a> · <a href="/docs">HTTP</a></p>'
    yield "<h2>Channels</h2>"
    for name, channel in document["channels"].items():
        yield f'<h3 id="{escape(name)}"><code>{escape(channel["address"])}</code></h3>'
        yield f"<p>{_words(channel['summary'])}</p>\n<p>{_links(channel['messages'])}</p>"
    yield "<h2>Messages</h2>"
    for name, message in document["components"]["messages"].items():
        delivery = _delivery(message)
        yield f'<h3 id="message-{escape(name)}">{escape(name)}</h3>'
        yield f"<p>{_words(message['summary'])}{delivery}</p>{_schema(message['payload'])}"
    yield "<h2>Shapes</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield f'<h3 id="schema-{escape(name)}">{escape(name)}</h3>{_schema(schema)}'
    yield "<h2>Close codes</h2>\n<table>"
    for code, meaning in document["x-closes"].items():
        yield f"<tr><td>{escape(code)}</td><td>{_words(meaning)}</td></tr>"
    yield "</table>\n<h2>How a view is folded</h2>"
    yield _schema(document["x-fold"]) + "\n</body>\n</html>"


def _links(messages: Mapping[str, Any]) -> str:
    return " · ".join(f'<a href="#message-{escape(name)}">{escape(name)}</a>' for name in messages)


def _delivery(message: Mapping[str, Any]) -> str:
    if "x-delivery" not in message:
        return ""
    return f" <em>{message['x-delivery']}{', urgent' if message['x-urgent'] else ''}</em>"


def _schema(value: Any) -> str:
    text = escape(json.dumps(value, ensure_ascii=False, indent=2))
    return f"<details><summary>shape</summary><pre>{text}</pre></details>"


def _words(text: str) -> str:
    """Plain words with `code` in them."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(pieces))
