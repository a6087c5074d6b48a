"""Measuring a recorded experiment again, on the instances that it was measured on.

Promises: candidate and incumbent run with the trusted files of the run's baseline; every value but the seconds is
compared. Does not cover: another Python or another machine, whose arithmetic may differ; that is said.
"""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TextIO

from harness import edits
from harness.commands.recorded import Code, RecordedRun, task_of
from harness.errors import ArdentError, BadInputError
from harness.gate import Bench, null_init_seed
from harness.git import Repository
from harness.measure import Failure, Program, measure_both
from harness.records import Experiment, Measurement, Pair
from harness.run import harness_hash, kept, trusted_files
from harness.task import draw
from harness.verify import Problem, differences


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of measuring one experiment again. `values` were compared in `measurements` measurements."""

    run: str
    row: int
    measurements: int
    values: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


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
    """Measure every pair of the row again; progress and result go to `out`.

    Raises:
        ArdentError: code or task that it needs is not in this repository.
    """
    bench = _bench(repository, run)
    candidate, incumbent = _programs(Code(repository), run, row, bench)
    pairs = [("screen", at, pair) for at, pair in enumerate(row.evidence.screen)]
    pairs += [("confirm", at, pair) for at, pair in enumerate(row.evidence.confirm)]
    notes, problems, values = tuple(_notes(row)), [], 0
    print("\n".join([f"measuring experiment {row.number} of run {run.name} again", *notes]), file=out, flush=True)
    for done, (stage, at, pair) in enumerate(pairs, start=1):
        print(f"  {stage} instance {at + 1} ({done} of {len(pairs)}) ", end="", file=out, flush=True)
        found = list(_compared(pair, candidate, incumbent, bench, f"evidence.{stage}[{at}]", row))
        values += 2 * (len(pair.candidate.__dataclass_fields__) - 1)
        problems += [Problem(row.number, *one) for one in found]
        print("agree" if not found else "disagree", file=out, flush=True)
        for field, what in found:
            print(f"    {field}: {what}", file=out, flush=True)
    said = "agree" if not problems else f"DISAGREE in {len(problems)}"
    print(f"experiment {row.number} of run {run.name}: {values} values, {said}", file=out, flush=True)
    return Rerun(run.name, row.number, 2 * len(pairs), values, tuple(problems), notes)


def _bench(repository: Repository, run: RecordedRun) -> Bench:
    task = task_of(repository, run.rows[0])
    if task is None:
        raise ArdentError(f"run {run.name}: its version of tasks/{run.rows[0].task}.yaml is not here; bring it back")
    return Bench(task, trusted_files(repository, run.rows[0].commit), b"")


def _programs(code: Code, run: RecordedRun, row: Experiment, bench: Bench) -> tuple[Program, Program]:
    theirs = code.at(row.parent)
    if theirs is None:
        raise ArdentError(f"run {run.name}: row {row.number}: commit {row.parent[:12]} is not here; fetch its branch")
    ours: Mapping[str, str] | None = theirs if row.kind != "proposal" else code.at(row.commit)
    if ours is None:
        try:
            ours = edits.apply(theirs, row.edits)
        except edits.EditError as error:
            raise ArdentError(f"run {run.name}: row {row.number}: edits: {str(error).splitlines()[0]}") from None
    return bench.program(ours), bench.program(theirs)


def _notes(row: Experiment) -> Iterator[str]:
    now = f"Python {platform.python_version()}"
    recorded = row.environment.partition(";")[0]
    if recorded != now:
        yield f"note: recorded with {recorded}, measured now with {now}: their arithmetic may differ"
    if row.harness_sha256 != harness_hash():
        yield "note: recorded with another version of the harness than this one"


def _compared(
    pair: Pair, candidate: Program, incumbent: Program, bench: Bench, where: str, row: Experiment
) -> Iterator[tuple[str, str]]:
    try:
        instance = draw(bench.task, pair.seed)
    except ValueError:
        yield f"{where}.seed", f"{pair.seed[:80]!r} is not 64 hexadecimal digits"
        return
    init_seed = null_init_seed(pair.seed) if row.kind == "null" else None
    sides = measure_both(candidate, incumbent, instance, bench.task, init_seed=init_seed)
    recorded = {"candidate": pair.candidate, "incumbent": pair.incumbent}
    for (name, before), after in zip(recorded.items(), sides, strict=True):
        yield from _differing(before, after, f"{where}.{name}")


def _differing(before: Measurement, after: Measurement | Failure, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(after, Failure):
        yield where, f"recorded, and cannot be measured now: {after.reason}"
        return
    yield from (found for found in differences(before, after, where) if found[0] != f"{where}.seconds")
