"""What the rows of a run add up to, and when it will end."""

import random
from dataclasses import replace
from math import inf

import pytest

from harness.console.sparkline import ASCII_BARS, BARS, sparkline
from harness.console.times import Left, duration, end_words
from harness.progress import LEAST_TURNS, MOST_POINTS, MOST_TURNS, Progress, estimate_end, progress_of
from harness.records import Cost
from tests.harness.factories import make_effects, make_experiment, make_verdict
from tests.harness.shown_runs import invalid, make_baseline

OUTCOMES = ("kept", "discarded", "inconclusive", "invalid")


def made_at_random(seed, count):
    draw = random.Random(seed)
    rows = [make_baseline()]
    for _ in range(count):
        outcome, kind = draw.choice(OUTCOMES), draw.choice(["proposal"] * 4 + ["null"])
        verdict = make_verdict(outcome=outcome, effects=make_effects(dmd=draw.uniform(-0.9, 0.1)))
        cost = Cost(calls=1, dollars=draw.random(), lost_calls=draw.randrange(2), lost_dollars=draw.random())
        rows.append(make_experiment(kind=kind, verdict=verdict, cost=cost, seconds=draw.uniform(0.1, 300)))
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_row_by_row_comes_to_what_a_count_of_all_rows_comes_to(seed):
    rows = made_at_random(seed, 300)
    found, proposals = progress_of(rows), [row for row in rows if row.kind == "proposal"]
    wins = [row for row in proposals if row.verdict.outcome == "kept"]
    for outcome in OUTCOMES:
        assert getattr(found, outcome) == sum(row.verdict.outcome == outcome for row in proposals)
    assert found.done == len(proposals)
    assert found.nulls == sum(row.kind == "null" for row in rows)
    factor = 1.0
    for row in wins:
        factor *= 1 + next(e.change for e in row.verdict.effects if e.metric == "dmd")
    assert found.factors[1] == pytest.approx(factor)
    assert found.best == wins[-1].evidence.confirm[-1].candidate
    assert found.dollars == pytest.approx(sum(row.cost.dollars for row in rows))
    assert len(found.seconds) == MOST_TURNS
    assert len(found.screened) == MOST_POINTS
    assert found.screened[-1][1] == (proposals[-1].verdict.outcome == "kept")


def test_an_unknown_cost_stays_unknown():
    rows = [make_baseline(), make_experiment(cost=Cost(calls=1, dollars=None)), make_experiment()]
    assert progress_of(rows).dollars is None


def timed(*seconds, nulls=0, dollars=0.0):
    rows = [replace(invalid("x"), seconds=s, cost=Cost(calls=1, dollars=dollars)) for s in seconds]
    null = make_experiment(kind="null", seconds=seconds[-1], cost=Cost())
    return progress_of([make_baseline(), *rows, *[null] * nulls])


def test_there_is_no_estimate_before_enough_experiments():
    assert estimate_end(Progress(), 10) is None
    assert estimate_end(timed(*[1.0] * (LEAST_TURNS - 1)), 10) is None
    assert estimate_end(timed(*[1.0] * LEAST_TURNS), 10) is not None
    assert end_words(timed(1.0), Left(10), 0.0) == "no estimate yet"


def test_an_estimate_goes_from_the_median_to_the_mean():
    found = estimate_end(timed(8, 8, 8, 240), 10)
    assert (found.low, found.high, found.of) == (80, 660, 4)
    assert end_words(timed(8, 8, 8, 240), Left(14), 0.0).startswith("in 80 s to 11 min, ")
    assert end_words(timed(8, 8, 8, 8), Left(14), 3.0).startswith("in about 77 s, ")


def test_an_experiment_that_takes_longer_than_all_before_does_not_eat_up_the_others():
    assert end_words(timed(8, 8, 8, 8), Left(14), 1000.0).startswith("in about 72 s, ")
    assert end_words(timed(8, 8, 8, 8), Left(5), 1000.0).startswith("soon ")
    assert end_words(timed(8, 8, 8, 8), Left(4), 0.0) == "now: the budget is used"


def test_null_rows_take_their_time_too():
    assert estimate_end(timed(8, 8, 8, 8, nulls=1), 8).low == 80


def test_hours_and_dollars_end_a_run_too():
    assert estimate_end(timed(60, 60, 60), 1000, hours=0.5).high == 1800
    assert estimate_end(timed(60, 60, 60), 1000, hours=-1.0).high == 0
    assert estimate_end(timed(60, 60, 60, dollars=0.5), 1000, dollars=5.0).high == 600
    assert estimate_end(timed(60, 60, 60, dollars=None), 10, dollars=inf).high == 600


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3599, "1 h 00 min"), (11_100, "3 h 05 min"), (2e5, "2 d 8 h")],
)
def test_a_duration_is_said_as_a_person_says_it(seconds, said):
    assert duration(seconds) == said


def test_a_sparkline_has_a_bar_a_value_from_lowest_to_highest():
    assert sparkline([1, 10, 100, 10], BARS) == "▁▅█▅"
    assert sparkline([5, 5], BARS) == "▁▁"
    assert sparkline([], BARS) == ""
    assert sparkline([0, 1e300], ASCII_BARS) == "_@"
    assert ASCII_BARS.isascii()
