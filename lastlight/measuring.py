"""Connects metrics to what they show; nothing is counted twice."""

from __future__ import annotations

from actors.runtime.node import Node
from lastlight.auth.passwords import Passwords
from lastlight.compose_storage import Storage
from lastlight.metrics import Metrics
from lastlight.realtime.hub import Hub
from protocol.addresses import ActorKind


def measure(
    metrics: Metrics,
    *,
    node: Node,
    hub: Hub,
    passwords: Passwords,
    storage: Storage,
) -> None:
    """Let `metrics` read the parts of a node when somebody looks."""
    journal, write_behind = storage.journal, storage.write_behind
    for kind in ActorKind:
        metrics.watch(
            metrics.actors.labels(kind.value),
            lambda kind=kind: node.statistics().actors.get(kind.value, 0),  # type: ignore[misc]
        )
    metrics.watch(metrics.sockets, lambda: hub.statistics().connections)
    metrics.watch(metrics.mailbox_messages, lambda: node.statistics().mailbox_depth)
    metrics.watch(metrics.mailbox_messages_max, lambda: node.statistics().mailbox_depth_max)
    metrics.watch(metrics.gate_outputs, lambda: node.statistics().gate_backlog)
    metrics.watch(metrics.flush_lag_s, lambda: write_behind.lag_s)
    metrics.watch(metrics.slowed_commands, lambda: node.admission.slowed)
    metrics.watch(metrics.behind_refusals, lambda: node.admission.refused)
    metrics.watch(metrics.journal_bytes, lambda: journal.statistics().bytes)
    metrics.watch(metrics.passwords_waiting, lambda: passwords.waiting)
    metrics.watch(metrics.journal_entries, lambda: journal.durable.n)
    metrics.watch(metrics.flushed_entries, lambda: write_behind.flushed.n)
    metrics.watch(metrics.refused_rows, lambda: write_behind.refused_rows)
    metrics.watch(metrics.slow_clients, lambda: hub.statistics().slow_total)
    metrics.watch(metrics.expired_commands, lambda: node.statistics().expired)
    metrics.watch(metrics.dead_letters, lambda: node.statistics().dead_letters)
    metrics.watch(metrics.effects_waiting, lambda: node.statistics().effects_waiting)
    metrics.watch(metrics.effects_given_up, lambda: node.statistics().effects_given_up)
    metrics.watch(metrics.resets, lambda: node.statistics().resets)
