"""The search without a model: Optuna's TPE over prompts/search_space.yaml, by ask and tell.

Promises: stateless, so a killed run goes on where it was: the study is rebuilt from the ledger on every call,
and the same ledger with the same seed gives the same proposal. A configuration that the ledger or the
incumbent already has is never proposed. Each suggestion is a real edit of sparse_parity/champion.py and
passes the same gate as a model's.
Does not cover: changes of code; experiments of other proposers that touch more than champion.py teach it
nothing.
"""

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path

import optuna

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.answer import prompt_sha256
from harness.proposers.champion_block import (
    PATH,
    Configuration,
    Value,
    find_block,
    read_block,
    render_value,
    rewrite_block,
)
from harness.proposers.search_history import Trial, Tried, read_tried
from harness.proposers.search_space import METHOD, Choice, Dimension, Range, read_space
from harness.records import Briefing, Cost, Direction, Edit, Prediction, Proposal, Reply
from harness.settings import Task

ASKS = 16
RANDOM_DRAWS = 2_000
STARTUP_TRIALS = 5  # a run has tens of experiments, not the thousands that Optuna's default of 10 expects

Distribution = optuna.distributions.BaseDistribution


@dataclass(frozen=True, slots=True)
class SearchProposer:
    """Optuna's TPE as a proposer."""

    path: Path
    space: tuple[Dimension, ...]
    task: Task
    seed: int
    name: str = "search"

    @classmethod
    def open(cls, path: Path, *, task: Task, seed: int) -> "SearchProposer":
        """Read and check the search space. Raises BadInputError."""
        return cls(path, read_space(path), task, seed)

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """The next configuration as an edit of champion.py. Raises ProposerPausedError when nothing new is
        left.
        """
        del judge_proposal  # its edits are made from the very text that they search
        source = briefing.sources.get(PATH, "")
        current = read_block(source)
        if current is None:
            raise BadInputError(
                f"{PATH}: METHOD and HYPERPARAMETERS are not plain literals; mend it or use another proposer"
            )
        self._check_names(current)
        tried = read_tried(briefing, current)
        chosen = self._ask(tried, current, briefing.number)
        proposal = _make_proposal(source, current, chosen)
        return Reply(proposal, self.name, self.name, prompt_sha256(briefing), Cost())

    def _check_names(self, current: Configuration) -> None:
        known = current.as_mapping()
        for dimension in self.space:
            if dimension.name not in known:
                raise BadInputError(
                    f"{self.path}: {dimension.name}: champion.py has no such name; it has {', '.join(known)}"
                )

    def _ask(self, tried: Tried, current: Configuration, number: int) -> Configuration:
        """TPE first; when it insists on what is known, random draws; when those are known too, there is
        nothing left.
        """
        seed = _derive_seed(self.seed, number)
        distributions = {dimension.name: _distribution(dimension) for dimension in self.space}
        tpe = optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS)
        guided = _open_study(tpe, self._usable(tried.trials), distributions)
        blind = _open_study(optuna.samplers.RandomSampler(seed=seed), (), distributions)
        for study, asks in ((guided, ASKS), (blind, RANDOM_DRAWS)):
            for _ in range(asks):
                chosen = _apply(current, self.space, study.ask(distributions).params)
                if not tried.has(chosen):
                    return chosen
        raise ProposerPausedError(
            f"{self.path}: no configuration is left that was not tried; widen the ranges to go on"
        )

    def _usable(self, trials: tuple[Trial, ...]) -> tuple[Trial, ...]:
        """Trials inside the space: Optuna refuses others, such as a baseline that the space leaves out."""
        return tuple(
            trial
            for trial in trials
            if all(
                dimension.contains(trial.configuration.as_mapping().get(dimension.name, ""))
                for dimension in self.space
            )
        )


def _derive_seed(seed: int, number: int) -> int:
    digest = hashlib.sha256(f"search {seed} {number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")


def _distribution(dimension: Dimension) -> Distribution:
    if isinstance(dimension, Choice):
        return optuna.distributions.CategoricalDistribution(dimension.choices)
    if dimension.whole:
        return optuna.distributions.IntDistribution(
            int(dimension.low), int(dimension.high), log=dimension.log
        )
    return optuna.distributions.FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _open_study(
    sampler: optuna.samplers.BaseSampler, trials: tuple[Trial, ...], distributions: dict[str, Distribution]
) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        # Optuna marks parts of its own defaults as experimental; that is no news to the user of Ardent.
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study = optuna.create_study(direction="minimize", sampler=sampler)
        for trial in trials:
            study.add_trial(_as_optuna(trial, distributions))
    return study


def _as_optuna(trial: Trial, distributions: dict[str, Distribution]) -> optuna.trial.FrozenTrial:
    values = trial.configuration.as_mapping()
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState.COMPLETE,
        value=trial.value,
        params={name: values[name] for name in distributions},
        distributions=distributions,
    )


def _apply(current: Configuration, space: tuple[Dimension, ...], params: dict[str, Value]) -> Configuration:
    values = current.as_mapping()
    for dimension in space:
        value = params[dimension.name]
        values[dimension.name] = _round(dimension, value) if isinstance(dimension, Range) else value
    method = str(values.pop(METHOD))
    return Configuration(method, tuple(values.items()))


def _round(dimension: Range, value: Value) -> Value:
    """Three significant digits, inside the range: the noise is far coarser, and the diff reads better."""
    if dimension.whole:
        return int(value)
    return min(max(float(f"{value:.3g}"), dimension.low), dimension.high)


def _make_proposal(source: str, current: Configuration, chosen: Configuration) -> Proposal:
    block = find_block(source)
    before, after = current.as_mapping(), chosen.as_mapping()
    changes = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    title = ", ".join(f"{name} {_show(old)} to {_show(new)}" for name, (old, new) in changes.items())
    reason, direction = _expect(changes)
    return Proposal(
        title=title,
        hypothesis=f"With {title}, data movement to solution is {direction} than the incumbent's: {reason}.",
        why="Suggested by Optuna's TPE sampler from what this run has measured; no model was asked.",
        prediction=Prediction("dmd", direction),
        edits=(Edit("replace", PATH, block, rewrite_block(block, after)),),
    )


def _show(value: Value) -> str:
    return value if isinstance(value, str) else render_value(value)


def _expect(changes: dict[str, tuple[Value, Value]]) -> tuple[str, Direction]:
    """The plain expectation of the largest known effect among the changes."""
    for name, smaller, larger in (
        (
            "hidden",
            "a smaller hidden layer moves less in every step",
            "a larger hidden layer moves more in every step",
        ),
        ("lr", "a lower learning rate needs more steps", "a higher learning rate needs fewer steps"),
    ):
        old, new = changes.get(name, ("", ""))
        if isinstance(old, int | float) and isinstance(new, int | float):
            shrinks = new < old
            return (smaller if shrinks else larger), ("lower" if shrinks == (name == "hidden") else "higher")
    return "the other settings change the number of steps, if anything", "lower"
