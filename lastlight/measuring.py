"""Connects the gauges to what they show; nothing is counted twice."""

from __future__ import annotations

from actors.runtime.node import Node
from lastlight.metrics import Metrics
from lastlight.realtime.hub import Hub
from protocol.addresses import ActorKind
from storage.journal.journal import SqliteJournal
from storage.write_behind.write_behind import WriteBehind


def measure(
    metrics: Metrics,
    *,
    node: Node,
    hub: Hub,
    journal: SqliteJournal,
    write_behind: WriteBehind,
) -> None:
    """Let the gauges of `metrics` read the parts of a node when they are asked."""
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
    metrics.watch(metrics.journal_bytes, lambda: journal.statistics().bytes)
