"""What every provider promises that can say what became of a letter: in memory and over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import attrs
import pytest
import trio

from lastlight.integrations.notifications.port import (
    Fate,
    Provider,
    Trace,
    Tracer,
    TryLater,
    Undeliverable,
)
from lastlight.integrations.notifications.twilio import Calls, Texts
from tests.contracts.notification_servers import CALL_S, a_letter, open_twilio
from tests.twins import message_servers
from tests.twins.message_servers import TRACED_AT
from tests.twins.reaching import MemoryWay


@attrs.frozen(kw_only=True)
class Traced:
    """A provider, one letter that it took, and how to say what becomes of that."""

    tracer: Tracer
    name: str
    arrives: Callable[[], None]
    fails: Callable[[], None]
    is_away_once: Callable[[], None]


@pytest.fixture(params=["memory", "sms", "voice"])
async def traced(request: pytest.FixtureRequest) -> AsyncIterator[Traced]:
    if request.param == "memory":
        way = MemoryWay(CALL_S)
        name = await way.deliver("somebody", a_letter())
        ended = {
            fate: Trace(fate=fate, at=TRACED_AT, reason="busy" if fate is Fate.FAILED else None)
            for fate in Fate
        }
        yield Traced(
            tracer=way,
            name=name,
            arrives=lambda: way.traces.update({name: ended[Fate.DELIVERED]}),
            fails=lambda: way.traces.update({name: ended[Fate.FAILED]}),
            is_away_once=lambda: way.raises.append(TryLater(reason="broken")),
        )
        return
    async with open_twilio() as (account, books, server):
        provider: Texts | Calls = Texts(account) if request.param == "sms" else Calls(account)
        name = await _taken(provider)
        good, bad = (
            ("delivered", "undelivered") if request.param == "sms" else ("completed", "busy")
        )
        yield Traced(
            tracer=provider,
            name=name,
            arrives=lambda: books.status.update({name: (good, None)}),
            fails=lambda: books.status.update({name: (bad, 30003)}),
            is_away_once=lambda: server.instead.append(message_servers.twilio_error(503, 20503)),
        )


async def _taken(provider: Provider) -> str:
    return await provider.deliver("+819012345678", a_letter())


async def test_what_was_just_taken_is_under_way(traced: Traced) -> None:
    """That a provider took it is not that it arrived."""
    assert (await traced.tracer.trace(traced.name)).fate is Fate.UNDER_WAY


async def test_what_arrived_is_said_with_its_time(traced: Traced) -> None:
    """Whoever looks into an incident later sees when the text was there."""
    traced.arrives()
    trace = await traced.tracer.trace(traced.name)
    assert (trace.fate, trace.at, trace.reason) == (Fate.DELIVERED, TRACED_AT, None)


async def test_what_failed_is_said_with_its_reason(traced: Traced) -> None:
    """A telephone that is off or engaged was not told, whatever the provider took."""
    traced.fails()
    trace = await traced.tracer.trace(traced.name)
    assert trace.fate is Fate.FAILED
    assert trace.reason


async def test_a_provider_that_is_away_says_nothing_of_a_letter(traced: Traced) -> None:
    """Nothing follows from that: it is asked again."""
    traced.is_away_once()
    with pytest.raises(TryLater):
        await traced.tracer.trace(traced.name)
    assert (await traced.tracer.trace(traced.name)).fate is Fate.UNDER_WAY


async def test_a_letter_that_is_not_there_never_will_be(traced: Traced) -> None:
    """Asking on would be for nothing."""
    with pytest.raises(Undeliverable):
        await traced.tracer.trace("SM" + "0" * 32)


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("queued", Fate.UNDER_WAY),
        ("sent", Fate.UNDER_WAY),
        ("in-progress", Fate.UNDER_WAY),
        ("read", Fate.DELIVERED),
        ("no-answer", Fate.FAILED),
        ("failed", Fate.FAILED),
        ("a status of next year", Fate.UNDER_WAY),
    ],
)
async def test_every_status_is_an_end_or_on_its_way(status: str, fate: Fate) -> None:
    """A status that nobody knows yet is no end; looking ends by itself."""
    async with open_twilio() as (account, books, _):
        name = await _taken(Texts(account))
        books.status[name] = (status, None)
        assert (await Texts(account).trace(name)).fate is fate


@pytest.mark.parametrize("name", ["", "../Calls/CA1", "SM1?x=y"])
async def test_what_is_no_name_is_not_asked_for(name: str) -> None:
    """A name stands in an address; one that was never given leads elsewhere."""
    async with open_twilio() as (account, _, server):
        with pytest.raises(Undeliverable):
            await Texts(account).trace(name)
        assert server.asked == []


async def test_a_provider_that_hangs_is_given_up_in_time() -> None:
    """Whoever looks goes on looking later."""
    async with open_twilio() as (account, _, server):
        name = await _taken(Texts(account))
        server.hangs = trio.Event()
        with trio.fail_after(5), pytest.raises(TryLater):
            await Texts(account).trace(name)
