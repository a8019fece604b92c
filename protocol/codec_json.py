"""Bytes to plain values and back: JSON as RFC 8259 has it, and nothing that merely resembles it.

Refused are duplicate keys, other encodings than UTF-8, NaN and Infinity, and nesting deeper than
the bound, which is counted before anything is parsed, so that no body can exhaust the stack.
"""

from __future__ import annotations

import json
import re
from typing import ClassVar, Final, NoReturn

import attrs
import msgspec

from protocol.errors import Code, LastLightError
from protocol.limits import JSON_DEPTH_MAX

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(rb"[\[\]{}]")
_INTEGER_DIGITS_MAX: Final = 20
"""An int64 has 19 digits and a sign. What is longer becomes a number that no field takes."""


@attrs.frozen(eq=False)
class Malformed(LastLightError):
    """The bytes are no JSON that is taken here. `reason` says why and where."""

    code: ClassVar[Code] = Code.MALFORMED_REQUEST
    reason: str

    def __str__(self) -> str:
        return self.reason


def parse_json(body: bytes, depth_max: int = JSON_DEPTH_MAX) -> object:
    """Plain values of a JSON text: dict, list, str, int, float, bool, None.

    Raises:
        Malformed: it is no JSON, not UTF-8, has a key twice, or nests deeper than `depth_max`.
    """
    _check_depth(body, depth_max)
    try:
        return _decoder.decode(body.decode())
    except UnicodeDecodeError as error:
        raise Malformed(f"the body is not UTF-8 from byte {error.start} on") from None
    except json.JSONDecodeError as error:
        raise Malformed(f"the body is no JSON: {error.msg} at character {error.pos}") from None


def render_json(value: object) -> bytes:
    """The JSON text of plain values as `protocol.codec.encode` makes them; UTF-8, no spaces."""
    return _encoder.encode(value)


def _check_depth(body: bytes, depth_max: int) -> None:
    # Most bodies have fewer brackets than levels are allowed, and need no closer look.
    if body.count(b"[") + body.count(b"{") <= depth_max:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > depth_max:
            raise Malformed(f"the body nests deeper than {depth_max} levels")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("an object of the body has a key twice")
    return made


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS_MAX else float(digits)


def _constant(name: str) -> NoReturn:
    raise Malformed(f"the body is no JSON: {name} is no value")


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer
)
_encoder: Final = msgspec.json.Encoder()
