"""A recorded run and everything that lies beside it, gathered for the report.

Promises: only reads; whatever state a run is in, something is returned that says so: a broken ledger's rows are read
one by one, and a run without a row is a run. Does not cover: what the page makes of it.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from harness import finding, redteam
from harness import ledger as ledgers
from harness.commands import counted
from harness.commands.profiled import profile_findings
from harness.commands.published import experiment_diff, finding_diff, published_commits
from harness.commands.recorded import (
    BRANCHES,
    Code,
    RecordedRun,
    branch_names,
    has_commit,
    read_run,
    run_names,
    task_of,
)
from harness.commands.verify import audit_run
from harness.errors import ArdentError, BadInputError
from harness.finding.review import review_problems
from harness.git import Repository
from harness.ledger.holder import read_holder
from harness.records import Experiment
from harness.report.source import Audit, Fact, ProfilePair, Published, Review, RunSource, Statement
from harness.run import LEDGER, LOCK, SETTINGS, Settings, harness_hash, is_run_name, kept, proposals_done, read_settings
from harness.run.branch import ledger_path
from harness.run.outside import state_of
from harness.verify import Problem

Say = Callable[[str], None]


def known_runs(repository: Repository) -> tuple[str, ...]:
    """Names of the runs that left anything here: a private folder, a committed ledger, or a research branch."""
    begun = {path.parent.name for path in (repository.private / "runs").glob(f"*/{SETTINGS}")}
    return tuple(sorted({*run_names(repository, None), *branch_names(repository), *begun}))


def find_run(repository: Repository, name: str, profiles: int, say: Say) -> RunSource:
    """The run called `name` as it is now. `profiles`: of so many of its newest findings."""
    copies = list(_copies(repository, name))
    settings = _settings(repository, name)
    run, audit = _audited(repository, name) if copies else (RecordedRun(name, (), (), None, ()), Audit())
    chained = bool(run.rows) or not run.problems
    rows, unreadable = (run.rows, ()) if chained else _one_by_one(copies[0])
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
        facts=tuple(_facts(repository, name, rows, settings)),
        published={row.number: _published(repository, row, pairs[row.number]) for row in kept(rows)},
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
    for path in (repository.private / "runs" / name / LEDGER, repository.root / ledger_path(name)):
        with suppress(FileNotFoundError):
            yield path.read_bytes()
    tip = repository.ref(BRANCHES + name)
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
    folder = repository.private / "runs" / name
    with suppress(BadInputError):
        return read_settings(folder)
    return None


# -- whether it goes on -----------------------------------------------------------------------------------------------


def _state(repository: Repository, name: str, rows: tuple[Experiment, ...], settings: Settings | None) -> Statement:
    """Going on, stopped or finished, as far as this repository knows."""
    done = proposals_done(rows)
    holder = read_holder(repository.private / "runs" / name / LOCK)
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


def _published(repository: Repository, row: Experiment, pair: ProfilePair) -> Published:
    path = _finding_path(row)
    texts = dict(_finding_texts(repository, row.run, path)) if path else {}
    diff, source = _diff(repository, row, next(iter(texts.values()), ""))
    reviews = [_review(text, where) for where, text in texts.items()]
    return Published(diff, source, _commit(repository, row), path, _latest(reviews), pair)


def _finding_path(row: Experiment) -> str:
    try:
        return finding.paths(row).finding
    except (BadInputError, ArithmeticError, ValueError):  # a forged row has no name for files
        return ""


def _finding_texts(repository: Repository, run: str, path: str) -> Iterator[tuple[str, str]]:
    """Where the finding lies: on the research branch, where reviews are written, and in the working tree."""
    tip = repository.ref(BRANCHES + run) if is_run_name(run) else None
    committed = None if tip is None else repository.file_bytes(tip, path)
    if committed is not None:
        yield f"research/{run}", committed.decode("utf-8", "replace")
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


def _diff(repository: Repository, row: Experiment, text: str) -> tuple[str, str]:
    """The diff of a kept row, and where it is from if not from git."""
    try:
        found = experiment_diff(repository, row)
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


def _commit(repository: Repository, row: Experiment) -> str:
    """The commit that published the row, empty where none is known."""
    for tip in (BRANCHES + row.run, "HEAD"):
        with suppress(ArdentError):
            if has_commit(repository, row.parent):
                for commit in published_commits(repository, row.run, row.parent, tip):
                    if commit.number == row.number:
                        return commit.sha
    return ""


# -- integrity --------------------------------------------------------------------------------------------------------


def _facts(
    repository: Repository, name: str, rows: tuple[Experiment, ...], settings: Settings | None
) -> Iterator[Fact]:
    yield Fact("branch", _branch(repository, name, rows))
    if settings is not None and settings.sandbox:
        yield Fact("sandbox, tried before the run", Statement("good", settings.sandbox))
    if rows:
        environments = dict.fromkeys(row.environment for row in rows)
        several = Statement("warning", "; then ".join(environments))
        yield Fact("measured with", replace(several, mark="note") if len(environments) == 1 else several)
        yield Fact("harness", _harness(rows))
        tasks = dict.fromkeys(f"{row.task}, {row.task_sha256[:16]}" for row in rows)
        yield Fact("task", Statement("note" if len(tasks) == 1 else "broken", "; ".join(tasks)))
        yield Fact("chain's tip", Statement("note", ledgers.tip_of(ledgers.encode(rows[-1]))))
    yield Fact("attack suite", _attacks(repository, rows))


def _branch(repository: Repository, name: str, rows: tuple[Experiment, ...]) -> Statement:
    """Where the research branch is, in a sentence."""
    tip = repository.ref(BRANCHES + name) if is_run_name(name) else None
    base = rows[0].commit if rows and has_commit(repository, rows[0].commit) else None
    if tip is None:
        merged = base is not None and bool(published_commits(repository, name, base, "HEAD"))
        if merged:
            return Statement(
                "good", f"research/{name} is gone, and its commits are part of this checkout: it was merged."
            )
        if not kept(rows):
            return Statement("note", f"there is no research/{name} here.")
        return Statement(
            "warning", f"research/{name} is gone, and its findings are not part of this checkout's history."
        )
    if base is not None and not repository.is_ancestor(base, tip):
        return Statement(
            "broken", f"research/{name} ({tip[:12]}) does not hold the commit that the run began from: it was rebased."
        )
    if repository.is_ancestor(tip, repository.head()):
        return Statement("good", f"research/{name} ({tip[:12]}) is merged into this checkout.")
    return Statement("note", f"research/{name} is at {tip[:12]} and is not merged into this checkout.")


def _harness(rows: tuple[Experiment, ...]) -> Statement:
    hashes = list(dict.fromkeys(row.harness_sha256 for row in rows))
    if len(hashes) > 1:
        return Statement(
            "broken", f"{counted(len(hashes), 'harness')} measured this run: {', '.join(h[:16] for h in hashes)}."
        )
    if hashes[0] == harness_hash():
        return Statement("good", f"{hashes[0][:16]}, the one of this checkout.")
    return Statement(
        "note", f"{hashes[0][:16]}; this checkout has another, {harness_hash()[:16]}, which derived the verdicts again."
    )


def _attacks(repository: Repository, rows: tuple[Experiment, ...]) -> Statement:
    """What is recorded of the attack suite's last pass: the hash of the harness that withstood it."""
    try:
        passed = (repository.private / redteam.PASSED).read_text("ascii", "replace").strip()
    except OSError:
        return Statement("note", "no pass is recorded in this clone; python -m harness redteam tries it (ten minutes).")
    if rows and passed == rows[-1].harness_sha256:
        return Statement("good", "withstood by the harness that measured this run.")
    if passed == harness_hash():
        return Statement("good", "withstood by the harness of this checkout, which is not the one of this run.")
    return Statement(
        "warning", f"last withstood by harness {passed[:16]}, which is neither this run's nor this checkout's."
    )
