"""What became of kept experiments: evidence, finding, bullet and commit, compared with their rows; and the code of all.

Promises: only reads; what is not in this repository is a note, never a problem. Does not cover: the rows themselves.
"""

import os
import platform
import re
from collections.abc import Collection, Iterator, Sequence

from harness import edits, finding, policy
from harness.commands.recorded import WORKING_TREE, Code, Place, RecordedRun, first_difference, has_commit
from harness.errors import ArdentError
from harness.finding.discoveries import DISCOVERIES
from harness.finding.evidence import evidence_json, read_evidence
from harness.gate import MODEL
from harness.git import Repository
from harness.ledger import encode, tip_of
from harness.records import Experiment
from harness.run import harness_hash, kept, trusted_files
from harness.run.commits import PublishedCommit, published_commits
from harness.run.names import RESULTS, branch_of, is_run_name, ledger_path, ref_of
from harness.verify import Problem, differences

# -- files ------------------------------------------------------------------------------------------------------------


def check_files(place: Place, row: Experiment, repository: Repository) -> Iterator[Problem]:
    """Evidence, finding and bullet of one kept experiment, where its run was published."""
    paths = finding.paths(row)
    yield from (Problem(row.number, paths.evidence, what) for what in _evidence(place, paths.evidence, row))
    text = _text(place, paths.finding)
    if text is None:
        yield Problem(row.number, paths.finding, f"is missing in {place.label}")
    elif not is_of_old_template(place, row):
        found = finding.check(text, row, shown_diff(repository, row, text))
        yield from (Problem(row.number, paths.finding, f"line {what}") for what in found)
        bullet = finding.bullet(row, is_rejected=finding.read_review(text).status == "rejected")
        if bullet not in (_text(place, DISCOVERIES) or "").splitlines():
            yield Problem(row.number, DISCOVERIES, f"lacks its bullet in {place.label}: {bullet!r}")


def is_of_old_template(place: Place, row: Experiment) -> bool:
    """Whether the finding lies on a branch as another version of the template rendered it; in a working tree none may.

    Branches are history: `python -m harness merge` renders such findings again, and so does `check --write`.
    """
    text = None if place.label == WORKING_TREE else _text(place, finding.paths(row).finding)
    return text is not None and finding.is_of_other_template(text)


def _text(place: Place, path: str) -> str | None:
    data = place.read(path)
    return None if data is None else data.decode("utf-8", "replace")


def _evidence(place: Place, path: str, row: Experiment) -> Iterator[str]:
    text = _text(place, path)
    if text is None:
        yield f"is missing in {place.label}"
    elif text != evidence_json(row):
        try:
            found = list(differences(read_evidence(text, path), row, ""))
        except ArdentError as error:
            yield str(error)
            return
        yield from (f"{field}: {what} in the ledger" for field, what in found)
        if not found:
            yield "not written as the harness writes it"


def shown_diff(repository: Repository, row: Experiment, text: str) -> str:
    """The diff of one kept experiment; as its finding `text` shows it where its commits are not in this repository."""
    diff = experiment_diff(repository, row)
    return finding_diff(text) if diff is None else diff


def experiment_diff(repository: Repository, row: Experiment, published: str = "") -> str | None:
    """The diff of one kept experiment as its finding shows it; None if its commits are not in this repository.

    `published`: the commit that published it, where that is known already.
    """
    if not has_commit(repository, row.parent):
        return None
    if has_commit(repository, row.commit):
        return repository.diff(row.parent, row.commit, ["sparse_parity"])
    commit = published or commits_by_row(repository, (row,)).get(row.number)
    return None if commit is None else repository.diff(row.parent, commit, ["sparse_parity"])


def finding_diff(text: str) -> str:
    """The diff that a finding shows, empty when it shows none."""
    found = re.search(r"^## What changed\n\n(`{3,})diff\n(.*?)^\1$", text, re.MULTILINE | re.DOTALL)
    return found[2] if found else ""


# -- commits ----------------------------------------------------------------------------------------------------------


