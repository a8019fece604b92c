"""One visit with a wallet and a venue around it, driven by hand or by its own timers.

What is said between session and account travels in order, and may be held back by a test.
"""

from __future__ import annotations

from collections import deque
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import attrs

from actors.rules.funds import hold_minor
from actors.rules.metering import charge_at, rate_of
from actors.rules.profile import VenueProfile
from actors.rules.settings import DEFAULT, VenueSettings
from actors.runtime.outcome import LATER, CancelTimer, Context, Event, Outcome, SetTimer
from actors.session.behaviour import SESSION
from actors.session.floor import tariff_of
from actors.session.notes import MeterNotes, meter_of
from actors.session.state import SessionState
from actors.venue.terms import terms_of
from protocol.addresses import ActorKind, Address, Principal, Role
from protocol.commands import Command
from protocol.errors import Code, Refusal
from protocol.internal.managing import LengthenStay, MoreSeated, SeatMore
from protocol.internal.metering import TickMeter
from protocol.internal.sagas import SagaRefused
from protocol.internal.visits import ReserveStation, StationReserved
from protocol.records.base import Record
from protocol.records.states import Activity, SessionStatus
from protocol.records.values import RateBand
from protocol.records.visits import Session, SessionHistory, SessionSegment
from protocol.values import Fix
from tests.actors.deciding import IDS, a_context, a_principal, after
from tests.actors.session.visit_opening import (
    LAT,
    LON,
    START,
    USER,
    VENUE_ID,
    a_profile,
    an_opening,
    through_journal,
)
from tests.actors.session.visit_wallet import Wallet

C = TypeVar("C", bound=Command)
TODAY = date(2026, 6, 1)
MINUTE, SECOND, MS = (timedelta(milliseconds=ms) for ms in (60_000, 1_000, 1))
OWN = a_principal(USER)
STAFF = a_principal(UUID(int=31), Role.STAFF, VENUE_ID)
OTHER_VENUE = UUID(int=12)
ELSEWHERE = a_principal(UUID(int=32), Role.MANAGEMENT, OTHER_VENUE)
STRANGER = a_principal(UUID(int=33))


def a_fix(at: datetime, metres_north: float = 0, accuracy_m: float = 20, mock: bool = False) -> Fix:
    """A fix so far from the centre of the venue."""
    return Fix(
        lat=LAT + metres_north / 111_195, lon=LON, accuracy_m=accuracy_m, fix_at=at, mock=mock
    )


