"""Measuring a recorded experiment again, on the instances that it was measured on.

Promises: candidate and incumbent run with the trusted files of the run's baseline; every value but the seconds is
compared, code that the policy refuses is not run and disagrees, an incumbent that failed must fail again, and a second
opinion is asked for again. Does not cover: another version of Python, whose arithmetic may differ; that is said.
"""

import platform
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from harness import edits, policy
from harness.commands.recorded import Code, RecordedRun, task_of
from harness.errors import ArdentError, BadInputError
from harness.finding.prose import show_code
from harness.gate import MODEL, Bench, null_init_seed
from harness.git import Repository
from harness.measure import Failure, Program, measure_both
from harness.opinion import INSTANCES, second_opinion
from harness.records import Experiment, Lapse, Measurement, Opinion, Pair
from harness.run import harness_hash, kept, trusted_files
from harness.task import draw
from harness.verify import Problem, differences

VALUES = len(Measurement.__dataclass_fields__) - 1  # all but the seconds


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of measuring one experiment again. `values` were compared in `measurements` measurements."""

    run: str
    row: int
    measurements: int
    values: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do again: `said` in words, recorded in the row at `field`."""

    said: str
    field: str
    recorded: Pair | Lapse | Opinion

    @property
    def values(self) -> int:
        """How many values are compared. Of a lapse the incumbent has one, its reason; so has an opinion."""
        sides = {Pair: 2 * VALUES, Lapse: VALUES + 1, Opinion: 1}
        return sides[type(self.recorded)]


def chosen_rows(run: RecordedRun, which: str) -> list[Experiment]:
    """The kept rows, or the one with that number.

    Raises:
        BadInputError: there is no such row, or nothing was measured in it.
    """
    if which == "kept":
        return kept(run.rows)
    number = int(which)
    if number >= len(run.rows):
        raise BadInputError(f"--rerun {which}: run {run.name} has the rows 0 to {len(run.rows) - 1}; name one of them")
    row = run.rows[number]
    if not row.evidence.screen:
        raise BadInputError(
            f"--rerun {which}: nothing was measured in it, it ended as {row.verdict.outcome} at {row.verdict.stage}"
        )
    return [row]


def measure_again(repository: Repository, run: RecordedRun, row: Experiment, out: TextIO) -> Rerun:
    """Measure every pair and lapse of the row again, and ask for its second opinion; progress and result go to `out`.

    Raises:
        ArdentError: code or task that it needs is not in this repository.
    """
    sources = _sources(Code(repository), run, row)  # first: it says what to fetch where the commits are elsewhere
    bench = _bench(repository, run)
    notes, problems = tuple(_notes(row)), list(_refused(bench, row, *sources))
    print("\n".join([f"measuring experiment {row.number} of run {run.name} again", *notes]), file=out, flush=True)
    if problems:
        print(f"experiment {row.number} of run {run.name}: DISAGREE: {problems[0].what}", file=out, flush=True)
        return Rerun(run.name, row.number, 0, 0, tuple(problems), notes)
    steps, programs = _steps(row), (bench.program(sources[0]), bench.program(sources[1]))
    for done, step in enumerate(steps, start=1):
        print(f"  {step.said} ({done} of {len(steps)}) ", end="", file=out, flush=True)
        found = list(_compared(step, programs, bench, run, row))
        problems += [Problem(row.number, *one) for one in found]
        print("agree" if not found else "disagree", file=out, flush=True)
        for field, what in found:
            print(f"    {field}: {what}", file=out, flush=True)
    values = sum(step.values for step in steps)
    said = "agree" if not problems else f"DISAGREE in {len(problems)}"
    print(f"experiment {row.number} of run {run.name}: {values} values, {said}", file=out, flush=True)
    measurements = sum(2 for step in steps if not isinstance(step.recorded, Opinion))
    return Rerun(run.name, row.number, measurements, values, tuple(problems), notes)


def _steps(row: Experiment) -> list[Step]:
    """What the row records, in the order in which it was measured but for lapses, which come after the pairs."""
    evidence = row.evidence
    found = [Step(f"screen instance {at + 1}", f"evidence.screen[{at}]", p) for at, p in enumerate(evidence.screen)]
    found += [Step(f"confirm instance {at + 1}", f"evidence.confirm[{at}]", p) for at, p in enumerate(evidence.confirm)]
    found += [Step(f"lapse {at + 1}", f"evidence.lapses[{at}]", each) for at, each in enumerate(evidence.lapses)]
    if evidence.opinion:
        found.append(Step("second opinion", "evidence.opinion", evidence.opinion))
    return found


