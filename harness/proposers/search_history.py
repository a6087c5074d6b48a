"""What the ledger teaches the search: configurations that were tried, and the values of those that were
measured.

Promises: a pure function of the ledger's rows, kept in step with them. Lower values are better; they are logarithms, so
that TPE sees ratios.
Does not cover: noise. Experiments ran on different instances, and a value is the mean over each one's own.
"""

from dataclasses import dataclass, field
from math import log

from harness.proposers.champion_block import PATH, Configuration, Value, read_block
from harness.records import Briefing, Edit, Experiment, Measurement
from harness.totals import Table, is_kept, total

# An unsolved candidate paid for the whole epoch limit and has nothing: ten times the worst that solved the
# task.
PENALTY = log(10)
# TPE takes time and memory in proportion to what it is told. Beyond so many trials it is told the best quarter and the
# newest quarter of that many, and all that is measured until they are as many again.
MOST_TRIALS = 1_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A measured configuration; `value` is the log of its mean DMD, plus the penalty when it left an instance
    unsolved.
    """

    configuration: Configuration
    value: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A configuration, the log of its mean DMD, and whether it solved every instance."""

    configuration: Configuration
    level: float
    solved: bool


@dataclass(frozen=True, slots=True)
class Level:
    """As `Measured`, of a configuration that is not known: the baseline's row has no edits."""

    level: float
    solved: bool


@dataclass(slots=True)
class Searched:
    """The ledger as the search remembers it.

    Attributes:
        baseline: what experiment 0 measured.
        replaced: what the first kept proposal replaced, so the baseline's configuration; `is_replaced`: there was one.
        known: every configuration that a row named, measured or not.
        trials: the measured ones, oldest first: all of them, and from `MOST_TRIALS` on the best and the newest.
        worst: the highest level measured.
    """

    baseline: Level | None = None
    replaced: Configuration | None = None
    is_replaced: bool = False
    known: Table = field(default_factory=Table)
    trials: list[Measured] = field(default_factory=list)
    worst: float | None = None

    def add(self, row: Experiment) -> None:
        """Remember what the row tried, and what it measured."""
        if row.kind == "baseline" and self.baseline is None and (measured := _measurements(row)):
            self.baseline = Level(_mean_log(measured), all(each.solved for each in measured))
        edit = _champion_edit(row)
        if not self.is_replaced and is_kept(row):
            self.replaced, self.is_replaced = read_block(edit.search) if edit else None, True
        configuration = read_block(edit.text) if edit else None
        if configuration is None:
            return
        self.known.put(_words(configuration), row.number)
        # Invalid experiments were never measured: no evidence either way, so they are no trials (telling a number
        # would be a lie to TPE), but their configurations are remembered, because asking again would fail again.
        if row.verdict.outcome != "invalid" and (measured := _measurements(row)):
            self._measure(configuration, measured)

    def _measure(self, configuration: Configuration, measured: tuple[Measurement, ...]) -> None:
        level = _mean_log(measured)
        self.worst = level if self.worst is None else max(self.worst, level)
        self.trials.append(Measured(configuration, level, all(each.solved for each in measured)))
        if len(self.trials) >= MOST_TRIALS:
            older, newer = self.trials[: -MOST_TRIALS // 4], self.trials[-MOST_TRIALS // 4 :]
            ordered = sorted(range(len(older)), key=lambda at: (not older[at].solved, older[at].level))
            self.trials = [*(older[at] for at in sorted(ordered[: MOST_TRIALS // 4])), *newer]


@dataclass(frozen=True, slots=True)
class Tried:
    """Measured trials, oldest first, and all that must not be proposed again, the incumbent included."""

    trials: tuple[Trial, ...]
    current: Configuration
    baseline: Configuration | None
    known: Table

    def has(self, configuration: Configuration) -> bool:
        """Whether it was tried, or stands now."""
        return configuration in (self.current, self.baseline) or self.known.find(_words(configuration)) is not None


def read_tried(briefing: Briefing, current: Configuration) -> Tried:
    """The search's memory of the ledger. The baseline's configuration is what the first kept experiment replaced, or
    else what stands now.
    """
    searched = total(briefing.experiments, Searched)
    configuration = searched.replaced if searched.is_replaced else current
    first = searched.baseline
    if first is None and configuration == current:
        first = Level(_mean_log((briefing.incumbent,)), briefing.incumbent.solved)
    known = [] if configuration is None or first is None else [Measured(configuration, first.level, first.solved)]
    known += searched.trials
    levels = [*(trial.level for trial in known), *([] if searched.worst is None else [searched.worst])]
    worst = max(levels, default=0.0)
    trials = (Trial(each.configuration, each.level if each.solved else worst + PENALTY) for each in known)
    return Tried(tuple(trials), current, configuration, searched.known)


def _words(configuration: Configuration) -> str:
    """Equal configurations have equal words: 1 and 1.0 too."""
    values = ((name, _word(value)) for name, value in configuration.hyperparameters)
    return repr((configuration.method, *values))


def _word(value: Value) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return hex(value) if isinstance(value, int) else repr(value)  # decimal digits have a limit, which a row may pass


def _mean_log(measured: tuple[Measurement, ...]) -> float:
    return log(max(sum(each.dmd for each in measured) / len(measured), 1.0))


def _champion_edit(row: Experiment) -> Edit | None:
    """The one edit of a proposal that changed champion.py and nothing else."""
    if row.kind != "proposal" or len(row.edits) != 1 or row.edits[0].path != PATH:
        return None
    return row.edits[0]


def _measurements(row: Experiment) -> tuple[Measurement, ...]:
    return tuple(pair.candidate for pair in (*row.evidence.screen, *row.evidence.confirm))
