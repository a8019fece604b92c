"""From a request target, as it came, to the path that the operation table is asked for.

Decoded once and strictly, so that what one proxy let pass as one path is not another one here.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_PLAIN: Final = re.compile(rb"/[A-Za-z0-9/_.-]*")
"""What decodes to itself and names no host: nearly every path."""
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH: Final = re.compile(rb"%2[fF]|%5[cC]")
_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")


class BadPath(ValueError):
    """The target names no path. The message says why."""


def decode_path(raw: bytes) -> str:
    """The decoded path of a raw target without its query string.

    The absolute form (`http://host/path`, RFC 9112 3.2.2) loses its scheme and host.

    Raises:
        BadPath: a stray `%`, an encoded slash, no UTF-8, a control character, or no `/` in front.
    """
    if _PLAIN.fullmatch(raw) is not None:
        return raw.decode("ascii")
    if (absolute := _ABSOLUTE.match(raw)) is not None:
        raw = raw[absolute.end() :] or b"/"
    if raw == b"*":
        return "*"
    if not raw.startswith(b"/"):
        raise BadPath("the request target does not begin with a slash")
    if _BAD_ESCAPE.search(raw) is not None:
        raise BadPath("a % in the path is not followed by two hexadecimal digits")
    if _ENCODED_SLASH.search(raw) is not None:
        raise BadPath("the path has an encoded slash or backslash; no resource here is named so")
    try:
        path = unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise BadPath("the path is not UTF-8 when decoded") from None
    if _CONTROL.search(path) is not None:
        raise BadPath("the path has a control character")
    return path
