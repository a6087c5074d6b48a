"""The gate: edit, policy, duplicate, tests, screen, confirm; the first stage that fails ends it.

Promises: the loop and `python -m harness gate` run exactly this; trusted files come from the baseline commit, never
from the candidate; confirm instances are drawn after the candidate's sources are fixed, from its hash and the run's
secret. Does not cover: applying edits, and recording what became of them.
"""

import hashlib
import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field

from harness import contract, crash_points, edits, judge, policy
from harness.errors import ArdentError
from harness.judge import Drawn
from harness.measure import Failure, Program, measure, measure_both
from harness.opinion import INSTANCES, same_again, second_opinion
from harness.records import Evidence, Lapse, Measurement, Opinion, Pair, Slack, Stage, Verdict
from harness.sandbox import printable
from harness.settings import GateRules, Task
from harness.task import Instance, derive_seed, draw

MODEL = "sparse_parity/model.py"
TRUSTED_FOLDERS = ("sparse_parity", "tests/sparse_parity")


@dataclass(frozen=True, slots=True)
class Bench:
    """What every candidate of a run is measured with.

    Attributes:
        task: the benchmark task.
        trusted: text of the package and of the contract tests at the baseline commit, by path.
        secret: the run's secret; every instance is drawn from it.
        seeds: those of a recorded run whose secret is not known, by purpose.
    """

    task: Task
    trusted: Mapping[str, str]
    secret: bytes
    seeds: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def program(self, sources: Mapping[str, str]) -> Program:
        """The program that the champion of these sources names. PolicyError if it is not literal data."""
        champion = policy.parse_champion(sources[policy.CHAMPION])
        modules = {_module_name(path): text for path, text in sources.items() if path != policy.CHAMPION}
        modules[_module_name(MODEL)] = self.trusted[MODEL]
        return Program(modules, champion.method, champion.hyperparameters)

    def instance(self, *purpose: str) -> Instance:
        """The instance for that purpose."""
        return draw(self.task, self.seeds.get(purpose) or derive_seed(self.secret, *purpose))


@dataclass(frozen=True, slots=True)
class Incumbent:
    """What a candidate must beat: its sources, its measurement on one known instance, and its slack."""

    commit: str
    sources: Mapping[str, str]
    screen_seed: str
    screen: Measurement
    slack: Slack


@dataclass(frozen=True, slots=True)
class Trial:
    """What the gate found."""

    verdict: Verdict
    evidence: Evidence
    tree_sha256: str
    seconds_by_stage: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Context:
    """Where in the run a candidate stands.

    Attributes:
        purpose: names the experiment, for its confirm seeds.
        tried: tree hash to experiment number, of all earlier candidates.
        confirmed: how many earlier candidates of the run reached confirm.
        is_null: the candidate is the incumbent with other random numbers; it may repeat a tree.
        on_stage: told each stage as it begins.
        on_instance: told each confirm instance as it begins: its number from 1, and how many there are at most.
    """

    purpose: str
    tried: Mapping[str, int]
    confirmed: int
    is_null: bool = False
    on_stage: Callable[[Stage], None] = lambda _: None
    on_instance: Callable[[int, int], None] = lambda _number, _most: None


class Clock:
    """Seconds by stage."""

    def __init__(self, on_stage: Callable[[Stage], None]) -> None:
        self._on_stage = on_stage
        self._began: list[tuple[Stage, float]] = []

    def enter(self, stage: Stage) -> None:
        """That stage begins."""
        self._began.append((stage, time.perf_counter()))
        self._on_stage(stage)

    def seconds(self) -> tuple[tuple[str, float], ...]:
        """Of each stage so far; the last one ends now."""
        ends = [began for _, began in self._began[1:]] + [time.perf_counter()]
        return tuple((stage, round(end - began, 3)) for (stage, began), end in zip(self._began, ends, strict=True))


def measure_baseline(sources: Mapping[str, str], bench: Bench, purpose: str) -> tuple[str, Measurement]:
    """Measure the first incumbent; return the seed of its instance and the numbers.

    Raises:
        ArdentError: the baseline breaks the policy or cannot be measured: nothing can be compared with it.
    """
    refusals = policy.check(sources, model=bench.trusted[MODEL])
    if refusals:
        raise ArdentError(f"the baseline breaks the policy: {refusals[0]}; mend it and commit first")
    instance = bench.instance(purpose, "screen")
    measured = measure(bench.program(sources), instance, bench.task)
    if isinstance(measured, Failure):
        raise ArdentError(f"the baseline cannot be measured: {measured.reason}; mend it and commit first")
    return instance.seed, measured


def judge_candidate(sources: Mapping[str, str], incumbent: Incumbent, bench: Bench, context: Context) -> Trial:
    """Run every stage after edit on a candidate's sources."""
    clock = Clock(context.on_stage)
    tree = edits.normal_hash(sources)
    verdict = check_sources(sources, tree, bench, context, clock)
    if verdict is not None:
        return Trial(verdict, Evidence(slack=incumbent.slack), tree, clock.seconds())
    verdict, evidence = measure_stages(sources, tree, incumbent, bench, context, clock)
    return Trial(verdict, evidence, tree, clock.seconds())