def _bench(repository: Repository, run: RecordedRun) -> Bench:
    """The bench of the run; where its secret is not here, with one of its own for what no row has a seed of."""
    task = task_of(repository, run.rows[0])
    if task is None:
        raise ArdentError(f"run {run.name}: its version of tasks/{run.rows[0].task}.yaml is not here; bring it back")
    secret = run.draws.secret if run.draws else secrets.token_bytes(32)
    return Bench(task, trusted_files(repository, run.rows[0].commit), secret)


def _sources(code: Code, run: RecordedRun, row: Experiment) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The code of candidate and incumbent."""
    theirs = code.at(row.parent)
    if theirs is None:
        raise ArdentError(f"run {run.name}: row {row.number}: commit {row.parent[:12]} is not here; fetch its branch")
    ours: Mapping[str, str] | None = theirs if row.kind != "proposal" else code.at(row.commit)
    if ours is None:
        try:
            ours = edits.apply(theirs, row.edits)
        except edits.EditError as error:
            raise ArdentError(f"run {run.name}: row {row.number}: edits: {str(error).splitlines()[0]}") from None
    return ours, theirs


def _refused(
    bench: Bench, row: Experiment, ours: Mapping[str, str], theirs: Mapping[str, str]
) -> Iterator[Problem]:
    """Code that the policy refuses can hide from the meter: numbers of it that come out the same say nothing."""
    for who, sources in (("candidate", ours), ("incumbent", theirs)):
        refusals = policy.check(sources, model=bench.trusted[MODEL])
        if refusals:
            what = f"measured, and the policy refuses the {who}'s code: {show_code(str(refusals[0]).splitlines()[0])}"
            yield Problem(row.number, "verdict.stage", what)


def _notes(row: Experiment) -> Iterator[str]:
    now = f"Python {platform.python_version()}"
    recorded = row.environment.partition(";")[0]
    if recorded != now:
        yield (
            f"note: recorded with {recorded}, measured now with {now}: their arithmetic may differ, "
            "and exact agreement is promised for one version only"
        )
    if row.harness_sha256 != harness_hash():
        yield "note: recorded with another version of the harness than this one"


def _compared(
    step: Step, programs: tuple[Program, Program], bench: Bench, run: RecordedRun, row: Experiment
) -> Iterator[tuple[str, str]]:
    if isinstance(step.recorded, Opinion):
        yield from _asked_again(step.recorded, programs[0], bench, run, row)
        return
    try:
        instance = draw(bench.task, step.recorded.seed)
    except ValueError:
        yield f"{step.field}.seed", f"{step.recorded.seed[:80]!r} is not 64 hexadecimal digits"
        return
    init_seed = null_init_seed(step.recorded.seed) if row.kind == "null" else None
    ours, theirs = measure_both(*programs, instance, bench.task, init_seed=init_seed)
    yield from _differing(step.recorded.candidate, ours, f"{step.field}.candidate")
    if isinstance(step.recorded, Pair):
        yield from _differing(step.recorded.incumbent, theirs, f"{step.field}.incumbent")
    elif not isinstance(theirs, Failure):
        yield f"{step.field}.reason", f"recorded {step.recorded.reason!r}, and the incumbent can be measured now"
    else:
        yield from differences(step.recorded.reason, theirs.reason, f"{step.field}.reason")


def _differing(before: Measurement, after: Measurement | Failure, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(after, Failure):
        yield where, f"recorded, and cannot be measured now: {after.reason}"
        return
    yield from (found for found in differences(before, after, where) if found[0] != f"{where}.seconds")


def _asked_again(
    before: Opinion, candidate: Program, bench: Bench, run: RecordedRun, row: Experiment
) -> Iterator[tuple[str, str]]:
    """On the same instances where the run's secret is here, to the word; else on others, which must end alike."""
    purposes = [(str(row.number), "opinion", row.tree_sha256, str(index)) for index in range(INSTANCES)]
    after = second_opinion(candidate, [bench.instance(*purpose) for purpose in purposes], bench.task)
    if before.agrees != after.agrees:
        yield "evidence.opinion.agrees", f"recorded {before.agrees}, is {after.agrees}: {after.words}"
    elif run.draws and before.agrees:
        yield from differences(before.words, after.words, "evidence.opinion.words")
