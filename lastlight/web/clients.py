"""Who is really asking, when proxies stand between.

What a proxy says is believed only if it is on the list, and then only the part it added itself:
the chain is read from the right, and the first party that is not a trusted proxy is the client.
Everything left of it may have been made up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import attrs

from lastlight.web.http import Headers

_HOPS_MAX: Final = 32
_ADDRESSES_KEPT: Final = 1024
"""A connection asks with the same address again and again."""
_FORWARDED: Final = re.compile(r'(?i)(for|proto)\s*=\s*(?:"([^"]*)"|([^\s;,"]+))')


@attrs.frozen
class Proxies:
    """The addresses and networks whose forwarding headers are believed."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Proxies:
        """From settings, such as `10.0.0.0/8` or `192.0.2.7`.

        Raises:
            ValueError: one of them is no address and no network.
        """
        return cls(tuple(ip_network(text.strip(), strict=False) for text in texts))

    def trust(self, address: str) -> bool:
        """Whether `address` is one of them."""
        if not self.networks:
            return False
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self.networks)


@attrs.frozen(kw_only=True)
class Client:
    """Who asks, and whether it asked with `http` or `https`."""

    address: str
    scheme: str


def client_of(peer: str, scheme: str, headers: Headers, proxies: Proxies) -> Client:
    """The client behind a connection from `peer`, from `Forwarded` (RFC 7239) or, where there is
    none, `X-Forwarded-For` and `X-Forwarded-Proto`."""
    peer = _canonical(peer) or peer
    if not proxies.trust(peer):
        return Client(address=peer, scheme=scheme)
    chain, protos = _chain(headers)
    client, seen = peer, scheme
    for hop, proto in zip(reversed(chain), reversed(protos), strict=True):
        address = _canonical(hop)
        if address is None:
            break
        client = address
        seen = proto if proto in {"http", "https"} else seen
        if not proxies.trust(address):
            break
    return Client(address=client, scheme=seen)


def _chain(headers: Headers) -> tuple[list[str], list[str]]:
    """Addresses and schemes, nearest last, of equal length."""
    forwarded = _list(headers, "forwarded")
    if forwarded:
        found = [
            {name.lower(): quoted or plain for name, quoted, plain in _FORWARDED.findall(element)}
            for element in forwarded
        ]
        return [one.get("for", "") for one in found], [one.get("proto", "") for one in found]
    chain = _list(headers, "x-forwarded-for")
    protos = _list(headers, "x-forwarded-proto")
    if len(protos) != len(chain):
        # Most proxies set one scheme for the whole chain.
        protos = [protos[-1] if protos else ""] * len(chain)
    return chain, protos


def _list(headers: Headers, name: str) -> list[str]:
    joined = ",".join(value for key, value in headers if key == name)
    return [part.strip() for part in joined.split(",") if part.strip()][-_HOPS_MAX:]


@lru_cache(maxsize=_ADDRESSES_KEPT)
def _canonical(text: str) -> str | None:
    """An address without port and brackets, or None if it is none (such as `unknown`)."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(parsed)
