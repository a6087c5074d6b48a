"""How often predictions came true: a pure function over the rows of a ledger.

Promises: a prediction was written before the evaluation and is compared with the recorded effect alone; what was not
measured, and what lies inside the noise, counts neither way. Does not cover: why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records import Effect, Experiment, Prediction
from harness.totals import total

Fate = Literal["true", "false", "undecided", "unmeasured"]

# A predicted size is right when the measured one is between half and twice as large.
SIZE_FACTOR = 2.0


@dataclass(slots=True)
class Score:
    """Counts over all predictions of a ledger.

    Attributes:
        true, false: the metric went the way that was predicted, or not.
        undecided: the change is inside the noise.
        unmeasured: the experiment never came to a measurement of that metric.
        sized: predictions that came true and gave a size; `size_right` of them were right within a factor of two.
    """

    true: int = 0
    false: int = 0
    undecided: int = 0
    unmeasured: int = 0
    sized: int = 0
    size_right: int = 0

    def add(self, row: Experiment) -> None:
        """Count what became of the row's prediction, if it has one."""
        if row.prediction is None:
            return
        came = fate(row)
        setattr(self, came, getattr(self, came) + 1)
        is_right = _size_is_right(row) if came == "true" else None
        self.sized += is_right is not None
        self.size_right += is_right is True

    @property
    def decided(self) -> int:
        """Predictions that were put to the test."""
        return self.true + self.false


def fate(row: Experiment) -> Fate:
    """What became of the row's prediction. The row must have one."""
    assert row.prediction is not None
    effect = _effect(row)
    if effect is None:
        return "unmeasured"
    # On one instance there is no interval; the screen ends only what is clear there, so its sign decides.
    is_inside = effect.low <= 0 <= effect.high and row.verdict.stage != "screen"
    if row.prediction.direction == "same":
        return "true" if is_inside or effect.change == 0 else "false"
    if is_inside and effect.low != effect.high:
        return "undecided"
    sign = 1 if row.prediction.direction == "higher" else -1
    return "true" if effect.change * sign > 0 else "false"


def score(rows: Sequence[Experiment]) -> Score:
    """The fates of all predictions in the rows, counted."""
    return total(rows, Score)


def sentence(counted: Score) -> str:
    """The score in one line; empty where nothing was predicted."""
    if counted.decided + counted.undecided + counted.unmeasured == 0:
        return ""
    parts = [f"{counted.true} of {counted.decided} came true"]
    if counted.sized:
        parts.append(f"{counted.size_right} of {counted.sized} sizes right within a factor of {SIZE_FACTOR:g}")
    if counted.undecided:
        parts.append(f"{counted.undecided} inside the noise")
    if counted.unmeasured:
        parts.append(f"{counted.unmeasured} not measured")
    return ", ".join(parts)


def _effect(row: Experiment) -> Effect | None:
    wanted: Prediction | None = row.prediction
    return next((each for each in row.verdict.effects if wanted and each.metric == wanted.metric), None)


def _size_is_right(row: Experiment) -> bool | None:
    """None where no size was predicted, or nothing was: no change has no size."""
    effect, prediction = _effect(row), row.prediction
    if prediction is None or not prediction.size or effect is None or prediction.direction == "same":
        return None
    return 1 / SIZE_FACTOR <= abs(effect.change) / abs(prediction.size) <= SIZE_FACTOR
