"""A merge tried out in a worktree of its own, before the user's checkout sees any of it.

Promises: a real git merge, whose commit exists when `tried` says so and whose conflicts are told when not; the user's
checkout, index and branches stay as they are, whatever happens; bullets that two runs appended to one list do not
conflict. Does not cover: whether the merge is wanted (`merge`), and moving the user's branch to it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness import finding, scratch
from harness.commands.check import write_findings
from harness.commands.reviewed import ReviewedRun
from harness.errors import ArdentError
from harness.finding.discoveries import DISCOVERIES
from harness.git import Repository
from harness.git.command import trouble

SHOWN_LINES = 6  # of each side's change; the rest is a git diff away


@dataclass(frozen=True, slots=True)
class Side:
    """What one side did to a file since the two parted: `word` changed, added or deleted; commits; changed lines."""

    name: str
    word: str
    commits: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that git cannot merge, and why."""

    path: str
    ours: Side
    theirs: Side


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: the merge in a worktree, committed unless there are conflicts. Gone when its context ends.

    Attributes:
        commit: empty when there are conflicts.
        rendered: files that were rendered again, because another template had made them.
    """

    repository: Repository
    commit: str
    conflicts: tuple[Conflict, ...]
    rendered: tuple[str, ...]


@contextmanager
def tried(reviewed: ReviewedRun, message: str) -> Iterator[Trial]:
    """Merge the run's branch into HEAD, in a worktree of its own.

    Raises:
        ArdentError: git fails otherwise than by a conflict.
    """
    assert reviewed.tip is not None
    with _worktree(reviewed.repository) as tree:
        answer = tree.command.start("merge", "--no-ff", "--no-commit", "--quiet", reviewed.tip)
        unmerged = _unmerged(tree)
        if answer.status and not unmerged:
            raise trouble(f"git merge {reviewed.branch}", answer)
        if DISCOVERIES in unmerged and _unite_bullets(reviewed, tree):
            unmerged.remove(DISCOVERIES)
        if unmerged:
            yield Trial(tree, "", tuple(_conflict(reviewed, path) for path in unmerged), ())
            return
        files = [tree.root / one.path for one in reviewed.findings if (tree.root / one.path).exists()]
        rendered = tuple(write_findings(tree, files))
        tree.command.run("add", "--update")
        tree.command.run("commit", "--quiet", "--no-verify", "--file=-", stdin=message.encode())
        yield Trial(tree, tree.head(), (), rendered)


@contextmanager
def _worktree(repository: Repository) -> Iterator[Repository]:
    """A checkout of HEAD in a temporary folder. What a killed one left is swept: its folder, then git's note of it."""
    with scratch.folder("merge") as folder:
        _forget_lost(repository)
        place = folder / "tree"
        repository.command.run("worktree", "add", "--quiet", "--detach", str(place), "HEAD")
        try:
            yield Repository.open(place)
        finally:
            repository.command.start("worktree", "remove", "--force", str(place))


def _forget_lost(repository: Repository) -> None:
    """Take trials whose folder was swept out of git's list of worktrees."""
    listed = os.fsdecode(repository.command.run("worktree", "list", "--porcelain")).splitlines()
    for place in (Path(line.removeprefix("worktree ")) for line in listed if line.startswith("worktree ")):
        if place.parent.name.startswith("ardent-merge-") and not (place / ".git").exists():
            # Git may have gone on filling it for a moment after its parent was killed, and then it is locked: twice.
            shutil.rmtree(place, ignore_errors=True)
            repository.command.start("worktree", "remove", "--force", "--force", str(place))


def _unmerged(tree: Repository) -> list[str]:
    entries = os.fsdecode(tree.command.run("ls-files", "--unmerged", "-z")).split("\0")[:-1]
    return sorted({entry.partition("\t")[2] for entry in entries})


def _unite_bullets(reviewed: ReviewedRun, tree: Repository) -> bool:
    """Put the run's bullets into our DISCOVERIES.md, if they are all that its branch did there; whether they are."""
    if not has_only_bullets(reviewed):
        return False
    ours = _discoveries(reviewed, reviewed.repository.head())
    for one in reviewed.findings:
        ours = finding.add_bullet(ours, finding.bullet(one.row, is_rejected=one.review.status == "rejected"))
    (tree.root / DISCOVERIES).write_text(ours, "utf-8")
    tree.command.run("add", DISCOVERIES)
    return True


def has_only_bullets(reviewed: ReviewedRun) -> bool:
    """Whether the run's bullets are all that its branch changed in DISCOVERIES.md."""
    theirs, base = (_discoveries(reviewed, commit) for commit in (reviewed.tip or "", merge_base(reviewed)))
    sources = [one.path for one in reviewed.findings]
    return finding.without_bullets(theirs, sources) == finding.without_bullets(base, sources)


def _discoveries(reviewed: ReviewedRun, commit: str) -> str:
    return (reviewed.repository.file_bytes(commit, DISCOVERIES) or b"").decode("utf-8", "replace")


def merge_base(reviewed: ReviewedRun) -> str:
    """Where the run's branch and HEAD parted.

    Raises:
        ArdentError: they have nothing in common.
    """
    base = reviewed.repository.command.ask("merge-base", "HEAD", reviewed.tip or "")
    if base is None:
        raise ArdentError(f"{reviewed.branch} has no commit in common with HEAD; switch to a branch of its history")
    return base


# -- what conflicts ---------------------------------------------------------------------------------------------------


def _conflict(reviewed: ReviewedRun, path: str) -> Conflict:
    ours = _side(reviewed, reviewed.repository.current_branch() or "HEAD", "HEAD", path)
    return Conflict(path, ours, _side(reviewed, reviewed.branch, reviewed.tip or "", path))


def _side(reviewed: ReviewedRun, name: str, tip: str, path: str) -> Side:
    """What happened to a file on the way from where the branches parted to `tip`."""
    repository, base = reviewed.repository, merge_base(reviewed)
    before, after = (repository.file_bytes(commit, path) for commit in (base, tip))
    word = "deleted" if after is None else "added" if before is None else "changed"
    shown = repository.command.run("log", "--format=%h %s", f"{base}..{tip}", "--", path)
    commits = tuple(shown.decode("utf-8", "replace").splitlines())
    diff = repository.diff(base, repository.resolve(tip), [path]).split("\n")
    lines = [line for line in diff if line[:1] in ("+", "-") and not line.startswith(("+++", "---"))]
    cut = [f"... and {len(lines) - SHOWN_LINES} lines more"] if len(lines) > SHOWN_LINES else []
    return Side(name, word, commits, (*lines[:SHOWN_LINES], *cut))
