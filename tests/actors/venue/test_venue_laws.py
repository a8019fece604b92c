"""What holds of a venue whatever comes, in whatever order: capacity, stock, stations."""

from __future__ import annotations

from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.runtime.outcome import Outcome
from actors.venue.checking_in import decide_check_in, decide_release_seat, decide_session_opened
from actors.venue.floor import decide_free_seat
from actors.venue.orders import decide_price_order, decide_return_stock
from actors.venue.stations import decide_keep_station, decide_reserve_station
from protocol.errors import Refusal
from protocol.internal.orders import ReturnStock
from protocol.internal.visits import FreeSeat, KeepStation, ReleaseSeat, ReserveStation
from protocol.records.inventory import Game, InventoryLevel, KaraokeRoom, StockMovement
from protocol.records.runtime import FloorPlace
from protocol.records.states import Activity, CheckOutCause
from tests.actors.deciding import after
from tests.actors.venue.floors import (
    BEER,
    BIG_ROOM,
    DANCE,
    FRIES,
    SMALL_ROOM,
    a_beer,
    a_check_in,
    a_floor,
    a_level,
    a_play_game,
    a_room,
    an_item,
    an_order,
    context,
    opened,
)

STOCK = {BEER: 10_000, FRIES: 6_000}


class Night(RuleBasedStateMachine):
    """Guests come, are refused by their accounts, move, buy, and leave."""

    def __init__(self) -> None:
        super().__init__()
        levels = (a_level(BEER, 10), a_level(FRIES, 6))
        rooms = (a_room(SMALL_ROOM), a_room(BIG_ROOM, capacity=8))
        self.state = a_floor(a_beer(), an_item(), a_play_game(), *levels, *rooms)
        self.arriving: list[FloorPlace] = []
        self.inside: list[FloorPlace] = []
        self.unpaid: list[ReturnStock] = []
        self.moving: list[KeepStation] = []
        self.book = dict(STOCK)
        self.plays = 0

    def apply(self, decision: object) -> Outcome | None:
        """Apply what was decided; a refusal changes nothing."""
        if isinstance(decision, Refusal):
            return None
        assert isinstance(decision, Outcome)
        after(self.state, decision)
        for row in decision.appends:
            assert isinstance(row, StockMovement)
            self.book[row.item_id] += row.delta_milli
            assert row.after_milli == self.book[row.item_id]
        return decision

    @rule(
        party=st.integers(1, 6), activity=st.sampled_from([Activity.LOUNGE, Activity.KARAOKE_ROOM])
    )
    def come(self, party: int, activity: Activity) -> None:
        command = a_check_in(party_size=party, activity=activity)
        outcome = self.apply(decide_check_in(self.state, command, context()))
        assert outcome is not None
        self.arriving += [row for row in outcome.changes if isinstance(row, FloorPlace)]

    @precondition(lambda self: self.arriving)
    @rule(data=st.data(), admitted=st.booleans())
    def be_admitted_or_not(self, data: st.DataObject, admitted: bool) -> None:
        seat = data.draw(st.sampled_from(self.arriving))
        self.arriving.remove(seat)
        if admitted:
            self.apply(decide_session_opened(self.state, opened(seat), context()))
            self.inside.append(seat)
        else:
            undo = ReleaseSeat(session_id=seat.session_id)
            self.apply(decide_release_seat(self.state, undo, context(in_saga=False)))

    @precondition(lambda self: self.inside)
    @rule(data=st.data(), room_id=st.sampled_from([SMALL_ROOM, BIG_ROOM]))
    def move(self, data: st.DataObject, room_id: UUID) -> None:
        seat = data.draw(st.sampled_from(self.inside))
        command = ReserveStation(
            session_id=seat.session_id,
            activity=Activity.KARAOKE_ROOM,
            game_id=None,
            room_id=room_id,
        )
        outcome = self.apply(decide_reserve_station(self.state, command, context()))
        if outcome is not None:
            (undo,) = (send.undo for send in outcome.sends)
            assert isinstance(undo, KeepStation)
            self.moving.append(undo)

    @precondition(lambda self: self.moving)
    @rule()
    def take_the_move_back(self) -> None:
        self.apply(decide_keep_station(self.state, self.moving.pop(), context(in_saga=False)))

    @rule(beers=st.integers(0, 2), fries=st.integers(0, 5), plays=st.integers(0, 3))
    def buy(self, beers: int, fries: int, plays: int) -> None:
        wanted = ((BEER, beers), (FRIES, fries), (DANCE, plays))
        lines = [(id_, qty) for id_, qty in wanted if qty]
        if lines:
            decision = decide_price_order(self.state, an_order(*lines), context())
            outcome = self.apply(decision)
            if outcome is not None:
                (undo,) = (send.undo for send in outcome.sends)
                assert isinstance(undo, ReturnStock)
                self.unpaid.append(undo)
                self.plays += plays

    @precondition(lambda self: self.unpaid)
    @rule()
    def be_short_of_money(self) -> None:
        undo = self.unpaid.pop()
        self.apply(decide_return_stock(self.state, undo, context(in_saga=False)))
        self.plays -= sum(part.plays for part in undo.plays)

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        seat = data.draw(st.sampled_from(self.inside))
        self.inside.remove(seat)
        self.moving = [undo for undo in self.moving if undo.session_id != seat.session_id]
        left = FreeSeat(session_id=seat.session_id, cause=CheckOutCause.PATRON)
        self.apply(decide_free_seat(self.state, left, context(None)))

    @invariant()
    def the_capacity_is_never_passed(self) -> None:
        state = self.state
        assert state.seated == sum(place.party_size for place in state.all(FloorPlace))
        assert state.seated == sum(seat.party_size for seat in (*self.arriving, *self.inside))
        assert state.present == sum(seat.party_size for seat in self.inside)
        assert state.seated <= state.venue.capacity
        assert (state.alert == 0) is (state.present < 9) or 85 <= state.present * 10 < 90

    @invariant()
    def the_shelf_is_what_its_book_says_and_never_below_zero(self) -> None:
        for level in self.state.all(InventoryLevel):
            assert level.on_hand_milli == self.book[level.item_id] >= 0
        assert self.state.one(Game).plays == self.plays

    @invariant()
    def a_room_is_had_by_those_who_are_there(self) -> None:
        seats = {seat.session_id for seat in (*self.arriving, *self.inside)}
        for room in self.state.all(KaraokeRoom):
            assert room.session_id is None or room.session_id in seats
            assert room.session_id is None or room in self.state.stations_of(room.session_id)


TestNight = Night.TestCase
TestNight.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
