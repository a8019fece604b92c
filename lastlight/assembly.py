"""Puts the gateway together over a node, whatever that node's ports are.

The composition does it over SQLite and PostgreSQL, the tests over the in-memory twins: so what is
tested in memory is what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

import attrs

from actors.runtime.node import Node
from actors.runtime.ports import Ids, Publisher
from lastlight.auth.finishing import Finisher
from lastlight.auth.keys import KeyRing
from lastlight.auth.passwords import Passwords
from lastlight.auth.profile_steps import ProfileSteps
from lastlight.auth.ratelimit import RateLimits
from lastlight.auth.refresh import RefreshTokens
from lastlight.auth.revocations import Revocations
from lastlight.auth.steps import Steps
from lastlight.auth.tokens import Tokens
from lastlight.gateway.beside import Beside, ReadLetters, Standing, no_letters
from lastlight.gateway.codes import DoorCodes
from lastlight.gateway.dispatch import Dispatcher, Own
from lastlight.gateway.exports import Exports, ReadFile, no_file
from lastlight.gateway.guard import Guard
from lastlight.gateway.health import Health
from lastlight.gateway.house import with_system
from lastlight.gateway.operators import Operators
from lastlight.gateway.replaying import Replaying
from lastlight.gateway.steps import find_account, name_incident
from lastlight.gateway.urgent import UrgentLane
from lastlight.gateway.wallet_steps import ReadBalances, WalletSteps
from lastlight.integrations.cards import Cards
from lastlight.integrations.payment_steps import with_secret
from lastlight.metrics import Metrics


@attrs.frozen(kw_only=True)
class Secrets:
    """What a node keeps to itself: keys of tokens and of door codes."""

    keys: KeyRing
    refresh: bytes = attrs.field(repr=False)
    codes: bytes = attrs.field(repr=False)


@attrs.frozen(kw_only=True, eq=False)
class Surroundings:
    """What a gateway is put together from."""

    node: Node
    publisher: Publisher
    ids: Ids
    now: Callable[[], datetime]
    secrets: Secrets
    passwords: Passwords
    revocations: Revocations
    rate_limits: RateLimits
    health: Health
    metrics: Metrics
    queries: Mapping[str, Own]
    balances: ReadBalances
    cards: Cards
    read_export: ReadFile = no_file
    standing: Standing = tuple
    """How jobs stand."""
    dead_letters: ReadLetters = no_letters
    system: Mapping[str, object] = attrs.field(factory=dict)
    """What the node was started with, secrets masked."""


def make_dispatcher(around: Surroundings) -> Dispatcher:
    """The one path that all requests take."""
    tokens = Tokens(around.secrets.keys)
    refresh_tokens = RefreshTokens(around.secrets.refresh)
    guard = Guard(
        tokens=tokens,
        refresh_tokens=refresh_tokens,
        revocations=around.revocations,
        rate_limits=around.rate_limits,
        now=around.now,
    )
    steps = Steps(
        node=around.node,
        passwords=around.passwords,
        refresh_tokens=refresh_tokens,
        checkin_secret=around.secrets.codes,
        now=around.now,
    )
    profile_steps = ProfileSteps(node=around.node, passwords=around.passwords)
    codes = DoorCodes(around.secrets.codes)
    finisher = Finisher(tokens=tokens, refresh_tokens=refresh_tokens, now=around.now)
    operators = Operators(
        node=around.node,
        keys=around.secrets.keys,
        metrics=around.metrics,
        health=around.health,
        beside=Beside(node=around.node, standing=around.standing, dead_letters=around.dead_letters),
    )
    own = {**operators.answers(), **around.cards.webhooks.answers()}
    own["DownloadExport"] = Exports(node=around.node, read=around.read_export).download
    dispatcher = Dispatcher(
        node=around.node,
        guard=guard,
        urgent=UrgentLane(
            node=around.node, publisher=around.publisher, ids=around.ids, now=around.now
        ),
        steps={
            **steps.by_name(),
            "prove_profile": profile_steps.prove_profile,
            **WalletSteps(node=around.node, balances=around.balances).by_name(),
            "name_incident": partial(name_incident, around.ids),
            "find_account": partial(find_account, around.node),
            **around.cards.steps.by_name(),
        },
        own=own,
        queries=around.queries,
        finish=lambda call, answer: with_system(
            around.system,
            call,
            with_secret(call, codes.finish(call, finisher.finish(call, answer))),
        ),
    )
    # What was kept offline takes the path of everything else, so it needs the whole of it.
    replaying = Replaying(node=around.node, guard=guard, perform=dispatcher.perform, now=around.now)
    own["ReplayOfflineCommands"] = replaying.replay
    return dispatcher
