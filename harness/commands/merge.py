"""`python -m harness merge`: a reviewed run's findings, brought to the branch that is checked out.

Promises: a real git merge, made and audited in a worktree of its own; your branch is fast-forwarded to it only when it
has no conflict and `check` and `verify` hold there. Otherwise nothing is changed, and a line or a page says why. No
hook runs and nothing is signed. Does not cover: resolving conflicts; measuring code that both sides changed.
"""

import json
import os
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness import finding
from harness.cli import Parser
from harness.commands import counted
from harness.commands.check import check_all
from harness.commands.decided import reviewer
from harness.commands.recorded import Code, read_run
from harness.commands.reviewed import ReviewedRun, code_of, restore_hint, reviewed_run
from harness.commands.trial import Conflict, Side, Trial, has_only_bullets, merge_base, tried
from harness.commands.verify import audit_run
from harness.edits import is_editable
from harness.errors import ArdentError
from harness.finding.discoveries import DISCOVERIES
from harness.finding.prose import show_code
from harness.git import Repository
from harness.git.command import trouble
from harness.run.lock import held
from harness.run.names import ledger_path


@dataclass(frozen=True, slots=True)
class Merge:
    """What came of a merge. `commit`: of the merge, also when it was only tried; empty without one.

    Attributes:
        is_done: the branch `into` holds it now, or did already.
        before: where `into` was.
    """

    run: str
    branch: str
    into: str
    before: str
    approved: tuple[str, ...]
    rejected: tuple[str, ...]
    is_done: bool = True
    commit: str = ""
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()


def main(argv: list[str], root: Path) -> int:
    """Merge a run. 0 when it is merged (or could be, with --dry-run), else 1."""
    parser = Parser(prog="python -m harness merge", description=_ABOUT)
    parser.add_argument("run", metavar="RUN", help="a run whose findings are all reviewed")
    parser.add_argument("--dry-run", action="store_true", help="try it, say what would happen, and change nothing")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args(argv)
    repository = Repository.open(root)
    with held(repository, arguments.run):
        merge = _merge(reviewed_run(repository, arguments.run), is_dry=arguments.dry_run)
    if arguments.json:
        print(json.dumps({"command": "merge", "dry_run": arguments.dry_run, **asdict(merge)}, indent=2))
    else:
        print("\n".join(_told(merge)))
    if merge.conflicts:
        paths = ", ".join(conflict.path for conflict in merge.conflicts)
        raise ArdentError(f"{merge.branch} conflicts with {merge.into} in {paths}; nothing was changed")
    return 0


_ABOUT = (
    "Merge research/RUN into the branch that is checked out, when every finding of it is reviewed. It is tried and "
    "audited in a folder of its own first: your checkout changes only when everything holds, and never has conflicts."
)


def _merge(reviewed: ReviewedRun, *, is_dry: bool) -> Merge:
    """Try it, and take it over unless `is_dry`.

    Raises:
        ArdentError: it may not be merged, or what came out does not hold.
    """
    into = _target(reviewed)
    repository, before = reviewed.repository, reviewed.repository.head()
    approved, rejected = (tuple(one.id for one in reviewed.with_status(s)) for s in ("approved", "rejected"))
    merge = Merge(reviewed.name, reviewed.branch, into, before, approved, rejected)
    if repository.is_ancestor(reviewed.tip or "", "HEAD"):
        return merge
    _check_clean(repository)
    _check_reviewed(reviewed)
    with tried(reviewed, _message(reviewed, into)) as trial:
        if trial.conflicts:
            return replace(merge, is_done=False, conflicts=trial.conflicts)
        notes = (*_audit(reviewed, trial), *_notes(reviewed, trial))
        if not is_dry:
            _fast_forward(repository, trial.commit, into)
        return replace(merge, is_done=not is_dry, commit=trial.commit, notes=notes)


# -- whether it may be ------------------------------------------------------------------------------------------------


def _target(reviewed: ReviewedRun) -> str:
    """The branch that is checked out."""
    into = reviewed.repository.current_branch()
    if reviewed.tip is None:
        raise ArdentError(f"{reviewed.branch} is gone, so there is nothing to merge; {restore_hint(reviewed)}")
    if into is None:
        raise ArdentError("HEAD is detached; switch to the branch that is to have the findings: git switch main")
    if into == reviewed.branch:
        raise ArdentError(f"{into} itself is checked out; switch to the branch that is to have its findings")
    reviewer(reviewed.repository)  # a merge has an author
    return into


