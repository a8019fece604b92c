"""What a node measures, in a Prometheus registry of its own, so that two nodes share no counter.

Labels are bounded: an operation is a row of the operation table, never a path. Figures that exist
anyway (depths, lags, counts) are read when somebody looks, from the functions given to `watch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_REQUEST_S: Final = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 5,
)  # fmt: skip
_COMMIT_S: Final = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5)
_STOP_S: Final = (0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_ACKNOWLEDGE_S: Final = (5, 10, 15, 30, 60, 90, 120, 180, 300, 600, 1200)


class Total(Collector):
    """A counter whose value somebody else keeps; 0 until it is watched."""

    def __init__(self, name: str, documentation: str, *, registry: CollectorRegistry) -> None:
        self._name = name
        self._documentation = documentation
        self._read: Callable[[], float] = lambda: 0.0
        registry.register(self)

    def set_function(self, read: Callable[[], float]) -> None:
        """Read it from there."""
        self._read = read

    def collect(self) -> Iterator[CounterMetricFamily]:
        """What the registry asks at each look."""
        yield CounterMetricFamily(self._name, self._documentation, value=self._read())


class Metrics:
    """All metrics of one node; each attribute is one, and its help text says what it means."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        total = partial(Total, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        # What takes time
        self.requests = histogram(
            "lastlight_request_seconds",
            "From a request's last byte to its answer's first, by operation and status",
            ("operation", "status"),
            buckets=_REQUEST_S,
        )
        self.journal_commits = histogram(
            "lastlight_journal_commit_seconds", "One group commit with its fsync", buckets=_COMMIT_S
        )
        self.sos_acknowledged = histogram(
            "lastlight_sos_acknowledge_seconds",
            "From an SOS to the first acknowledgement",
            buckets=_ACKNOWLEDGE_S,
        )
        self.loop_stops = histogram(
            "lastlight_loop_stop_seconds", "The loop standing still for too long", buckets=_STOP_S
        )
        # What happens
        self.events = counter("lastlight_events", "Events to connections, by kind", ("kind",))
        self.malformed_events = counter(
            "lastlight_malformed_events", "Events that were not as declared: bugs"
        )
        self.webhooks = counter(
            "lastlight_webhooks",
            "Events sent in the payment provider's name, by what became of them",
            ("result",),
        )
        self.jobs = counter(
            "lastlight_jobs", "Runs of jobs, by what became of them", ("job", "result")
        )
        self.effects_given_up = total(
            "lastlight_effects_given_up", "Calls to the outside that will not be done"
        )
        self.deliveries = counter(
            "lastlight_deliveries",
            "Tries to reach somebody outside the apps, by way and what became of them",
            ("way", "status"),
        )
        self.journal_entries = total("lastlight_journal_entries", "Entries made durable, ever")
        self.flushed_entries = total("lastlight_flushed_entries", "Entries in PostgreSQL, ever")
        self.slow_clients = total("lastlight_slow_clients", "Connections that did not read")
        self.slowed_commands = total("lastlight_slowed_commands", "Commands held for the flush")
        self.behind_refusals = total("lastlight_behind_refusals", "Commands refused for it")
        self.expired_commands = total("lastlight_expired_commands", "Commands never begun")
        self.dead_letters = total("lastlight_dead_letters", "Messages that failed: bugs")
        self.refused_rows = total("lastlight_refused_rows", "Rows PostgreSQL refused: bugs")
        self.resets = total("lastlight_node_resets", "New beginnings after a failed commit")
        # What is so now
        self.actors = gauge("lastlight_actors", "Resident actors, by kind", ("kind",))
        self.sockets = gauge("lastlight_sockets", "Open realtime connections")
        self.mailbox_messages = gauge("lastlight_mailbox_messages", "Waiting in all mailboxes")
        self.mailbox_messages_max = gauge(
            "lastlight_mailbox_messages_max", "Waiting in the fullest mailbox"
        )
        self.gate_outputs = gauge("lastlight_gate_outputs", "Outputs waiting for the disk")
        self.effects_waiting = gauge(
            "lastlight_effects_waiting", "Calls to the outside that are not done"
        )
        self.flush_lag_s = gauge(
            "lastlight_flush_lag_seconds", "Age of the oldest durable entry not in PostgreSQL"
        )
        self.journal_bytes = gauge("lastlight_journal_bytes", "The journal's size on disk")
        self.passwords_waiting = gauge("lastlight_passwords_waiting", "Sign-ins in line for bcrypt")

    # What is counted most often; to look it up by its labels costs three times what counting does.

    @cached_property
    def _answers(self) -> dict[tuple[str, int], Histogram]:
        return {}

    @cached_property
    def _kinds(self) -> dict[str, Counter]:
        return {}

    def observe_request(self, *, operation: str, status: int, elapsed_s: float) -> None:
        """Count one answered request.

        `operation` is the command's name; requests that match no row share the name `none`.
        """
        series = self._answers.get((operation, status))
        if series is None:
            series = self.requests.labels(operation, str(status))
            self._answers[operation, status] = series
        series.observe(elapsed_s)

    def count_event(self, kind: str) -> None:
        """Count one event to connections: `durable`, `ephemeral` or `urgent`."""
        series = self._kinds.get(kind)
        if series is None:
            series = self._kinds[kind] = self.events.labels(kind)
        series.inc()

    def count_webhook(self, result: str) -> None:
        """Count one event of the payment provider: `taken`, or the code that refused it."""
        self.webhooks.labels(result).inc()

    def count_job(self, kind: str, result: str) -> None:
        """Count one run of a job: `ok` or `failed`."""
        self.jobs.labels(kind, result).inc()

    def count_delivery(self, way: str, status: str) -> None:
        """Count one try to reach somebody, as its note has it."""
        self.deliveries.labels(way, status).inc()

    @staticmethod
    def watch(figure: Gauge | Total, read: Callable[[], float]) -> None:
        """Let `figure` be read from `read`, which must neither wait nor fail, at each look."""
        figure.set_function(read)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format; its type is CONTENT_TYPE."""
        return generate_latest(self.registry)