def find_problem(sources: Mapping[str, str], bench: Bench, tried: Container[str]) -> str:
    """What a proposer may mend before its candidate is tried: refusals of the policy, a failing test; else empty.

    A tree that was `tried` before passed its tests then, or failed them; the duplicate stage names it.
    """
    refusals = policy.check(sources, model=bench.trusted[MODEL])
    if refusals or edits.normal_hash(sources) in tried:
        return "\n".join(str(refusal) for refusal in refusals)
    problem = contract.run(bench.trusted, sources, bench.task)
    return f"the tests fail: {printable(problem)}" if problem else ""


def check_sources(
    sources: Mapping[str, str], tree: str, bench: Bench, context: Context, clock: Clock
) -> Verdict | None:
    """The stages that measure nothing, and so need no numbers of an incumbent; None where all pass."""
    clock.enter("policy")
    refusals = policy.check(sources, model=bench.trusted[MODEL])
    if refusals:
        more = f" (and {len(refusals) - 1} more)" if len(refusals) > 1 else ""
        return Verdict("invalid", "policy", f"{refusals[0]}{more}")
    if context.is_null:
        return None
    clock.enter("duplicate")
    if tree in context.tried:
        return Verdict("invalid", "duplicate", f"the same code as experiment {context.tried[tree]}")
    clock.enter("tests")
    problem = contract.run(bench.trusted, sources, bench.task)
    return Verdict("invalid", "tests", problem) if problem else None


def measure_stages(
    sources: Mapping[str, str], tree: str, incumbent: Incumbent, bench: Bench, context: Context, clock: Clock
) -> tuple[Verdict, Evidence]:
    """Screen and confirm, of what has passed `check_sources`."""
    clock.enter("screen")
    candidate, rival = bench.program(sources), bench.program(incumbent.sources)
    instance = draw(bench.task, incumbent.screen_seed)
    measured = measure(candidate, instance, bench.task, init_seed=_null_seed(instance, context))
    if isinstance(measured, Failure):
        return Verdict("invalid", "screen", measured.reason), Evidence(slack=incumbent.slack)
    screened = (Pair(instance.seed, measured, incumbent.screen),)
    verdict = judge.screen(screened[0], bench.task.rules)
    if verdict is not None:
        return verdict, Evidence(screen=screened, slack=incumbent.slack)
    clock.enter("confirm")
    verdict, drawn = confirm(
        lambda index: _draw_instance(candidate, rival, tree, bench, context, index),
        incumbent.slack,
        bench.task.rules,
        context.confirmed + 1,
        context.on_instance,
    )
    opinion = None
    if verdict.outcome == "kept":
        again = measure(candidate, instance, bench.task, init_seed=_null_seed(instance, context))
        opinion = same_again(measured, again) or _second_opinion(candidate, tree, bench, context)
    pairs = tuple(each for each in drawn if isinstance(each, Pair))
    lapses = tuple(each for each in drawn if isinstance(each, Lapse))
    return judge.heed(verdict, opinion), Evidence(screened, pairs, incumbent.slack, lapses, opinion)


def _second_opinion(candidate: Program, tree: str, bench: Bench, context: Context) -> Opinion:
    purposes = [(context.purpose, "opinion", tree, str(index)) for index in range(INSTANCES)]
    return second_opinion(candidate, [bench.instance(*purpose) for purpose in purposes], bench.task)


def confirm(
    draw_instance: Callable[[int], Drawn | Failure],
    slack: Slack,
    rules: GateRules,
    looks: int,
    on_instance: Callable[[int, int], None] = lambda _number, _most: None,
) -> tuple[Verdict, list[Drawn]]:
    """Draw confirm instances until the judge has a verdict. `draw_instance` measures the one of that index."""
    drawn: list[Drawn] = []
    while True:
        on_instance(len(drawn) + 1, rules.max_instances)
        found = draw_instance(len(drawn))
        crash_points.reach("instance-measured")
        if isinstance(found, Failure):
            return Verdict("invalid", "confirm", found.reason, looks=looks), drawn
        drawn.append(found)
        verdict = judge.confirm(drawn, slack, rules, looks)
        if verdict is not None:
            return verdict, drawn


def _draw_instance(
    candidate: Program, rival: Program, tree: str, bench: Bench, context: Context, index: int
) -> Drawn | Failure:
    """Both on the confirm instance of that index. The incumbent's failure is its own loss, never a reason to redraw."""
    instance = bench.instance(context.purpose, "confirm", tree, str(index))
    ours, theirs = measure_both(candidate, rival, instance, bench.task, init_seed=_null_seed(instance, context))
    if isinstance(ours, Failure):
        return ours
    if isinstance(theirs, Failure):
        return Lapse(index, instance.seed, ours, theirs.reason)
    return Pair(instance.seed, ours, theirs)


def _null_seed(instance: Instance, context: Context) -> int | None:
    return null_init_seed(instance.seed) if context.is_null else None


def null_init_seed(seed: str) -> int:
    """The candidate's initialisation seed of a null row on that instance: any other one than the incumbent's."""
    return int(hashlib.sha256(f"null/{seed}".encode()).hexdigest()[:15], 16)


def _module_name(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