def _check_clean(repository: Repository) -> None:
    out = os.fsdecode(repository.command.run("status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"))
    changed = [entry[3:] for entry in out.split("\0")[:-1]]
    if changed:
        some = ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        raise ArdentError(f"{counted(len(changed), 'file')} changed and not committed ({some}); commit, or: git stash")


def _check_reviewed(reviewed: ReviewedRun) -> None:
    """Everything decided, nothing accepted that builds on what was refused, and the code that this gives."""
    name, waiting = reviewed.name, reviewed.with_status("unreviewed")
    if waiting:
        ids = ", ".join(one.id for one in waiting)
        raise ArdentError(f"not reviewed yet: {ids}; decide first: python -m harness review {name}")
    for one in reviewed.with_status("rejected"):
        builders = ", ".join(builder.id for builder in reviewed.builders(one.row.number))
        if builders:
            raise ArdentError(
                f"{one.id} is rejected, and {builders} build on its code and hold it; reject those too (its change "
                f"then goes with theirs), or approve it: python -m harness review {name} --approve {one.id}"
            )
    _check_brought(reviewed)
    if reviewed.pending is not None:
        number = reviewed.pending.number
        raise ArdentError(f"experiment {number} was kept, and {reviewed.branch} lacks it; start the run again first")
    code = Code(reviewed.repository)
    if code.at(reviewed.tip or "") != code_of(reviewed, reviewed.standing(), code):
        raise ArdentError(
            f"{reviewed.branch} does not hold the code of experiment {reviewed.standing().number}, the last accepted; "
            f"see git reflog {reviewed.branch} and move it back"
        )


def _check_brought(reviewed: ReviewedRun) -> None:
    """Findings were reviewed, and nothing else: what is beside the run's code and record does not ride along."""
    base, foreign = merge_base(reviewed), _not_of_the_run(reviewed)
    if not foreign:
        return
    some = show_code(", ".join(foreign[:3])) + (", ..." if len(foreign) > 3 else "")
    fix = f"see: git log --stat {base[:12]}..{reviewed.branch}; take it off the branch, or merge it by hand first"
    first = reviewed.run.rows[0].commit
    if not reviewed.repository.is_ancestor(first, "HEAD"):
        fix = f"it began at {first[:12]}, which is not merged here: git merge {first[:12]}, then this again"
    raise ArdentError(f"{reviewed.branch} brings what its run did not make ({some}); {fix}")


def _not_of_the_run(reviewed: ReviewedRun) -> list[str]:
    """Changed paths that are no code of an experiment's and no record of the run's, or that are no plain file."""
    base, tip, repository = merge_base(reviewed), reviewed.tip or "", reviewed.repository
    own = {DISCOVERIES, ledger_path(reviewed.name)}
    for one in reviewed.findings:
        own |= {one.path, finding.paths(one.row).evidence}
    out = os.fsdecode(repository.command.run("diff-tree", "-r", "-z", "--no-renames", base, tip)).split("\0")
    found = []
    for entry, path in zip(out[:-1:2], out[1::2], strict=True):  # ":old-mode new-mode old new letter", then the path
        is_plain = entry.split()[1] in ("000000", "100644")
        if not is_plain or not (path in own or is_editable(path)):
            found.append(path)
    return found if DISCOVERIES in found or has_only_bullets(reviewed) else [*found, DISCOVERIES]


# -- what comes out ---------------------------------------------------------------------------------------------------


def _message(reviewed: ReviewedRun, into: str) -> str:
    counts = [(len(reviewed.with_status(status)), status) for status in ("approved", "rejected")]
    decided = ", ".join(f"{count} {status}" for count, status in counts if count) or "no finding"
    lines = [f"Merge run {reviewed.name} into {into}: {decided}", ""]
    lines += [f"{one.id} {one.review.status} by {one.review.by or '(nobody named)'}" for one in reviewed.findings]
    return "\n".join(lines) + "\n"