def commits_by_row(repository: Repository, rows: Sequence[Experiment]) -> dict[int, str]:
    """The commits that published these rows of a run, by number, oldest row first: on its branch, else below HEAD.

    Git's log is walked once for all of them. A row whose commit or parent is not in this repository has none.
    """
    here = [row for row in rows if has_commit(repository, row.parent)]
    branches = [ref_of(row.run) for row in here[:1] if is_run_name(row.run)]
    known: dict[int, str] = {}
    for tip in (*filter(repository.ref, branches), "HEAD"):
        left = [row for row in here if row.number not in known]
        if left:
            commits = published_commits(repository, left[0].run, left[0].parent, tip)
            known = {commit.number: commit.sha for commit in reversed(commits)} | known
    return {row.number: known[row.number] for row in here if row.number in known}


def commits_of(repository: Repository, run: RecordedRun) -> tuple[PublishedCommit, ...]:
    """The loop's commits of a run, newest first: on its branch, or below HEAD where that is gone."""
    ref, first = ref_of(run.name), run.rows[0].commit
    if not has_commit(repository, first):
        return ()
    return published_commits(repository, run.name, first, ref if repository.ref(ref) else "HEAD")


def check_commits(code: Code, run: RecordedRun, commits: tuple[PublishedCommit, ...]) -> Iterator[Problem]:
    """Every commit of the run names a row as it is in the ledger; the research branch, where there is one, has all.

    Where the branch was merged and deleted the commits are looked for below HEAD. A merge may have squashed them, so
    there none is missed.
    """
    repository, rows = code.repository, run.rows
    tips = [*(row.tip for row in rows[1:]), tip_of(encode(rows[-1]))]
    for commit in commits:
        if tips[commit.number : commit.number + 1] != [commit.tip]:
            yield _rewritten(repository, rows, commit)
        yield from _foreign(repository, run.name, commit)
    if repository.ref(ref_of(run.name)) is not None and has_commit(repository, rows[0].commit):
        yield from _branch(code, run, {commit.number for commit in commits})


def _foreign(repository: Repository, name: str, commit: PublishedCommit) -> Iterator[Problem]:
    """What a commit of the loop changes beside the code of a candidate and the record of its run."""
    before = _parent(repository, commit.sha)
    if not before:
        yield Problem(commit.number, "commit", f"{commit.sha[:12]} builds on no other commit")
        return
    listed = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", before, commit.sha)
    for path in os.fsdecode(repository.command.run(*listed)).split("\0")[:-1]:
        is_record = path == DISCOVERIES or path.startswith((f"findings/{name}-", f"{RESULTS}/{name}/"))
        if not (is_record or edits.is_editable(path)):
            yield Problem(commit.number, "commit", f"{commit.sha[:12]} changes {path}, which no experiment may")


def _parent(repository: Repository, sha: str) -> str:
    """The first parent of a commit, empty if it has none."""
    return repository.command.ask("rev-parse", "--verify", "--quiet", f"{sha}^1") or ""


def _rewritten(repository: Repository, rows: tuple[Experiment, ...], commit: PublishedCommit) -> Problem:
    """What became of a ledger since a commit of it, which may still hold the ledger as it was."""
    then = repository.file_bytes(commit.sha, ledger_path(rows[0].run)) or b""
    row, field, what = first_difference(b"".join(map(encode, rows)), then)
    said = f"commit {commit.sha[:12]} names another row {commit.number}: the ledger was rewritten after it"
    return Problem(row, field, f"{what} in it; {said}") if field else Problem(commit.number, "tip", said)


def _branch(code: Code, run: RecordedRun, published: Collection[int]) -> Iterator[Problem]:
    """Every kept row has its commit on the research branch, and every row was tried on top of one of them."""
    rows, branch = run.rows, branch_of(run.name)
    log = code.repository.log_messages(rows[0].commit, ref_of(run.name), merged=True)
    on_branch = {rows[0].commit, *(sha for sha, _ in log)}
    for row in rows:
        if row.parent not in on_branch:
            what = f"{row.parent[:12]} is not on {branch}: the branch was rebased, or moved to other commits"
            yield Problem(row.number, "parent", what)
            break  # every later row says the same
    for row in kept(rows):
        if row.number not in published and row is not rows[-1]:  # the last one may still be on its way
            yield Problem(row.number, "commit", f"kept, and {branch} has no commit of it")