@attrs.define(eq=False)
class Visit:
    """A session's decisions, and everything that they lead to."""

    wallet: Wallet
    settings: VenueSettings = DEFAULT
    tz: str = "Asia/Tokyo"
    currency: str = "JPY"
    now: datetime = START
    id: UUID = attrs.field(factory=IDS.fresh)
    held_back: bool = False
    """Whether messages to the account wait for `deliver`."""
    to_account: deque[tuple[Command, bool]] = attrs.field(factory=deque)
    to_venue: list[tuple[Command, bool]] = attrs.field(factory=list)
    back: deque[tuple[Command, bool]] = attrs.field(factory=deque)
    to_self: deque[tuple[Command, bool]] = attrs.field(factory=deque)
    events: list[Event] = attrs.field(factory=list)
    appends: list[Record] = attrs.field(factory=list)
    asker: Principal | None = None
    """Who asked last: the chain goes on in their name."""
    expected_version: int | None = None
    """Of the next request."""
    occurred_at: datetime | None = None
    timers: dict[str, SetTimer] = attrs.field(factory=dict)
    answers: list[object] = attrs.field(factory=list)
    state: SessionState = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.state = SessionState(Address(ActorKind.SESSION, self.id))

    @property
    def session(self) -> Session:
        assert self.state.session is not None
        return self.state.session

    @property
    def history(self) -> SessionHistory:
        assert self.state.history is not None
        return self.state.history

    @property
    def status(self) -> SessionStatus:
        return (self.state.session or self.history).status

    @property
    def notes(self) -> MeterNotes:
        return meter_of(self.session)

    @property
    def segments(self) -> list[SessionSegment]:
        return self.state.segments

    @property
    def profile(self) -> VenueProfile:
        return a_profile(self.settings, tz=self.tz, currency=self.currency)

    def charge(self, at: datetime, *, elsewhere: int = 0) -> int:
        """What the segments cost until a moment."""
        notes = MeterNotes(
            charged_until=START, hold_until=START, elsewhere_minor={TODAY: elsewhere}
        )
        return charge_at(self.segments, at, tariff_of(self.profile, notes)).total_minor

    def context(self, principal: Principal | None, *, in_saga: bool) -> Context:
        shared = {Address(ActorKind.VENUE, VENUE_ID): self.profile}
        return a_context(
            self.state.address,
            now=self.now,
            principal=principal,
            shared=shared,
            expected_version=self.expected_version,
            in_saga=in_saga,
            occurred_at=self.occurred_at,
        )

    def decide(
        self, command: Command, principal: Principal | None = None, *, in_saga: bool = True
    ) -> Outcome | Refusal:
        """Ask for a decision; nothing comes of it."""
        decide = SESSION.decisions[type(command)]
        return decide(self.state, command, self.context(principal, in_saga=in_saga))

    def do(
        self, command: Command, principal: Principal | None = None, *, in_saga: bool = True
    ) -> object:
        """Decide, and let everything follow; returns what is answered, at once or last."""
        before, self.asker = len(self.answers), principal or self.asker
        self._apply(self.decide(command, principal, in_saga=in_saga), in_saga)
        if not self.held_back:
            self.deliver()
        return self.answers[-1] if len(self.answers) > before else None

    def deliver(self) -> None:
        """Let what was sent to the account arrive, and its answers."""
        while self.to_account or self.back:
            while self.to_account:
                self.account_takes()
            while self.back:
                self.session_hears()

    def account_takes(self) -> None:
        """The account handles one message; its answer is on its way."""
        command, in_saga = self.to_account.popleft()
        answer = self.wallet.take(command, self.now, in_saga=in_saga)
        if isinstance(answer, Refusal):
            if in_saga:
                self.back.append((SagaRefused(refusal=answer), True))
        elif answer is not None:
            self.back.append((answer, in_saga))

    def session_hears(self, at: int = 0) -> None:
        """One of the account's answers arrives, the first by default."""
        command, in_saga = self.back[at]
        del self.back[at]
        self._apply(self.decide(command, self.asker if in_saga else None, in_saga=in_saga), in_saga)

    def venue_takes(self, kind: type[C]) -> tuple[C, bool]:
        """The one message of a kind that the venue was sent, taken out of its mail."""
        ((command, in_saga),) = (sent for sent in self.to_venue if isinstance(sent[0], kind))
        self.to_venue.remove((command, in_saga))
        assert isinstance(command, kind)
        return command, in_saga

    def keep_stay(self) -> object:
        """The venue keeps the place for longer, and has the account asked."""
        longer, in_saga = self.venue_takes(LengthenStay)
        before = len(self.answers)
        self.to_account.append((longer.hold, in_saga))
        self.deliver()
        return self.answers[-1] if len(self.answers) > before else None

    def seat_more(self) -> object:
        """The venue has seats for all."""
        more, in_saga = self.venue_takes(SeatMore)
        answer = MoreSeated(session_id=self.id, party_size=more.party_size)
        return self.do(answer, self.asker, in_saga=in_saga)

    def refuse(self, code: Code) -> object:
        """Somebody further on refuses the chain."""
        return self.do(SagaRefused(refusal=Refusal(code, "no")), self.asker)

    def reserve(
        self, activity: Activity, *, room: UUID | None = None, bands: tuple[RateBand, ...] = ()
    ) -> object:
        """The venue answers the ReserveStation that it was sent."""
        _, in_saga = self.venue_takes(ReserveStation)
        terms = terms_of(self.profile, activity, 1, at=self.now)
        answer = StationReserved(
            session_id=self.id,
            activity=activity,
            station_id=room,
            mode=terms.mode,
            rate_minor_per_h=terms.rate_minor_per_h,
            rate_bands=bands,
        )
        return self.do(answer, in_saga=in_saga)

    def go_to(self, at: datetime) -> None:
        """Let time pass; timers fire when they are due."""
        while True:
            due = min(self.timers.values(), key=lambda timer: timer.due_at, default=None)
            if due is None or due.due_at > at:
                break
            self.now = max(self.now, due.due_at)
            del self.timers[due.name]
            self.do(due.command, in_saga=False)
        self.now = max(self.now, at)

    def tick(self) -> None:
        """A tick that comes when it comes."""
        self.do(TickMeter(), in_saga=False)

    def heard(self, kind: str) -> list[Event]:
        """The events of a type."""
        return [event for event in self.events if event.type == kind]

    def told_venue(self, kind: type[Command]) -> list[Command]:
        """What the venue was told of one kind."""
        return [command for command, _ in self.to_venue if isinstance(command, kind)]

    def _apply(self, decision: Outcome | Refusal, in_saga: bool) -> None:
        outcome = Outcome(reply=decision) if isinstance(decision, Refusal) else decision
        assert in_saga or not outcome.reply or isinstance(outcome.reply, Refusal), outcome.reply
        if outcome.reply is not None and outcome.reply is not LATER:
            self.answers.append(outcome.reply)
        self._check_rows(outcome)
        after(self.state, attrs.evolve(outcome, changes=through_journal(outcome.changes)))
        self.events += outcome.events
        self.appends += outcome.appends
        for timer in outcome.timers:
            if isinstance(timer, CancelTimer):
                self.timers.pop(timer.name, None)
            else:
                self.timers[timer.name] = timer
        for send in outcome.sends:
            sent = (send.command, in_saga and not send.detached)
            if send.target.kind is ActorKind.ACCOUNT:
                self.to_account.append(sent)
            elif send.target == self.state.address:
                self.to_self.append(sent)
            else:
                assert send.target == Address(ActorKind.VENUE, VENUE_ID)
                self.to_venue.append(sent)
        while self.to_self:
            own, in_saga = self.to_self.popleft()
            self._apply(self.decide(own, self.asker, in_saga=in_saga), in_saga)

    def _check_rows(self, outcome: Outcome) -> None:
        """Each row changes once, to its next version."""
        keys = [(type(row), row.primary_key) for row in outcome.changes]
        assert len(keys) == len(set(keys))
        for row in outcome.changes:
            if isinstance(row, Session | SessionSegment):
                known = self.state.get(type(row), *row.primary_key)
                assert row.version == (1 if known is None else known.version + 1)


def a_visit(
    funds: int = 100_000,
    activity: Activity = Activity.ARCADE_TIME,
    *,
    held: int | None = None,
    elsewhere: int = 0,
    at: datetime = START,
    settings: VenueSettings = DEFAULT,
    tz: str = "Asia/Tokyo",
) -> Visit:
    """A visit that has just begun with so much credit in all."""
    rate = rate_of(activity, party_size=1, settings=settings)
    first = 1500 if activity is Activity.KARAOKE_ROOM else hold_minor(rate)
    held = first if held is None else held
    visit = Visit(Wallet(available=funds - held, held=held), settings=settings, tz=tz, now=at)
    visit.do(an_opening(visit.id, activity, held=held, available=funds - held, elsewhere=elsewhere))
    return visit
