"""A server that answers wrongly or loses a write makes the run fail, not win."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import attrs
import pytest

import bench.peers
from bench import contest, load
from bench.asking import Asking
from bench.audit import Dishonest
from bench.contest import Contest, Party, open_contest
from bench.figures import Result, Row
from bench.load import Told, at_a_rate, everybody
from bench.plans import Plan
from bench.questions.recovery import demand_all
from bench.running import run
from bench.scale import Scale
from bench.suite import Question, Suite
from bench.town import Town
from tests.bench.liars import TinyPeer

pytestmark = pytest.mark.usefixtures("client_in_this_process")
SMALL = Scale(venues=2, patrons=40, buyers=12)
PEERS = Path(bench.peers.__file__).parent


@pytest.fixture
def client_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client that the suite runs, without a process to start: the server has threads."""
    monkeypatch.setattr(load, "run_client", lambda order: Asking(**order).run())


@contextmanager
def a_party(*bad: str) -> Iterator[Party]:
    """A contest of one."""
    with open_contest([TinyPeer(frozenset(bad))], SMALL) as alone:
        yield alone.ours


def buy(party: Party) -> Told:
    """One purchase by each of those who are in, audited."""
    before = party.auditor.before()
    told = everybody(party.peer.base_url, party.purchase_plan())
    party.auditor.after(before, told)
    return told


def test_an_honest_server_passes_every_check() -> None:
    """Else the checks would find fault with everybody, and their verdict would mean nothing."""
    with a_party() as party:
        told = buy(party)
    assert (told.good, told.bad, told.good_writes) == (12, 0, 12)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("twice", "a key that came again"),
        ("door", "a forged token"),
        ("stranger", "a stranger's look"),
        ("shape", "a member is not what it must be|list index"),
        ("price", "another price|wallets fell"),
        ("books", "the books lack"),
        ("unbalanced", "not balanced"),
    ],
)
def test_a_server_that_is_always_wrong_never_comes_under_load(bad: str, complaint: str) -> None:
    """A wrong answer may be quick; what is not the same job is not measured."""
    with pytest.raises((Dishonest, ValueError, IndexError), match=complaint), a_party(bad):
        pass


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("loses", "were told that it is done"),
        ("double", "asked for|double"),
        ("same", "the same id"),
    ],
)
def test_a_server_that_is_wrong_under_load_is_caught_after_it(bad: str, complaint: str) -> None:
    """A write that is answered and lost is the cheapest of all; it is found by counting rows."""
    with pytest.raises(Dishonest, match=complaint), a_party(bad) as party:
        buy(party)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ("", None),
        ("loses", "were told that it is done"),
        ("double", "asked for"),
        ("same", "the same id"),
        ("wallets", "wallets fell by what was not spent"),
    ],
)
def test_a_sustained_load_is_held_to_as_much_as_a_burst(
    bad: str, complaint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was counted only from below: a server could write twice, or take what was not spent."""

    def chunk(url: str, plan: Plan, *, seconds: float) -> Told:
        return attrs.evolve(everybody(url, plan), seconds=seconds)

    monkeypatch.setattr(contest, "closed", chunk)
    scale = attrs.evolve(SMALL, patrons=300, sustained_s=4, chunk_s=2)
    peer = TinyPeer(frozenset({bad}))
    caught = nullcontext() if complaint is None else pytest.raises(Dishonest, match=complaint)
    with caught, open_contest([peer], scale) as all_of_them:
        all_of_them.ours.rates["check_in"] = 2
        assert all_of_them.ours.sustained()[0] > 0


def test_a_recovery_that_left_entries_behind_has_no_figures() -> None:
    """Ready is what a node says of itself; its rows are counted."""
    demand_all(1_000, 1_000)
    for recovered in (0, 999, 1_001):
        with pytest.raises(Dishonest, match="of 1,000 entries"):
            demand_all(recovered, 1_000)


def test_no_peer_sets_for_its_sessions_what_nobody_else_can_see() -> None:
    """A session that commits without waiting for the disk looks like any other from outside."""
    said = [
        path
        for path in PEERS.rglob("*")
        if path.suffix in {".mjs", ".py", ".sql"} and "node_modules" not in path.parts
        if re.search("synchronous_commit", path.read_text())
    ]
    assert len(list(PEERS.rglob("*.sql"))) > 5
    assert said == []


def test_errors_under_load_are_not_counted_as_speed() -> None:
    """A server that refuses everything at once would be the fastest of all."""
    with a_party("errors") as party:
        before = party.auditor.before()
        told = at_a_rate(
            party.peer.base_url, party.purchase_plan(), rate=200, seconds=0.2, connections=4
        )
        with pytest.raises(Dishonest, match="answers were bad"):
            party.auditor.after(before, told)
    assert told.bad > 0
    assert told.good + told.bad == told.sent


def test_a_liar_ends_the_run_with_an_error_and_without_figures() -> None:
    """What a script sees of it is the exit status: a table without a row is easily overlooked."""

    def rush(suite: Suite) -> Result:
        buy(suite.contest().ours)
        return Result(question="rush", asks="", rows=(Row(what="rate", figure=9e9),))

    def calm(suite: Suite) -> Result:
        return Result(question="calm", asks="", rows=(Row(what="weight", figure=1),))

    liar = Suite(SMALL, lambda: [TinyPeer(frozenset({"loses"}))])
    questions = [
        Question(name="rush", asks="", answer=rush, with_peers=True, seconds=1),
        Question(name="again", asks="", answer=rush, with_peers=True, seconds=1),
        Question(name="calm", asks="", answer=calm, seconds=1),
    ]
    came = run(questions, liar, within_s=60)
    assert came.failed
    assert [result.question for result in came.results] == ["calm"]
    assert came.left_out == ["again"]


def test_the_town_gives_nobody_away_twice(tmp_path: Path) -> None:
    """A patron who came in twice would be refused, and the server blamed for it."""
    peer = TinyPeer()
    town = Town(venues=1, patrons=10)
    party = Party(peer, town, SMALL)
    taken = [*party.take(4), *party.take(4), *party.take(4)]
    assert taken == list(range(1, 11))
    with pytest.raises(RuntimeError, match="all 10 patrons"):
        party.take(1)


def test_a_question_that_needs_an_empty_floor_has_servers_of_its_own() -> None:
    """Visits that an earlier question began go on, and their time is metered meanwhile."""
    made: list[TinyPeer] = []

    def servers() -> list[TinyPeer]:
        made.append(TinyPeer())
        return made[-1:]

    def look(suite: Suite) -> Result:
        peer = suite.contest().ours.peer
        which = [one is peer for one in made].index(True)
        return Result(question="look", asks="", rows=(Row(what="n", figure=which),))

    def asked(*, anew: bool) -> Question:
        return Question(name="look", asks="", answer=look, with_peers=True, anew=anew, seconds=1)

    came = run(
        [asked(anew=anew) for anew in (False, False, True)], Suite(SMALL, servers), within_s=9
    )
    assert [result.rows[0].figure for result in came.results] == [0, 0, 1]


def test_parties_take_turns() -> None:
    """A machine that slows down during a run slows all of them down."""
    asked: list[str] = []

    def nothing(party: Party) -> Told:
        asked.append(party.name)
        return Told(
            sent=0, sent_writes=0, seconds=1, broken=0, statuses={}, curve=[], samples=[], cpu=0
        )

    parties = [Party(TinyPeer(name=name), Town(), SMALL) for name in ("A", "B")]
    told = Contest(parties).turns(2, nothing)
    assert asked == ["A", "B", "A", "B"]
    assert [len(rounds) for rounds in told.values()] == [2, 2]
