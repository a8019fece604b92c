"""Texts and calls are followed to their end, for some minutes, at no cost to anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import trio
from trio.testing import MockClock

from lastlight.integrations.notifications.deliveries import DeliveryLog
from lastlight.integrations.notifications.following import Following
from lastlight.integrations.notifications.port import Channel, Fate, Letter, Trace, TryLater
from protocol.addresses import OUTSIDE
from protocol.internal.notifications import (
    About,
    CallPerson,
    FollowLetter,
    MailPerson,
    SendText,
    Words,
)
from protocol.internal.people import SendNotice
from protocol.messages import Message
from protocol.notify_limits import FOLLOWED_S
from protocol.records.platform import NotificationDelivery
from tests.lastlight.notifier_kit import NIGHT, People, a_stand, someone
from tests.twins.reaching import MemoryWay

ABOUT = About(event_id=UUID(int=5), incident_id=UUID(int=6))
WORDS = Words(title="SOS", body="by the bar")


class Road:
    """A way for texts with one letter on it, and whoever follows that; trio's clock is the time."""

    def __init__(self) -> None:
        self.way = MemoryWay()
        self.people = People()
        self.notes = DeliveryLog(book=self.people)
        self.began = trio.current_time()
        self.looks = 0
        self.name: str | None = None

    def now(self) -> datetime:
        self.looks += 1
        return NIGHT + timedelta(seconds=trio.current_time() - self.began)

    async def send(self) -> None:
        """Put the letter on its way."""
        self.name = await self.way.deliver("+8190", Letter(id=UUID(int=1), words=WORDS))

    async def follow(self, *, at: datetime = NIGHT) -> list[NotificationDelivery]:
        """Follow the letter to its end; the notes of it."""
        if self.name is None:
            await self.send()
        assert self.name is not None
        command = FollowLetter(
            letter_id=UUID(int=1), user_id=UUID(int=2), channel="sms", name=self.name, about=ABOUT
        )
        following = Following(tracers={Channel.SMS: self.way}, notes=self.notes, now=self.now)
        message = Message(id=UUID(int=3), target=OUTSIDE, command=command, at=at)
        assert await following.follow(message) == ()
        await self.notes.write()
        return self.people.kept


async def test_a_text_that_arrives_after_a_while_is_noted_with_its_time(
    autojump_clock: MockClock,
) -> None:
    """The incident shows who was really told, and when."""
    road = Road()
    arrived_at = NIGHT + timedelta(seconds=25)

    async def arrive() -> None:
        await trio.sleep(25)
        road.way.traces[str(UUID(int=1))] = Trace(fate=Fate.DELIVERED, at=arrived_at)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(arrive)
        (note,) = await road.follow()
    assert (note.id, note.user_id, note.incident_id) == (
        UUID(int=1), UUID(int=2), ABOUT.incident_id,
    )  # fmt: skip
    assert (note.status, note.delivered_at, note.tries) == ("delivered", arrived_at, 0)
    assert trio.current_time() - road.began < 60


async def test_a_call_that_nobody_takes_is_noted_as_failed(autojump_clock: MockClock) -> None:
    """It was `sent`; the reason says that nobody heard it."""
    road = Road()
    road.way.traces[str(UUID(int=1))] = Trace(fate=Fate.FAILED, reason="Twilio says: no-answer")
    (note,) = await road.follow()
    assert (note.status, note.delivered_at, note.error) == (
        "failed", None, "Twilio says: no-answer",
    )  # fmt: skip


async def test_a_provider_whose_clock_is_wrong_is_believed_within_ours(
    autojump_clock: MockClock,
) -> None:
    """Nothing is delivered before it was sent, or tomorrow."""
    for told in (NIGHT - timedelta(hours=9), NIGHT + timedelta(hours=9)):
        road = Road()
        road.way.traces[str(UUID(int=1))] = Trace(fate=Fate.DELIVERED, at=told)
        (note,) = await road.follow()
        assert note.delivered_at is not None
        assert NIGHT <= note.delivered_at <= NIGHT + timedelta(seconds=5)


async def test_what_never_ends_is_let_go_after_some_looks(autojump_clock: MockClock) -> None:
    """A provider that says nothing, or fails every time, is not asked for ever."""
    for away in (0, 100):
        road = Road()
        await road.send()
        road.way.raises.extend(TryLater(reason="broken") for _ in range(away))
        assert await road.follow() == []
        assert FOLLOWED_S <= trio.current_time() - road.began < 2 * FOLLOWED_S
        assert road.looks < 15


async def test_after_a_restart_a_letter_is_followed_by_its_own_age(
    autojump_clock: MockClock,
) -> None:
    """A node that crashes every five minutes must not ask for yesterday's texts."""
    road = Road()
    assert await road.follow(at=NIGHT - timedelta(seconds=FOLLOWED_S)) == []
    assert trio.current_time() == road.began


async def test_a_letter_that_the_provider_does_not_know_is_let_go(
    autojump_clock: MockClock,
) -> None:
    """Somebody may have deleted it there; what is noted of it stays."""
    road = Road()
    road.name = "another"
    assert await road.follow() == []
    assert trio.current_time() - road.began < 10


async def test_texts_calls_and_codes_by_text_are_followed_and_mails_are_not() -> None:
    """Where a provider can't say what became of something, nobody asks."""
    stand = a_stand(known={UUID(int=1): someone(1)})
    text = SendText(user_id=UUID(int=1), words=WORDS, about=ABOUT)
    call = CallPerson(user_id=UUID(int=1), words=WORDS, about=ABOUT)
    code = SendNotice(
        user_id=UUID(int=1),
        kind="phone_code",
        email=None,
        subject="Your code",
        text="It is:",
        secret="493021",
        phone="+8190",
    )
    mail = MailPerson(user_id=UUID(int=1), words=WORDS, about=ABOUT)
    followed = [
        [send.command for send in await stand.ask(command, n=n)]
        for n, command in enumerate((text, call, code, mail), start=1)
    ]
    wanted = [("sms", 1), ("voice", 2), ("sms", 3)]
    for found, (way, n) in zip(followed, wanted, strict=False):
        (follow,) = found
        assert isinstance(follow, FollowLetter)
        assert (follow.channel, follow.letter_id.int) == (way, n)
        assert follow.name == str(UUID(int=n))
    assert followed[3] == []
