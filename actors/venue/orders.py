"""Selling: price, check and take from stock what is ordered (Rules 1, 4 and 7).

Chain: PurchaseItems = account → session → venue → account. What was taken goes back if the account
can't pay. Prices, tax and drinks come from here and never from a client.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

from actors.rules.money import tax_of
from actors.rules.opening_hours import closes_at, is_open
from actors.rules.safety_levels import HOLD
from actors.runtime.behaviour import decides
from actors.runtime.outcome import Context, Decision, Outcome, Send
from actors.venue import plays
from actors.venue.caring import service_hold
from actors.venue.days import today_at
from actors.venue.menu import drinks_milli
from actors.venue.refusing import noted
from actors.venue.state import VenueState
from actors.venue.stock import lacking, move, needed
from protocol.addresses import ActorKind, Address
from protocol.commands import Command
from protocol.errors import Code, Refusal
from protocol.internal.orders import (
    Buyer,
    PlaysTaken,
    PostOrder,
    PricedLine,
    PriceOrder,
    ReturnStock,
    TakeOrderCash,
)
from protocol.operations.transactions import OrderLine, PurchaseItems
from protocol.records.inventory import Game, MenuItem
from protocol.records.money_states import GamePricing, GameStatus, MovementKind, Tender
from protocol.records.states import VenueStatus
from protocol.records.values import RecipePart

_NEVER_SOON: Final = timedelta(days=1)

Goods = MenuItem | Game


@attrs.frozen
class _Ordered:
    """A line with what it is of; None if there is no such thing on sale here."""

    line: OrderLine
    goods: Goods | None

    @property
    def alcoholic(self) -> bool:
        return isinstance(self.goods, MenuItem) and self.goods.alcoholic


@decides(PriceOrder)
def decide_price_order(state: VenueState, command: PriceOrder, context: Context) -> Decision:
    """Price the order and take it from stock, or say why it is not sold."""
    order = command.order
    ordered = [_Ordered(line, _goods(state, line)) for line in order.lines]
    needs = needed(state, [(o.goods, o.line.qty) for o in ordered if isinstance(o.goods, MenuItem)])
    refusal = (
        _refuse_alcohol(state, ordered, command.buyer, context)
        or _refuse_unavailable(state, ordered, context)
        or _refuse_lacking(state, needs)
    )
    if refusal is not None:
        return noted(state, refusal, command.buyer, context)
    lines = tuple(_priced(state, o.line, o.goods, context) for o in ordered if o.goods)
    total_minor = sum(line.total_minor for line in lines)
    refusal = (
        _refuse_price(order, total_minor)
        or _refuse_late(state, ordered, context)
        or _refuse_many(state, ordered, command.buyer)
    )
    if refusal is not None:
        return noted(state, refusal, command.buyer, context)
    profile = state.profile
    change = move(
        state,
        context,
        kind=MovementKind.SALE,
        deltas={item_id: -milli for item_id, milli in needs.items()},
        ref_id=command.transaction_id,
    )
    games = _counted(ordered)
    post = PostOrder(
        order=order,
        buyer=command.buyer,
        transaction_id=command.transaction_id,
        lines=lines,
        total_minor=total_minor,
        tax_minor=sum(line.tax_minor for line in lines),
        currency=profile.currency,
        business_day=today_at(profile, context.now),
    )
    undo = ReturnStock(
        transaction_id=command.transaction_id,
        taken=tuple(RecipePart(item_id=id_, amount_milli=milli) for id_, milli in needs.items()),
        plays=tuple(PlaysTaken(game_id=game.id, plays=n) for game, n in games),
    )
    target, step = _next_step(post, context)
    played, forgotten = plays.noted(state, context, command.buyer.user_id, (g for g, _ in games))
    counted = (game.revised(plays=game.plays + n) for game, n in games)
    return Outcome(
        changes=(*change.levels, *counted, *played),
        removes=forgotten,
        appends=change.movements,
        events=change.events,
        sends=(Send(target, step, undo=undo if context.in_saga else None),),
    )


def _next_step(post: PostOrder, context: Context) -> tuple[Address, Command]:
    """The account pays with credit; cash is taken by the till of whoever asks, before that."""
    if post.order.tender is not Tender.CASH:
        return Address(ActorKind.ACCOUNT, post.buyer.user_id), post
    assert context.principal is not None, "cash is taken by somebody"
    return Address(ActorKind.STAFF, context.principal.user_id), TakeOrderCash(order=post)


@decides(ReturnStock)
def decide_return_stock(state: VenueState, command: ReturnStock, context: Context) -> Decision:
    """What was taken for a transaction goes back; the runtime hands this out once."""
    change = move(
        state,
        context,
        kind=MovementKind.RETURN,
        deltas={part.item_id: part.amount_milli for part in command.taken},
        ref_id=command.transaction_id,
    )
    games = [(state.get(Game, part.game_id), part.plays) for part in command.plays]
    uncounted = [g.revised(plays=max(0, g.plays - n)) for g, n in games if g is not None]
    return Outcome(
        changes=(*change.levels, *uncounted), appends=change.movements, events=change.events
    )


def _goods(state: VenueState, line: OrderLine) -> Goods | None:
    if line.item_id is not None:
        item = state.get(MenuItem, line.item_id)
        return None if item is None or item.retired_at is not None else item
    game = None if line.game_id is None else state.get(Game, line.game_id)
    return game if game is not None and game.pricing is GamePricing.PLAY else None


def _counted(ordered: list[_Ordered]) -> list[tuple[Game, int]]:
    """How many plays of each game, however many lines it stands in."""
    found = {o.goods.id: o.goods for o in ordered if isinstance(o.goods, Game)}
    return [
        (game, sum(o.line.qty for o in ordered if o.line.game_id == id_))
        for id_, game in found.items()
    ]


def _refuse_alcohol(
    state: VenueState, ordered: list[_Ordered], buyer: Buyer, context: Context
) -> Refusal | None:
    """Service holds and age: both are floors that no setting takes away."""
    if not any(o.alcoholic for o in ordered):
        return None
    hold = service_hold(state, buyer.user_id, context)
    level = max(buyer.safety_level, 0 if hold is None else hold.level)
    if level >= HOLD:
        return Refusal(
            Code.ALCOHOL_REFUSED, f"no alcohol at safety level {level}; water and food are served"
        )
    years, least = buyer.age_years_verified, state.profile.settings.alcohol_age_years
    if years is not None and years >= least:
        return None
    known = "was never verified" if years is None else f"is {years}"
    return Refusal(
        Code.AGE_UNVERIFIED,
        f"the age {known}; alcohol is sold from {least} years; show a document to the staff",
    )


def _refuse_unavailable(
    state: VenueState, ordered: list[_Ordered], context: Context
) -> Refusal | None:
    tz = state.profile.tz
    for n, o in enumerate(ordered):
        goods = o.goods
        if goods is None:
            wanted = o.line.item_id or o.line.game_id
            return _unavailable(f"line {n + 1}: {wanted} is not on sale here", wanted)
        if isinstance(goods, Game):
            playable = goods.status in (GameStatus.AVAILABLE, GameStatus.IN_USE)
        else:
            in_hours = goods.hours is None or is_open(goods.hours, context.now, tz)
            playable = goods.available and in_hours
        if not playable:
            return _unavailable(f"line {n + 1}: {goods.name} is not to be had now", goods.id)
    return None


def _refuse_lacking(state: VenueState, needs: Mapping[UUID, int]) -> Refusal | None:
    if (short := lacking(state, needs)) is None:
        return None
    item = state.get(MenuItem, short)
    name = str(short) if item is None else item.name
    return _unavailable(f"there is not enough of {name} for this order", short)


def _unavailable(detail: str, what: object) -> Refusal:
    return Refusal(Code.ITEM_UNAVAILABLE, detail, extra={"item_id": str(what)})


def _refuse_price(order: PurchaseItems, total_minor: int) -> Refusal | None:
    """Rule 4: what was on the screen counts; another price must be seen first."""
    expected = order.expected_total_minor
    if expected is None or expected == total_minor:
        return None
    return Refusal(
        Code.PRICE_CHANGED,
        f"the total is {total_minor} minor now, not {expected}; show it and ask again",
        extra={"total_minor": total_minor},
    )


def _refuse_late(state: VenueState, ordered: list[_Ordered], context: Context) -> Refusal | None:
    """Nothing is sold when closed, and no alcohol in the last minutes before closing."""
    venue, profile, now = state.venue, state.profile, context.now
    shut = venue.status in (VenueStatus.CLOSED, VenueStatus.SUSPENDED)
    if shut or not is_open(venue.hours, now, profile.tz):
        return Refusal(Code.SERVICE_STOPPED, f"{venue.name} is closed; see its hours")
    if not any(o.alcoholic for o in ordered) or now < _last_service(state, now):
        return None
    minutes = profile.settings.last_service_minutes
    return Refusal(
        Code.SERVICE_STOPPED,
        f"no alcohol in the last {minutes} min before closing; water and food are served",
    )


def _last_service(state: VenueState, now: datetime) -> datetime:
    """When alcohol stops: in a venue that is closing at its last orders, else by its hours."""
    venue, profile = state.venue, state.profile
    if venue.status is VenueStatus.CLOSING:
        return venue.last_orders_at or now
    ends = closes_at(venue.hours, now, profile.tz)
    if ends is None:
        return now + _NEVER_SOON
    return ends - timedelta(minutes=profile.settings.last_service_minutes)


def _refuse_many(state: VenueState, ordered: list[_Ordered], buyer: Buyer) -> Refusal | None:
    drinks = sum(o.line.qty for o in ordered if o.alcoholic)
    most = state.profile.settings.alcoholic_per_person_max * buyer.persons_present
    if drinks <= most:
        return None
    return Refusal(
        Code.QUANTITY_LIMIT,
        f"{drinks} alcoholic drinks in one order for {buyer.persons_present} present; "
        f"{most} at most",
        extra={"quantity": drinks, "quantity_max": most},
    )


def _priced(state: VenueState, line: OrderLine, goods: Goods, context: Context) -> PricedLine:
    total_minor = goods.price_minor * line.qty
    needs = needed(state, [(goods, line.qty)]) if isinstance(goods, MenuItem) else {}
    drinks = drinks_milli(state, goods) if isinstance(goods, MenuItem) else 0
    return PricedLine(
        purchase_id=context.fresh_id(),
        item_id=line.item_id,
        game_id=line.game_id,
        name=goods.name,
        qty=line.qty,
        unit_price_minor=goods.price_minor,
        total_minor=total_minor,
        tax_rate_bp=goods.tax_rate_bp,
        tax_minor=tax_of(total_minor, goods.tax_rate_bp),
        standard_drinks_milli=drinks * line.qty,
        alcoholic=isinstance(goods, MenuItem) and goods.alcoholic,
        revenue_kind=_revenue_kind(goods),
        taken=tuple(RecipePart(item_id=id_, amount_milli=n) for id_, n in needs.items()),
    )


def _revenue_kind(goods: Goods) -> str:
    """What is measured by its volume is a drink; all else from the kitchen is food."""
    if isinstance(goods, Game):
        return "play"
    return "drink" if goods.volume_ml is not None else "food"
