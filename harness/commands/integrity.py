"""What speaks for a run's record, fact by fact, for the report: its branch, what measured it, and what that withstood.

Promises: only reads. Does not cover: the audit of its rows and files (`verify`).
"""

from collections.abc import Iterator
from dataclasses import replace

from harness import ledger as ledgers
from harness import redteam
from harness.commands import counted
from harness.commands.recorded import has_commit
from harness.git import Repository
from harness.records import Experiment
from harness.report.source import Fact, Statement
from harness.run import Settings, harness_hash, kept
from harness.run.commits import published_commits
from harness.run.names import branch_of, is_run_name, ref_of


def facts(repository: Repository, name: str, rows: tuple[Experiment, ...], settings: Settings | None) -> Iterator[Fact]:
    """Each with how good it is, for the page's list."""
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
    branch, tip = branch_of(name), repository.ref(ref_of(name)) if is_run_name(name) else None
    base = rows[0].commit if rows and has_commit(repository, rows[0].commit) else None
    if tip is None:
        here = set() if base is None else {one.number for one in published_commits(repository, name, base, "HEAD")}
        left = [str(row.number) for row in kept(rows) if row.number not in here]
        if here and left:
            what = f"{branch} is gone, and a part of it was merged: this checkout lacks the commit of experiment"
            return Statement("warning", f"{what} {', '.join(left)}.")
        if here:
            return Statement("good", f"{branch} is gone, and its commits are part of this checkout: it was merged.")
        if not kept(rows):
            return Statement("note", f"there is no {branch} here.")
        return Statement("warning", f"{branch} is gone, and its findings are not part of this checkout's history.")
    if base is not None and not repository.is_ancestor(base, tip):
        return Statement(
            "broken", f"{branch} ({tip[:12]}) does not hold the commit that the run began from: it was rebased."
        )
    if repository.is_ancestor(tip, repository.head()):
        return Statement("good", f"{branch} ({tip[:12]}) is merged into this checkout.")
    return Statement("note", f"{branch} is at {tip[:12]} and is not merged into this checkout.")


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
