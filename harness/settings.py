"""What a task demands and what its gate allows: frozen settings with units, read from tasks/*.yaml by `task`.

Does not cover: a run's settings, which belong to `run`.
"""

from dataclasses import dataclass

from harness.records import Win


@dataclass(frozen=True, slots=True)
class GateRules:
    """The thresholds of the gate; their reasons stand beside them in tasks/*.yaml and in docs/gate.md.

    Attributes:
        wins: which of the three wins are on.
        min_gain: smallest gain that counts, a fraction.
        exact_gain: the same where predictions are bit-identical and costs hardly spread: nothing is left to noise.
        exact_spread: what "hardly" is: standard deviation of the log ratios, as a fraction of their mean.
        alpha: chance, over a whole run, that a candidate without a gain is kept.
        guard_level: chance that one guard of "no worse" passes what is worse by its whole tolerance.
        first_look: confirm instances before a candidate may be given up.
        max_instances: confirm instances of every candidate that is kept; all of them must be solved.
        screen_margin: DMD above the incumbent's by this fraction on the screen instance is a clear loss.
        accuracy_tolerance: test accuracy that may be lost, from the best seen, in points (0.005 is half a point).
        traffic_tolerance: traffic that may be gained in an ARD win, from the best seen, a fraction.
        predict_tolerance: how much more one prediction may move, from the best seen, a fraction.
        null_every: one null row after this many proposals; 0 for none.
    """

    wins: tuple[Win, ...]
    min_gain: float
    exact_gain: float
    exact_spread: float
    alpha: float
    guard_level: float
    first_look: int
    max_instances: int
    screen_margin: float
    accuracy_tolerance: float
    traffic_tolerance: float
    predict_tolerance: float
    null_every: int


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark task, from tasks/<name>.yaml.

    Attributes:
        n_bits, k_sparse: inputs, and how many of them make the parity.
        n_train, n_validation, n_test: samples of one instance.
        target: validation accuracy at which the instance is solved.
        check_every: training samples between two validation checks.
        max_epochs: passes over the training samples at most.
        min_reads: fewer reads than this over a whole measurement is invalid: no answer can be had from less.
        time_limit_s, memory_mb: of one measurement, in the child.
        tests_time_limit_s: of the tests stage.
    """

    name: str
    n_bits: int
    k_sparse: int
    n_train: int
    n_validation: int
    n_test: int
    target: float
    check_every: int
    max_epochs: int
    min_reads: int
    time_limit_s: float
    memory_mb: int
    tests_time_limit_s: float
    rules: GateRules
