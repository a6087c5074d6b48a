"""The records that flow through the loop: frozen dataclasses that hold data and do no work.

An experiment flows one way: Briefing -> Reply -> Proposal -> Candidate -> Verdict -> Experiment.
Standard library only; every other module may import this one, and this one imports none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Metric = Literal["ard", "dmd", "reuse", "traffic", "accuracy"]
Direction = Literal["lower", "higher", "same"]
Stage = Literal["propose", "edit", "policy", "duplicate", "tests", "screen", "confirm"]
Outcome = Literal["kept", "discarded", "inconclusive", "invalid"]
Win = Literal["ard", "movement", "accuracy"]
EditKind = Literal["replace", "create", "delete"]
Kind = Literal["baseline", "proposal", "null"]

METRICS: tuple[Metric, ...] = ("ard", "dmd", "reuse", "traffic", "accuracy")


@dataclass(frozen=True, slots=True)
class Edit:
    """One search/replace, one new file, or one deletion.

    Attributes:
        kind: `replace` needs `search` to occur exactly once in the file; `create` needs the path to be free.
        path: relative to the repository, with forward slashes.
        search: the text to find, `replace` only.
        text: the replacement, or the new file's whole content.
    """

    kind: EditKind
    path: str
    search: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the proposal expects, written before the evaluation. `size` is a fraction: 0.3 means 30 %; None is open."""

    metric: Metric
    direction: Direction
    size: float | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A hypothesis, its predicted effect, and edits. `title` is a few words; `why` is the proposer's reasoning."""

    title: str
    hypothesis: str
    why: str
    prediction: Prediction
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one proposal cost to ask for, the replies that were of no use included.

    Attributes:
        calls: replies received.
        input_tokens, output_tokens: of all replies; thinking is output.
        dollars: None where the price of the model is unknown.
        cached_tokens: those of `input_tokens` that came from the server's cache.
        lost_calls, lost_dollars: requests whose reply never arrived, and the most they can have been billed.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = 0.0
    cached_tokens: int = 0
    lost_calls: int = 0
    lost_dollars: float | None = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a proposer answered. `proposal` is None when no usable one came after all repair turns: see `error`.

    Attributes:
        model: the model that answered, or the proposer's name; prompt_sha256: hash of the briefing as sent.
        error: why there is no proposal, written for the next briefing; empty otherwise.
        repairs: what the proposer was told to mend before this answer, one text a repair turn.
    """

    proposal: Proposal | None
    proposer: str
    model: str
    prompt_sha256: str
    cost: Cost
    error: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """The numbers of one benchmark on one instance. Counts are cells; see docs/metric.md.

    Attributes:
        solved: validation accuracy reached the task's target within the epoch limit.
        samples: training samples seen until solved, or until the limit.
        test_correct: right answers on the test set; `test_total` of them were asked.
        ard_distance, ard_reads: sum of last-write distances over reads in training steps, and the number of them.
        reads, writes: traffic over init, every step and the check that found the task solved.
        dmd: sum over accesses of the square root of the LRU depth (births cost 1), same span as traffic.
        reuse: sum over reads of the accesses since the cell's last access, same span.
        predict_traffic: reads plus writes of one prediction, the mean over the last request of the last check.
        peak_cells: most cells alive at once.
        predictions_sha256: over the bits of every prediction of every validation check.
        test_bits: hex of a bit string, one bit per test sample, 1 where right. For paired tests.
        seconds: wall-clock, for information only.
    """

    solved: bool
    samples: int
    test_correct: int
    test_total: int
    ard_distance: int
    ard_reads: int
    reads: int
    writes: int
    dmd: float
    reuse: int
    predict_traffic: float
    peak_cells: int
    predictions_sha256: str
    test_bits: str
    seconds: float

    @property
    def ard(self) -> float:
        """Average reuse distance over all training steps, in accesses. A measurement without reads never gets here."""
        return self.ard_distance / self.ard_reads

    @property
    def traffic(self) -> int:
        """Reads plus writes."""
        return self.reads + self.writes

    @property
    def accuracy(self) -> float:
        """Fraction of test samples answered right."""
        return self.test_correct / self.test_total


@dataclass(frozen=True, slots=True)
class Pair:
    """Candidate and incumbent on the same instance, which `seed` (hex) draws again."""

    seed: str
    candidate: Measurement
    incumbent: Measurement


@dataclass(frozen=True, slots=True)
class Lapse:
    """A confirm instance that the incumbent failed on, and why. `index`: from 0, pairs counted too."""

    index: int
    seed: str
    candidate: Measurement
    reason: str


@dataclass(frozen=True, slots=True)
class Effect:
    """The paired effect on one metric, candidate over incumbent: relative `change` (-0.3 is 30 % lower; of accuracy
    the difference), with its confidence interval [low, high] at the gate's level.
    """

    metric: Metric
    before: float
    after: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Slack:
    """How far the incumbent lies above the best seen since the baseline (log ratios), so that losses cannot add up.
    `predict`: one prediction's traffic. `best_accuracy`: a mean over confirm instances, 0 before any. `accuracy`: old.
    """

    dmd: float = 0.0
    reuse: float = 0.0
    traffic: float = 0.0
    accuracy: float = 0.0
    predict: float = 0.0
    best_accuracy: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a candidate, and why in one sentence.

    Attributes:
        stage: the stage that ended it.
        win: which of the three wins, only when kept.
        gain: the gain that a finding may claim, a fraction; only when kept.
        exact: the candidate left the mathematics alone (bit-identical predictions): compared without tolerance.
        looks: how many candidates of this run reached `confirm`, this one included; 0 before that stage.
    """

    outcome: Outcome
    stage: Stage
    reason: str
    win: Win | None = None
    gain: float | None = None
    exact: bool = False
    looks: int = 0
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the interpreter says of the worker's answers: `words` tells how much agrees, or the first difference."""

    agrees: bool
    words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the judge saw: enough to derive the verdict again. `opinion`: None in rows of schema 1."""

    screen: tuple[Pair, ...] = ()
    confirm: tuple[Pair, ...] = ()
    slack: Slack = Slack()
    lapses: tuple[Lapse, ...] = ()
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """One row of the ledger. Field by field in docs/ledger.md.

    Attributes:
        number: 0 is the baseline.
        kind: a proposal, the baseline, or a null row (an experiment that changes nothing).
        parent: commit of the incumbent.
        commit: commit of the candidate: on the branch when kept, else kept alive by refs/experiments/<run>/<number>;
            empty when no tree could be made.
        edits_sha256: over the proposal's edits.
        tree_sha256: over the candidate's normalised sources; what the duplicate stage compares.
        environment: Python, meter (compiled or not), platform and sandbox layers, one line.
        started: UTC, ISO 8601.
        repairs: what the proposer was told to mend before its last answer, one text a repair turn.
        tip: hash of the row before; the first row has 64 zeros.
    """

    run: str
    number: int
    kind: Kind
    title: str
    hypothesis: str
    why: str
    prediction: Prediction | None
    edits: tuple[Edit, ...]
    edits_sha256: str
    tree_sha256: str
    parent: str
    commit: str
    verdict: Verdict
    evidence: Evidence
    proposer: str
    model: str
    prompt_sha256: str
    cost: Cost
    task: str
    task_sha256: str
    harness_sha256: str
    environment: str
    started: str
    seconds: float
    seconds_by_stage: tuple[tuple[str, float], ...]
    schema: int = 2
    tip: str = ""
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Briefing:
    """What a proposer is told: the prompt's stable part (`system`) and changing part, and the same facts as values.

    `sources` are the incumbent's editable files, `incumbent` its measurement on the current screen instance, `number`
    that of the experiment asked for, and `remaining` counts those left in the budget, this one included.
    """

    system: str
    prompt: str
    sources: Mapping[str, str]
    incumbent: Measurement
    experiments: Sequence[Experiment]
    number: int
    remaining: int
