"""`python -m harness gate`: the working tree, uncommitted changes included, measured as the loop measures a candidate.

Promises: the same stages, judge and trusted files as the loop's; the repository is only read, in whatever state it is;
the instances come from --seed, or from a fresh random seed that is printed afterwards. Does not cover: recording. The
loop counts its looks and this command does not, so whoever tries many seeds and believes the best one fools himself.
"""

import hashlib
import json
import secrets
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import msgspec

from harness import edits, gate
from harness import task as tasks
from harness.cli import DEFAULT_TASK, Parser
from harness.commands.measurements import measurement_table
from harness.console import first_line
from harness.contract import TESTS
from harness.flags import MOST_SEED, whole_seed
from harness.gate import Bench, Context, Incumbent, Trial
from harness.git import Repository
from harness.records import Evidence, Measurement, Slack, Stage, Verdict
from harness.run import check_meter, editable_files, trusted_files

PASSED: Mapping[str, str] = {"policy": "passed", "duplicate": "new code", "tests": "passed", "screen": "no clear loss"}
PURPOSE = "gate"
REASON_CAP = 600


@dataclass(frozen=True, slots=True)
class GateArguments:
    """What was asked for; --help says what each means."""

    against: str | None
    task: str
    seed: int | None
    json: bool


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The candidate: the working tree's editable files, and what stands against measuring it (empty: nothing)."""

    sources: Mapping[str, str]
    changed: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class StageResult:
    """How one stage ended, in a word or two."""

    stage: str
    result: str
    seconds: float


