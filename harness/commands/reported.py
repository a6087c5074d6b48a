"""A recorded run and everything that lies beside it, gathered for the report.

Promises: only reads; whatever state a run is in, something is returned that says so: a broken ledger's rows are read
one by one, and a run without a row is a run. Does not cover: what the page makes of it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from harness import finding
from harness import ledger as ledgers
from harness.commands.integrity import facts
from harness.commands.profiled import profile_findings
from harness.commands.published import commits_by_row, experiment_diff, finding_diff
from harness.commands.recorded import Code, RecordedRun, branch_names, read_run, run_names, task_of
from harness.commands.verify import audit_run
from harness.errors import ArdentError, BadInputError
from harness.finding.review import review_problems
from harness.git import Repository
from harness.ledger.holder import read_holder
from harness.records import Experiment
from harness.report.source import Audit, ProfilePair, Published, Review, RunSource, Statement
from harness.run import Settings, kept, proposals_done, read_settings
from harness.run.names import (
    LEDGER,
    LOCK,
    SETTINGS,
    branch_of,
    is_run_name,
    ledger_path,
    ref_of,
    run_folder,
    runs_folder,
)
from harness.run.outside import state_of
from harness.verify import Problem

Say = Callable[[str], None]


def known_runs(repository: Repository) -> tuple[str, ...]:
    """Names of the runs that left anything here: a private folder, a committed ledger, or a research branch."""
    begun = {path.parent.name for path in runs_folder(repository).glob(f"*/{SETTINGS}")}
    return tuple(sorted({*run_names(repository, None), *branch_names(repository), *begun}))


def find_run(repository: Repository, name: str, profiles: int, say: Say) -> RunSource:
    """The run called `name` as it is now. `profiles`: of so many of its newest findings."""
    copy = next(_copies(repository, name), None)
    settings = _settings(repository, name)
    run, audit = (RecordedRun(name, (), (), None, ()), Audit()) if copy is None else _audited(repository, name)
    chained = bool(run.rows) or not run.problems
    rows, unreadable = (run.rows, ()) if chained else _one_by_one(copy or b"")
    code = Code(repository)
    task = task_of(repository, rows[0]) if rows else None
    pairs = profile_findings(code, rows, task, profiles if chained else 0, say)
    return RunSource(
        name=name,
        rows=rows,
        chained=chained,
        unreadable=unreadable,
        audit=audit,
        rules=None if task is None else task.rules,
        budget=None if settings is None else settings.budget,
        state=_state(repository, name, rows, settings),
        facts=tuple(facts(repository, name, rows, settings)),
        published=_published(repository, rows, pairs),
        started="" if settings is None else settings.started,
        proposer="" if settings is None else settings.proposer,
    )


def _audited(repository: Repository, name: str) -> tuple[RecordedRun, Audit]:
    """The run and its audit; trouble on the way is a problem of the run, so that other runs are shown all the same."""
    try:
        run = read_run(repository, name)
        if any("torn off" in problem.what for problem in run.problems):
            run = read_run(repository, name)  # a loop at work may just be writing it
        found = audit_run(repository, run)
    except ArdentError as error:
        problem = Problem(None, "run", str(error))
        return RecordedRun(name, (), (), None, (problem,)), Audit(problems=(problem,))
    return run, Audit(found.derived, found.consistent, found.findings, found.problems, found.notes)


def _copies(repository: Repository, name: str) -> Iterator[bytes]:
    """The ledger's bytes wherever it lies, the local one first."""
    if not is_run_name(name):
        return
    for path in (run_folder(repository, name) / LEDGER, repository.root / ledger_path(name)):
        with suppress(FileNotFoundError):
            yield path.read_bytes()
    tip = repository.ref(ref_of(name))
    committed = None if tip is None else repository.file_bytes(tip, ledger_path(name))
    if committed is not None:
        yield committed


def _one_by_one(data: bytes) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """The rows of a ledger whose chain is broken, and the lines that hold none."""
    rows, unreadable = [], []
    *lines, rest = data.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            rows.append(ledgers.decode(line + b"\n", number))
        except ledgers.LedgerError as error:
            unreadable.append(str(error))
    if rest:
        unreadable.append(f"line {len(lines) + 1}: torn off")
    return tuple(rows), tuple(unreadable)


