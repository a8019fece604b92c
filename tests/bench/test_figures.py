"""Goals, spreads, histograms and tables: what a reader is told follows from what was measured."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bench.asking import histogram
from bench.figures import Result, Row, at_least, at_most, ratios, readable, spread
from bench.questions.loop_stops import longest_ms
from bench.questions.sockets import rows_of, with_goals
from bench.report import BEGIN, END, publish, save, save_all, summary_of, table_of
from bench.running import run
from bench.scale import Scale
from bench.suite import Question, Suite

RESULT = Result(
    question="purchase",
    asks="How many?",
    rows=(
        Row(what="against one", figure=9.99, unit="times", goal=at_least(10, "times")),
        Row(what="p99", figure=25, unit="ms", goal=at_most(25, "ms")),
        spread("rate", [3_000, 1_000, 2_000], "per second"),
    ),
    notes=("clients used 0.1 of a core",),
)


def test_a_goal_that_is_just_missed_is_missed() -> None:
    """Figures are rounded where they are shown, never before they are judged."""
    assert [row.met for row in RESULT.rows] == [False, True, None]


def test_the_table_says_goal_figure_and_whether_it_was_met() -> None:
    """It is all that most people will read."""
    lines = table_of([RESULT]).splitlines()
    assert lines[2] == "| `purchase` | against one | 10 times or more | 9.99 times | **not met** |"
    assert lines[3] == "|  | p99 | 25 ms or less | 25.0 ms | met |"
    assert lines[4] == "|  | rate |  | 2,000 (1,000 to 3,000) per second |  |"
    assert summary_of([RESULT]).startswith("1 of 2 goals met. Not met: purchase: against one")


def test_ratios_are_of_pairs_and_not_of_medians() -> None:
    """A slow minute is in both of a round's figures; across rounds it would look like a lead."""
    row = ratios("against one", [100, 50, 200], [10, 5, 20])
    assert (row.figure, row.low, row.high) == (10, 10, 10)
    with pytest.raises(ValueError, match="shorter"):
        ratios("against one", [1, 2], [1])


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (12_345.6, "12,346"), (12.34, "12.3"), (1.234, "1.23")]
)
def test_figures_have_as_many_digits_as_mean_something(value: float, text: str) -> None:
    """A rate with six decimals claims a precision that no run has."""
    assert readable(value) == text


def test_the_histogram_keeps_percentiles_within_a_thousandth() -> None:
    """It is what all latencies go through; a coarse one would hide a p99 that misses its goal."""
    took = histogram()
    for us in range(1, 10_001):
        took.record_value(us * 10)
    for percentile, us in ((50, 50_000), (99, 99_000), (100, 100_000)):
        assert took.get_value_at_percentile(percentile) == pytest.approx(us, rel=0.002)


def test_results_are_kept_as_json_with_their_goals(tmp_path: Path) -> None:
    """Other programs compare runs by it."""
    save(RESULT, tmp_path)
    told = json.loads((tmp_path / "purchase.json").read_text())
    assert told["rows"][0]["met"] is False
    assert told["rows"][0]["goal"] == {"sense": "or more", "bound": 10, "unit": "times"}
    path = save_all([RESULT], tmp_path)
    assert "clients used 0.1 of a core" in path.read_text()


def test_the_last_figures_are_put_between_the_marks_and_nowhere_else(tmp_path: Path) -> None:
    """What people wrote around them stays, and a second run takes the place of the first."""
    readme = tmp_path / "README.md"
    readme.write_text(f"Before\n{BEGIN}\nold\n{END}\nAfter\n")
    for _ in range(2):
        publish([RESULT], readme, date(2026, 11, 22))
    text = readme.read_text()
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    assert "old" not in text
    assert text.count("| `purchase` |") == 1
    (tmp_path / "bare.md").write_text("nothing")
    with pytest.raises(ValueError, match="no marks"):
        publish([RESULT], tmp_path / "bare.md", date(2026, 11, 22))


def test_figures_of_sockets_become_rows() -> None:
    """They come as text with a range, or as several percentiles in one."""
    rows = rows_of({"storm, ratio": "1.50 (1.20 to 1.90)", "press, p50 / p99 ms": "3.0 / 9.5"})
    assert [(row.what, row.figure, row.high) for row in rows] == [
        ("storm, ratio", 1.5, 1.9),
        ("press, p50", 3.0, None),
        ("press, p99 ms", 9.5, None),
    ]


def test_the_longest_stop_is_of_this_load_alone() -> None:
    """The start of a node has stops of its own, which are in the same counters."""
    before = {0.05: 0, 0.1: 2, 0.5: 1}
    assert longest_ms(before, {0.05: 0, 0.1: 3, 0.5: 1}) == 100
    assert longest_ms(before, before) == 50


def test_no_question_is_begun_that_would_end_too_late() -> None:
    """A run is bounded, whatever the machine; what was left out is said."""
    now = 0.0

    def answer(suite: Suite) -> Result:
        nonlocal now
        now += 60
        return RESULT

    questions = [Question(name=name, asks="", answer=answer, seconds=60) for name in "abc"]
    suite = Suite(Scale(), list)
    came = run(questions, suite, within_s=150, clock=lambda: now)
    assert (len(came.results), came.left_out, came.failed) == (2, ["c"], False)


def test_a_question_that_fails_leaves_the_others_their_figures() -> None:
    """A quarter of an hour is too long to lose to one client that could not connect."""

    def fail(suite: Suite) -> Result:
        raise TimeoutError("nothing answers")

    kept: list[Result] = []
    questions = [
        Question(name="a", asks="", answer=fail, seconds=1),
        Question(name="b", asks="", answer=lambda _suite: RESULT, seconds=1),
    ]
    came = run(questions, Suite(Scale(), list), within_s=60, keep=kept.append)
    assert came.failures == ["a: nothing answers"]
    assert len(kept) == len(came.results) == 1


def test_a_smoke_run_is_smaller_in_everything() -> None:
    """It is for finding out in a minute whether the suite works."""
    small = Scale().smaller(20)
    assert small.sustained_s < Scale().sustained_s
    assert small.patrons < Scale().patrons
    assert small.accounts == (100, 500, 5_000)
    with pytest.raises(ValueError, match="smaller"):
        Scale().smaller(0.5)


def test_figures_of_connections_are_held_against_goals_by_their_names() -> None:
    """A goal that no figure answers to would be met by silence."""
    rows = rows_of({"2000 sockets, s, Last Light": "3.2 (3.1 to 3.3)", "sockets": 2000})
    held = with_goals(rows, {"s, Last Light": at_most(3, "s")})
    assert [row.met for row in held] == [False, None]
    with pytest.raises(AssertionError, match="no figure is named"):
        with_goals(rows, {"s, Last Lihgt": at_most(3, "s")})