class StageLines:
    """One line a stage, its left half printed before the work starts. `finished` holds the stages so far."""

    def __init__(self, out: TextIO) -> None:
        self.finished: list[StageResult] = []
        self._out = out
        self._stage = ""
        self._began = 0.0

    def say(self, text: str) -> None:
        """One whole line."""
        print(text, file=self._out, flush=True)

    def begin(self, stage: str) -> None:
        """A stage begins, so the one before it has passed."""
        if self._stage:
            self.end(PASSED[self._stage])
        self._stage, self._began = stage, time.perf_counter()
        print(f"  {stage:<11} ", end="", file=self._out, flush=True)

    def instance(self, number: int, most: int) -> None:
        """The confirm instance that begins, where it can be overwritten."""
        if self._out.isatty():
            progress = f"instance {number} of at most {most}"
            print(f"{progress:<28}", end="\b" * 28, file=self._out, flush=True)

    def end(self, result: str) -> None:
        """The right half of the stage in progress."""
        seconds = round(time.perf_counter() - self._began, 3)
        self.say(f"{result}  {seconds:.1f} s")
        self.finished.append(StageResult(self._stage, result, seconds))
        self._stage = ""

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is printed after this stands on a line of its own, whatever ends a stage."""
        try:
            yield
        finally:
            if self._stage:
                self.say("")


def main(argv: list[str], root: Path) -> int:
    """Measure the working tree; 0 if it would be kept, else 1."""
    arguments = _arguments(argv)
    lines = StageLines(sys.stderr if arguments.json else sys.stdout)
    repository = Repository.open(root, allow_in_progress=True)
    against = repository.resolve(arguments.against) if arguments.against else repository.default_base()
    seed = secrets.randbelow(MOST_SEED) if arguments.seed is None else arguments.seed
    secret = hashlib.sha256(f"ardent gate secret {seed}".encode()).digest()
    bench = Bench(tasks.load(root, arguments.task), trusted_files(repository, against), secret)
    if note := check_meter():
        lines.say(note)
    lines.say(f"gate: your working tree against {against[:12]}, task {bench.task.name}")
    with lines.whole():
        trial = judge_working_tree(repository, against, bench, lines)
    if arguments.json:
        print(_document(trial, lines.finished, arguments.task, against, seed))
    else:
        print(_report(trial, arguments, seed))
    return 0 if trial.verdict.outcome == "kept" else 1


def _arguments(argv: list[str]) -> GateArguments:
    parser = Parser(prog="python -m harness gate", description=_ABOUT)
    parser.add_argument("--against", metavar="COMMIT", help="what to beat (default: where your branch began)")
    parser.add_argument("--task", default=DEFAULT_TASK, help="a file of tasks/ (default: %(default)s)")
    parser.add_argument("--seed", type=whole_seed, metavar="S", help="draw the instances of an earlier gate again")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    return GateArguments(**vars(parser.parse_args(argv)))


_ABOUT = (
    "Measure your working tree, uncommitted changes included, as the loop measures a candidate. "
    "Nothing is recorded and nothing is changed. Exit code 0: it would be kept; 1: anything else."
)


def judge_working_tree(repository: Repository, against: str, bench: Bench, lines: StageLines) -> Trial:
    """The edit stage on the working tree, then every other stage of the gate."""
    lines.begin("edit")
    before = editable_files(repository, against)
    tree = read_working_tree(repository, against, before)
    if tree.problem:
        lines.end("invalid")
        return Trial(Verdict("invalid", "edit", tree.problem), Evidence(), "", ())
    lines.end(f"changed: {', '.join(tree.changed)}")
    if repository.files(against, [TESTS]) != repository.working_files([TESTS]):
        lines.say(f"  note: your {TESTS} differs; the gate runs the tests of {against[:12]}")
    trial = _judge(tree.sources, against, before, bench, lines)
    lines.end(trial.verdict.outcome)
    return trial


def _judge(
    sources: Mapping[str, str], against: str, before: Mapping[str, str], bench: Bench, lines: StageLines
) -> Trial:
    """As `gate.judge_candidate`, but the incumbent, which takes 10 to 30 s, is measured only for what passes so far."""
    context, tree = _context(before, lines), edits.normal_hash(sources)
    clock = gate.Clock(context.on_stage)
    verdict = gate.check_sources(sources, tree, bench, context, clock)
    evidence = Evidence()
    if verdict is None:
        incumbent = _measured_incumbent(against, before, bench, lines)
        verdict, evidence = gate.measure_stages(sources, tree, incumbent, bench, context, clock)
    return Trial(verdict, evidence, tree, clock.seconds())


def _context(before: Mapping[str, str], lines: StageLines) -> Context:
    def begin(stage: Stage) -> None:
        lines.begin(stage)

    return Context(PURPOSE, {edits.normal_hash(before): 0}, confirmed=0, on_stage=begin, on_instance=lines.instance)


def _measured_incumbent(commit: str, sources: Mapping[str, str], bench: Bench, lines: StageLines) -> Incumbent:
    lines.begin("incumbent")
    seed, measured = gate.measure_baseline(sources, bench, PURPOSE)
    lines.end(_numbers(measured))
    return Incumbent(commit, sources, seed, measured, Slack())


def _numbers(measured: Measurement) -> str:
    return f"ARD {measured.ard:,.0f}, DMD {measured.dmd:.3g}, accuracy {measured.accuracy:.1%}"


def read_working_tree(repository: Repository, against: str, before: Mapping[str, str]) -> WorkingTree:
    """The candidate of the working tree, compared with the commit `against`, whose editable files are `before`."""
    theirs = repository.files(against, ["sparse_parity"])
    ours = repository.working_files(["sparse_parity"])
    changed = tuple(sorted(p for p in theirs.keys() | ours.keys() if theirs.get(p) != ours.get(p)))
    foreign = [path for path in changed if not edits.is_editable(path)]
    sources = {path: text for path, text in ours.items() if edits.is_editable(path)}
    problem = ""
    if foreign:
        problem = (
            f"{', '.join(foreign)}: changed, and not what a candidate may change (champion.py and methods/*.py), "
            "so not measured; commit that as the new baseline first, then run: python -m harness gate --against HEAD"
        )
    elif sources == before:
        problem = f"no difference to {against[:12]} in champion.py and methods/; change them, or give --against COMMIT"
    return WorkingTree(sources, changed, problem)


# -- what is printed --------------------------------------------------------------------------------------------------


def _report(trial: Trial, arguments: GateArguments, seed: int) -> str:
    verdict = trial.verdict
    lines: list[str] = []
    if verdict.effects:
        lines += ["", *measurement_table(verdict, trial.evidence), ""]
    if trial.evidence.screen and arguments.seed is None:
        lines.append(f"the same instances again: {_command(arguments)} --seed {seed}")
    return "\n".join([*lines, f"{verdict.outcome} at {verdict.stage}: {_reason(verdict)}"])


def _command(arguments: GateArguments) -> str:
    against = f" --against {arguments.against}" if arguments.against else ""
    task = f" --task {arguments.task}" if arguments.task != DEFAULT_TASK else ""
    return f"python -m harness gate{against}{task}"


def _reason(verdict: Verdict) -> str:
    if verdict.stage == "duplicate":
        return (
            "the same code as what it must beat; comments, layout, local names, and methods that champion.py does not "
            "reach do not count"
        )
    return first_line(verdict.reason, REASON_CAP)


def _document(trial: Trial, stages: list[StageResult], task: str, against: str, seed: int) -> str:
    document = {
        "command": "gate",
        "task": task,
        "against": against,
        "seed": seed,
        "verdict": msgspec.to_builtins(trial.verdict) | {"reason": _reason(trial.verdict)},
        "evidence": msgspec.to_builtins(trial.evidence),
        "stages": msgspec.to_builtins(stages),
        "tree_sha256": trial.tree_sha256,
    }
    return json.dumps(document, indent=2, allow_nan=False)