def _settings(repository: Repository, name: str) -> Settings | None:
    with suppress(BadInputError):
        return read_settings(run_folder(repository, name))
    return None


# -- whether it goes on -----------------------------------------------------------------------------------------------


def _state(repository: Repository, name: str, rows: tuple[Experiment, ...], settings: Settings | None) -> Statement:
    """Going on, stopped or finished, as far as this repository knows."""
    done = proposals_done(rows)
    holder = read_holder(run_folder(repository, name) / LOCK)
    state = state_of(holder, done, 0 if settings is None else settings.budget)
    if state in ("running", "unknown"):
        return Statement("warning", "this run is going on; the page is as of the moment it was made.")
    if settings is None:
        return Statement("note", "") if rows else Statement("warning", "nothing was recorded in this run.")
    if not rows:
        return Statement(
            "warning", f"it was begun on {settings.started[:10]}, and stopped before its baseline was measured."
        )
    if state == "ended":
        return Statement("note", "")
    how = "was killed" if state == "killed" else "stopped"
    return Statement(
        "warning", f"it {how} after {done} of {settings.budget} proposals; the loop's command goes on with it."
    )


# -- what lies beside a kept row --------------------------------------------------------------------------------------


def _published(
    repository: Repository, rows: tuple[Experiment, ...], pairs: Mapping[int, ProfilePair]
) -> dict[int, Published]:
    wins, commits = kept(rows), {}
    with suppress(ArdentError):
        commits = commits_by_row(repository, wins)
    return {row.number: _of_row(repository, row, pairs[row.number], commits.get(row.number, "")) for row in wins}


def _of_row(repository: Repository, row: Experiment, pair: ProfilePair, commit: str) -> Published:
    path = _finding_path(row)
    texts = dict(_finding_texts(repository, row.run, path)) if path else {}
    diff, source = _diff(repository, row, next(iter(texts.values()), ""), commit)
    reviews = [_review(text, where) for where, text in texts.items()]
    return Published(diff, source, commit, path, _latest(reviews), pair)


def _finding_path(row: Experiment) -> str:
    try:
        return finding.paths(row).finding
    except (BadInputError, ArithmeticError, ValueError):  # a forged row has no name for files
        return ""


def _finding_texts(repository: Repository, run: str, path: str) -> Iterator[tuple[str, str]]:
    """Where the finding lies: on the research branch, where reviews are written, and in the working tree."""
    tip = repository.ref(ref_of(run)) if is_run_name(run) else None
    committed = None if tip is None else repository.file_bytes(tip, path)
    if committed is not None:
        yield branch_of(run), committed.decode("utf-8", "replace")
    with suppress(OSError):
        yield "the working tree", (repository.root / path).read_text("utf-8", "replace")


def _review(text: str, where: str) -> Review:
    """What a reviewer wrote into a finding, or that it cannot be read."""
    unclear = [what for _, what in review_problems(text)]
    if unclear:
        return Review("unreadable", "", "", unclear[0], where)
    found = finding.read_review(text)
    return Review(found.status, found.by, found.at, found.note, where)


def _latest(reviews: list[Review]) -> Review | None:
    """A review that says something before one that does not; the branch's before the working tree's."""
    said = [review for review in reviews if review.status != "unreviewed"]
    return next(iter(said or reviews), None)


def _diff(repository: Repository, row: Experiment, text: str, commit: str) -> tuple[str, str]:
    """The diff of a kept row, and where it is from if not from git."""
    try:
        found = experiment_diff(repository, row, commit)
    except ArdentError:
        found = None
    if found is not None:
        return found, ""
    shown = finding_diff(text)
    if shown:
        return shown, "its commits are not in this repository: this is the diff as it stands in the finding."
    edits = "\n".join(
        "\n".join(
            [
                edit.path,
                *(f"-{line}" for line in edit.search.splitlines()),
                *(f"+{line}" for line in edit.text.splitlines()),
            ]
        )
        for edit in row.edits
    )
    return edits, "neither its commits nor its finding are here: these are the edits as the ledger has them."
