"""Predictions against outcomes: what came true, what did not, and what counts neither way."""

from dataclasses import replace

import pytest

from harness.predictions import Score, fate, score, sentence
from harness.records import Effect, Prediction, Verdict
from tests.harness.briefings import make_baseline, make_row


def row(prediction, change, low=None, high=None, stage="confirm", metric="dmd"):
    """A measured row: the effect on one metric, with its interval."""
    low = change - 0.01 if low is None else low
    high = change + 0.01 if high is None else high
    effect = Effect(metric, 1.0, 1.0 + change, change, low, high)
    return make_row(1, prediction=prediction, verdict=Verdict("discarded", stage, "x", effects=(effect,)))


LOWER, HIGHER, SAME = (Prediction("dmd", direction) for direction in ("lower", "higher", "same"))


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (row(LOWER, -0.3), "true"),
        (row(LOWER, 0.3), "false"),
        (row(HIGHER, 0.3), "true"),
        (row(HIGHER, -0.3), "false"),
        (row(LOWER, -0.005), "undecided"),
        (row(LOWER, 0.0, 0.0, 0.0), "false"),
        (row(SAME, -0.005), "true"),
        (row(SAME, -0.3), "false"),
        (row(LOWER, 0.9, -1.0, 1e9, stage="screen"), "false"),
        (row(LOWER, -0.3, metric="ard"), "unmeasured"),
        (make_row(1, prediction=LOWER, verdict=Verdict("invalid", "tests", "x")), "unmeasured"),
    ],
)
def test_a_prediction_is_compared_with_the_measured_effect_alone(measured, expected):
    assert fate(measured) == expected


@pytest.mark.parametrize(("size", "right"), [(0.3, 1), (0.16, 1), (0.59, 1), (0.14, 0), (0.61, 0)])
def test_a_size_is_right_within_a_factor_of_two(size, right):
    assert score([row(replace(LOWER, size=size), -0.3)]).size_right == right


def test_the_score_counts_every_prediction_once_and_the_baseline_not_at_all():
    rows = [make_baseline(), row(replace(LOWER, size=0.3), -0.3), row(LOWER, 0.3), row(LOWER, -0.005)]
    rows += [make_row(4, prediction=LOWER), make_row(5, prediction=None)]
    counted = score(rows)
    assert counted == Score(true=1, false=1, undecided=1, unmeasured=1, sized=1, size_right=1)
    assert sentence(counted) == (
        "1 of 2 came true, 1 of 1 sizes right within a factor of 2, 1 inside the noise, 1 not measured"
    )


def test_no_prediction_has_no_sentence():
    assert sentence(score([make_baseline()])) == ""
