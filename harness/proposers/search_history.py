"""What the ledger teaches the search: configurations that were tried, and the values of those that were
measured.

Promises: a pure function of the briefing. Lower values are better; they are logarithms, so that TPE sees
ratios.
Does not cover: noise. Experiments ran on different instances, and a value is the mean over each one's own.
"""

from dataclasses import dataclass
from math import log

from harness.proposers.champion_block import PATH, Configuration, read_block
from harness.records import Briefing, Edit, Experiment, Measurement

# An unsolved candidate paid for the whole epoch limit and has nothing: ten times the worst that solved the
# task.
PENALTY = log(10)


@dataclass(frozen=True, slots=True)
class Trial:
    """A measured configuration; `value` is the log of its mean DMD, plus the penalty when it left an instance
    unsolved.
    """

    configuration: Configuration
    value: float


@dataclass(frozen=True, slots=True)
class Tried:
    """Measured trials, oldest first, and all that must not be proposed again, the incumbent included."""

    trials: tuple[Trial, ...]
    configurations: frozenset[Configuration]


@dataclass(frozen=True, slots=True)
class _Run:
    configuration: Configuration
    measurements: tuple[Measurement, ...]


def read_tried(briefing: Briefing, current: Configuration) -> Tried:
    """Rebuild the search's memory from the ledger.

    Invalid experiments were never measured: no evidence either way, so they are no trials (telling a number
    would be a lie to TPE), but their configurations are remembered, because asking again would fail again.
    """
    runs = [_read_baseline(briefing, current), *map(_read_experiment, briefing.experiments)]
    known = [run for run in runs if run is not None]
    worst = max((_mean_log(run) for run in known if run.measurements), default=0.0)
    trials = tuple(Trial(run.configuration, _value(run, worst)) for run in known if run.measurements)
    return Tried(trials, frozenset([current, *(run.configuration for run in known)]))


def _value(run: _Run, worst: float) -> float:
    solved = all(measurement.solved for measurement in run.measurements)
    return _mean_log(run) if solved else worst + PENALTY


def _mean_log(run: _Run) -> float:
    mean = sum(measurement.dmd for measurement in run.measurements) / len(run.measurements)
    return log(max(mean, 1.0))


def _read_experiment(row: Experiment) -> _Run | None:
    edit = _champion_edit(row)
    configuration = read_block(edit.text) if edit else None
    if configuration is None:
        return None
    return _Run(configuration, () if row.verdict.outcome == "invalid" else _measurements(row))


def _champion_edit(row: Experiment) -> Edit | None:
    """The one edit of a proposal that changed champion.py and nothing else."""
    if row.kind != "proposal" or len(row.edits) != 1 or row.edits[0].path != PATH:
        return None
    return row.edits[0]


def _read_baseline(briefing: Briefing, current: Configuration) -> _Run | None:
    """The baseline has no edits: its configuration is what the first kept experiment replaced, or else what
    stands now.
    """
    configuration: Configuration | None = current
    for row in briefing.experiments:
        if row.verdict.outcome == "kept" and row.kind == "proposal":
            edit = _champion_edit(row)
            configuration = read_block(edit.search) if edit else None
            break
    measurements = [m for row in briefing.experiments if row.kind == "baseline" for m in _measurements(row)]
    if configuration == current and not measurements:
        measurements = [briefing.incumbent]
    return _Run(configuration, tuple(measurements)) if configuration else None


def _measurements(row: Experiment) -> tuple[Measurement, ...]:
    return tuple(pair.candidate for pair in (*row.evidence.screen, *row.evidence.confirm))