def _audit(reviewed: ReviewedRun, trial: Trial) -> tuple[str, ...]:
    """`check` of the merged tree, and `verify` of the run in it; what verify notes."""
    audit = audit_run(trial.repository, read_run(trial.repository, reviewed.name))
    problems = [*check_all(trial.repository), *map(str, audit.problems)]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        where = f"`python -m harness check` and `verify --run {reviewed.name}`"
        raise ArdentError(f"merged, {where} would not hold: {problems[0]}{more}; mend that first, nothing was changed")
    return audit.notes


def _notes(reviewed: ReviewedRun, trial: Trial) -> Iterator[str]:
    """What is true of the merged tree and easily overlooked."""
    if trial.rendered:
        yield f"rendered again by today's template: {', '.join(trial.rendered)}"
    code, tip = Code(reviewed.repository), reviewed.tip or ""
    merged, measured = code.at(trial.commit) or {}, code.at(tip) or {}
    mixed = sorted(path for path in merged.keys() | measured.keys() if merged.get(path) != measured.get(path))
    if mixed:
        base = merge_base(reviewed)[:12]
        what = f"the merged code is not the code that was measured: {', '.join(mixed)} differ"
        yield f"{what}; measure it: python -m harness gate --against {base}"
    left = len(reviewed.run.rows) - len(reviewed.place.rows if reviewed.place else ())
    if left:
        yield f"the run is not finished: {counted(left, 'row')} of its ledger are not on {reviewed.branch} yet"


def _fast_forward(repository: Repository, commit: str, into: str) -> None:
    """Move the checked-out branch and its files to the merge, all or nothing."""
    out = repository.command.run("diff-tree", "-r", "-z", "--name-only", "--diff-filter=A", "HEAD", commit)
    in_the_way = [path for path in os.fsdecode(out).split("\0")[:-1] if (repository.root / path).exists()]
    if in_the_way:
        raise ArdentError(f"{in_the_way[0]} is in the way and not tracked by git; move it away, then merge again")
    answer = repository.command.start("merge", "--ff-only", "--quiet", commit)
    if answer.status and not repository.is_ancestor("HEAD", commit):
        raise ArdentError(f"{into} moved while the merge was tried; run the same command again")
    if answer.status:
        raise trouble(f"git merge into {into}", answer)


# -- what is printed --------------------------------------------------------------------------------------------------


def _told(merge: Merge) -> Iterator[str]:
    if merge.conflicts:
        yield from _explained(merge)
    elif not merge.commit:
        yield f"nothing to merge: {merge.into} holds {merge.branch} already"
    else:
        verb = "merged" if merge.is_done else "would merge"
        yield f"{verb} {merge.branch} into {merge.into}: {merge.commit[:12]}, check and verify hold there"
        yield from (f"  approved  {one}" for one in merge.approved)
        yield from (f"  rejected  {one}: its record comes along, its change does not" for one in merge.rejected)
        yield from (f"  note: {note}" for note in merge.notes)
        if merge.is_done:
            yield f"  to undo it: git reset --keep {merge.before[:12]}"


def _explained(merge: Merge) -> Iterator[str]:
    """Each conflict with what both sides did, and what to type."""
    for conflict in merge.conflicts:
        yield f"{conflict.path}: {merge.into} and {merge.branch} both touched it"
        yield from _side_lines(conflict.ours)
        yield from _side_lines(conflict.theirs)
    paths = " ".join(shlex.quote(conflict.path) for conflict in merge.conflicts)
    yield "Nothing was changed. To merge by hand:"
    yield f"  git merge --no-ff {merge.branch}"
    yield f"  git checkout --theirs {paths}    # as the run measured it"
    yield f"  git checkout --ours {paths}      # or as you have it: the findings then tell of code that is not here"
    yield f"  git checkout --ours {DISCOVERIES}    # if it conflicts too: the next line adds the run's bullets"
    yield f"  python -m harness check --write && git add {paths} {DISCOVERIES} findings && git commit"
    yield f"A mixture of both was never measured: python -m harness gate --against {merge.before[:12]}"


def _side_lines(side: Side) -> Iterator[str]:
    commits = "; ".join(show_code(commit) for commit in side.commits[:3]) or "no commit of its own"
    yield f"  {side.name} {side.word} it: {commits}"
    yield from (f"    {show_code(line)}" for line in side.lines)