def check_code(code: Code, run: RecordedRun, commits: tuple[PublishedCommit, ...]) -> Iterator[Problem]:
    """Parent plus edits gives the recorded and the published code; the stages before the tests say the same again.

    In a clone the candidate's own commit is not there: what its edits make is what the branch must hold.
    """
    rows = run.rows
    incumbent = code.at(rows[0].commit)
    if incumbent is None:
        return
    model = trusted_files(code.repository, rows[0].commit)[MODEL]
    for row in rows:
        if code.at(row.parent) not in (None, incumbent):
            yield Problem(row.number, "parent", "does not hold the incumbent's code")
        if row.kind != "proposal" or row.verdict.stage == "propose":
            continue
        try:
            after = edits.apply(incumbent, row.edits)
        except edits.EditError as error:
            yield from _refused_edits(row, str(error))
            continue
        yield from _applied_edits(row, after, code.at(row.commit), model)
        if row.verdict.outcome == "kept":
            named = [commit.sha for commit in commits if commit.number == row.number]
            yield from (_other_code(row, sha) for sha in named if _differs(code, run, sha, incumbent, after))
            incumbent = after


def _differs(code: Code, run: RecordedRun, sha: str, before: dict[str, str], after: dict[str, str]) -> bool:
    """Whether a commit that names a kept row holds other code than its candidate.

    Below HEAD it may have been rebased onto other code, which is not said to have been measured.
    """
    if code.at(sha) == after:
        return False
    is_there = code.repository.ref(ref_of(run.name)) is not None
    return is_there or code.at(_parent(code.repository, sha)) in (None, before)


def _other_code(row: Experiment, sha: str) -> Problem:
    return Problem(row.number, "commit", f"{sha[:12]} holds other code than the candidate")


def _refused_edits(row: Experiment, refusal: str) -> Iterator[Problem]:
    if row.verdict.stage != "edit":
        yield Problem(row.number, "edits", f"do not apply to the parent: {refusal.splitlines()[0]}")
    elif is_comparable(row) and row.verdict.reason != refusal:
        yield Problem(row.number, "verdict.reason", f"is not why the edits do not apply: {refusal.splitlines()[0]}")


def _applied_edits(
    row: Experiment, after: dict[str, str], committed: dict[str, str] | None, model: str
) -> Iterator[Problem]:
    if row.verdict.stage == "edit":
        yield Problem(row.number, "verdict.stage", "recorded 'edit', and the edits apply to the parent")
    if committed not in (None, after):
        yield Problem(row.number, "commit", f"{row.commit[:12]} does not hold the parent's code with the edits")
    if row.harness_sha256 != harness_hash():
        return
    refusals = policy.check(after, model=model)
    if row.verdict.stage not in ("edit", "policy") and refusals:  # whatever Python the row says that it was
        yield Problem(row.number, "verdict.stage", f"the policy refuses this code: {refusals[0]}")
    if not is_comparable(row):
        return
    if row.verdict.stage != "edit" and edits.normal_hash(after) != row.tree_sha256:
        yield Problem(row.number, "tree_sha256", "not the hash of the parent's code with the edits")
    if row.verdict.stage == "policy" and not (refusals and row.verdict.reason.startswith(str(refusals[0]))):
        yield Problem(row.number, "verdict", "the policy does not refuse this code for that reason")


def is_comparable(row: Experiment) -> bool:
    """Whether this harness and this Python wrote the row: refusals and code hashes may differ between versions."""
    python = f"Python {platform.python_version()};"
    return row.harness_sha256 == harness_hash() and row.environment.startswith(python)
