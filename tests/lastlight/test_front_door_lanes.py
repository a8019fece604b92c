"""HTTP/2 and TLS at the front door, over real sockets."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import h2.settings
import httpx
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lastlight.front_door import CannotListen, FrontDoor, Patience, TlsFiles, open_front_door
from protocol.limits import BODY_BYTES_MAX
from tests.lastlight.door_kit import (
    SOCKETS,
    Desk,
    a_door,
    a_websocket,
    connect,
    read_to_end,
    say,
)


@pytest.fixture
def tls_files(tmp_path: Path) -> TlsFiles:
    """A certificate for 127.0.0.1 that signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a door")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = TlsFiles(certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    files.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class H2Client:
    """An HTTP/2 client with prior knowledge, as little of one as a test needs."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream
        config = h2.config.H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.connection = h2.connection.H2Connection(config)
        self.connection.initiate_connection()

    async def flush(self) -> None:
        await self.stream.send_all(self.connection.data_to_send())

    async def ask(self, path: str, method: str = "GET", *, ends: bool = True) -> int:
        """Open a stream with a request; its number."""
        number = self.connection.get_next_available_stream_id()
        headers = [(":method", method), (":path", path), (":scheme", "http"), (":authority", "a")]
        self.connection.send_headers(number, headers, end_stream=ends)
        await self.flush()
        return number

    async def events_until(self, kind: type[h2.events.Event]) -> list[h2.events.Event]:
        """All events up to the first of a kind."""
        seen: list[h2.events.Event] = []
        with trio.fail_after(10):
            while not any(isinstance(event, kind) for event in seen):
                data = await self.stream.receive_some()
                assert data, seen
                seen += self.connection.receive_data(data)
                await self.flush()
        return seen


@asynccontextmanager
async def an_h2_client(door: FrontDoor) -> AsyncIterator[H2Client]:
    async with await connect(door) as stream:
        yield H2Client(stream)


def status_of(events: list[h2.events.Event]) -> bytes:
    """The status of the one response among events."""
    [response] = [event for event in events if isinstance(event, h2.events.ResponseReceived)]
    return dict(response.headers)[b":status"]


async def test_http2_with_prior_knowledge_is_served() -> None:
    """Load balancers speak it to what stands behind them."""
    async with a_door(Desk()) as door, an_h2_client(door) as client:
        await client.ask("/a")
        assert status_of(await client.events_until(h2.events.StreamEnded)) == b"200"
        assert door.statistics().http2 == 1


async def test_http2_does_not_offer_websocket() -> None:
    """A browser that is offered it opens /ws there, where nobody answers it."""
    async with a_door(Desk()) as door, an_h2_client(door) as client:
        await client.ask("/a")
        await client.events_until(h2.events.StreamEnded)
        offered = client.connection.remote_settings
        assert offered.get(h2.settings.SettingCodes.ENABLE_CONNECT_PROTOCOL, 0) == 0


@pytest.mark.parametrize(("method", "path"), [("CONNECT", "/a"), ("GET", "/\udcc3\udca9")])
async def test_an_http2_request_that_is_none_ends_its_stream_only(method: str, path: str) -> None:
    """One bad stream must not take the others of its connection along, nor the server."""
    async with a_door(Desk()) as door, an_h2_client(door) as client:
        number = client.connection.get_next_available_stream_id()
        raw_path = path.encode("utf-8", "surrogateescape")
        headers = [(b":method", method.encode()), (b":authority", b"a")]
        if method != "CONNECT":
            headers += [(b":path", raw_path), (b":scheme", b"http")]
        client.connection.send_headers(number, headers, end_stream=True)
        await client.flush()
        await client.events_until(h2.events.StreamReset)
        await client.ask("/good")
        assert status_of(await client.events_until(h2.events.StreamEnded)) == b"200"
        assert door.statistics().failed_total == 0


async def test_an_http2_body_that_goes_on_after_413_leaves_the_connection_alone() -> None:
    """Its other streams are somebody else's requests, if a proxy is the client."""
    async with a_door(Desk()) as door, an_h2_client(door) as client:
        number = await client.ask("/", "POST", ends=False)
        sent = 0
        with trio.fail_after(10):
            while sent <= BODY_BYTES_MAX:
                window = client.connection.local_flow_control_window(number)
                size = min(window, client.connection.max_outbound_frame_size)
                if size:
                    client.connection.send_data(number, b"x" * size)
                    sent += size
                    await client.flush()
                else:
                    await client.events_until(h2.events.WindowUpdated)
        events = await client.events_until(h2.events.StreamEnded)
        assert status_of(events) == b"413"
        for _ in range(4):
            if client.connection.local_flow_control_window(number) > 0:
                client.connection.send_data(number, b"x")
        await client.flush()
        await client.ask("/good")
        assert status_of(await client.events_until(h2.events.StreamEnded)) == b"200"
        assert door.statistics().failed_total == 0


async def test_an_idle_http2_connection_is_ended() -> None:
    """The same bound as for HTTP/1.1, or everybody would change over."""
    async with (
        a_door(Desk(), patience=Patience(keep_alive_s=0.3)) as door,
        an_h2_client(door) as client,
    ):
        await client.ask("/a")
        await client.events_until(h2.events.StreamEnded)
        await read_to_end(client.stream)


@pytest.mark.usefixtures("each_lane")
async def test_tls_serves_both_versions_of_http(tls_files: TlsFiles) -> None:
    """ALPN decides; nothing else tells them apart before the first byte."""
    trust = ssl.create_default_context(cafile=str(tls_files.certificate))
    async with a_door(Desk(), tls=tls_files) as door:
        for http2 in (False, True):
            async with httpx.AsyncClient(verify=trust, http1=not http2, http2=http2) as client:
                answer = await client.get(f"https://127.0.0.1:{door.port}/a")
            assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
            assert answer.json()["scheme"] == "https"


@pytest.mark.usefixtures("each_lane")
async def test_tls_serves_websocket(tls_files: TlsFiles) -> None:
    """Phones speak nothing else."""
    trust = ssl.create_default_context(cafile=str(tls_files.certificate))
    async with a_door(Desk(), tls=tls_files) as door, a_websocket(door, trust) as ws:
        await ws.send_message("hello")
        assert await ws.get_message() == "hello"


@pytest.mark.usefixtures("each_lane")
async def test_plain_bytes_on_a_tls_port_end_that_connection_only(tls_files: TlsFiles) -> None:
    """Scanners do this all day."""
    trust = ssl.create_default_context(cafile=str(tls_files.certificate))
    async with a_door(Desk(), tls=tls_files) as door:
        await say(door, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with httpx.AsyncClient(verify=trust) as client:
            assert (await client.get(f"https://127.0.0.1:{door.port}/")).status_code == 200


async def test_a_tls_handshake_that_never_comes_is_given_up(tls_files: TlsFiles) -> None:
    """It is the first thing that can be slow."""
    async with (
        a_door(Desk(), tls=tls_files, patience=Patience(headers_s=0.2)) as door,
        await connect(door) as stream,
    ):
        with trio.fail_after(2):
            await read_to_end(stream)


async def test_certificate_files_that_are_none_are_said_so(tmp_path: Path) -> None:
    """At start, with their names, not at the first handshake."""
    files = TlsFiles(certificate=tmp_path / "none.pem", key=tmp_path / "none.key")
    with pytest.raises(CannotListen, match=r"none\.pem"):
        async with open_front_door(
            host="127.0.0.1", port=0, handler=Desk().handle, sockets=SOCKETS, tls=files
        ):
            pass
