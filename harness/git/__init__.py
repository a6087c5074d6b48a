"""Git as the loop sees it: text at a commit, commits on top of a parent, refs moved by compare-and-swap.

Promises: the user's checkout, index, HEAD, stashes and hooks are never touched; bytes go in and out as they
are (no filters, no line-ending conversion); what a method wrote is on the disk when it returns; a failure
moves no ref. Every git process is started by harness/git/command.py.

Does not cover: checking a branch out, merging, the network, partial clones. Files are written with mode
100644, whatever they had. A commit that was killed half-way may leave unreachable objects, which `git gc` removes
later.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from harness import crash_points
from harness.errors import ArdentError
from harness.git import apart, left
from harness.git.command import GitCommand, trouble, with_identity
from harness.git.stream import SHA, checked_path, import_stream

_IN_PROGRESS = {
    "MERGE_HEAD": "git merge --abort",
    "rebase-merge": "git rebase --abort",
    "rebase-apply": "git rebase --abort",
    "CHERRY_PICK_HEAD": "git cherry-pick --abort",
    "REVERT_HEAD": "git revert --abort",
    "BISECT_LOG": "git bisect reset",
}
_PRUNED = 5  # how often a commit is made that a user's git prune takes before it is on a ref
_MOVED = ("but expected", "reference already exists", "unable to resolve reference")


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, seen from one of its worktrees. Made by `open`.

    Attributes:
        root: top folder of the worktree.
        git_dir: the worktree's own git directory.
        private: the loop's folder in the git directory that all worktrees share.
        command: git in this worktree; its identity is author and committer of the loop's commits.
    """

    root: Path
    git_dir: Path
    private: Path
    command: GitCommand

    @classmethod
    def open(cls, path: Path, *, allow_in_progress: bool = False) -> "Repository":
        """The repository around `path`; ArdentError when it is in no state to work on."""
        asked = ("--is-bare-repository", "--is-shallow-repository", "--git-common-dir", "--absolute-git-dir")
        answer = GitCommand(path).start("rev-parse", *asked, "--show-toplevel")
        facts = os.fsdecode(answer.out).splitlines()
        if facts[:1] == ["true"]:
            raise ArdentError(f"{path}: the repository is bare; clone it, and run in the clone")
        if answer.status or len(facts) != 5:
            raise trouble(f"{path}: git", answer)
        if facts[1] == "true":
            raise ArdentError(f"{path}: the clone is shallow; run: git fetch --unshallow")
        root, git_dir = Path(facts[4]), Path(facts[3])
        command = with_identity(GitCommand(root, git_dir))
        found = cls(root, git_dir, (path / facts[2]).resolve() / "ardent", command)
        found._check_state(allow_in_progress=allow_in_progress)
        return found

    def private_dir(self) -> Path:
        """The loop's folder in the git directory, made for this user only (0700) if it is missing."""
        if not self.private.is_dir():
            self.private.mkdir(mode=0o700, exist_ok=True)
            apart.sync(self.common)
        return self.private

    # Commits and refs

    def head(self) -> str:
        """The full hash of HEAD."""
        return self.resolve("HEAD")

    def resolve(self, rev: str) -> str:
        """The full hash of the commit that `rev` names."""
        usable = rev and not rev.startswith("-") and "\0" not in rev
        sha = self.command.ask("rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}") if usable else None
        if sha is None:
            raise ArdentError(f"{rev!r}: no such commit in {self.root}; name a branch, a tag or a hash")
        return sha

    def ref(self, name: str) -> str | None:
        """Where the ref with this full name (refs/...) points; None if there is none."""
        return self.list_refs(name).get(name)

    def list_refs(self, prefix: str) -> dict[str, str]:
        """The refs in the folder `prefix` (refs/...): full name to hash."""
        out = self.command.run("for-each-ref", "--format=%(refname) %(objectname)", "--", prefix)
        rows = (row.rpartition(" ") for row in os.fsdecode(out).splitlines())
        return {name: sha for name, _, sha in rows}

    def current_branch(self) -> str | None:
        """The short name of the branch checked out here; None when HEAD is detached."""
        name = self.command.ask("symbolic-ref", "--quiet", "HEAD")
        return name.removeprefix("refs/heads/") if name else None

    def branch_checked_out_at(self, branch: str) -> Path | None:
        """The worktree, this one or another, that has `branch` checked out."""
        for block in os.fsdecode(self.command.run("worktree", "list", "--porcelain")).split("\n\n"):
            lines = block.splitlines()
            place = Path(lines[0].removeprefix("worktree ")) if lines else None
            if place and f"branch refs/heads/{branch}" in lines and place.exists():
                return place
        return None

    def default_base(self) -> str:
        """The commit at which the current branch left the default one; HEAD on that, or when there is none.

        The default branch is what origin/HEAD names, else main, else master. Where it exists both here and at
        origin, the one nearer to HEAD counts: local commits that were never pushed are not the branch's own.
        """
        known = self.list_refs("refs/heads") | self.list_refs("refs/remotes/origin")
        remote = self.command.ask("symbolic-ref", "--quiet", "refs/remotes/origin/HEAD") or ""
        usual = (name for name in ("main", "master") if f"refs/heads/{name}" in known)
        name = remote.removeprefix("refs/remotes/origin/") if remote in known else next(usual, "")
        tips = [ref for ref in (remote, f"refs/heads/{name}") if ref in known]
        on_default = not tips or self.current_branch() == name
        return (None if on_default else self.command.ask("merge-base", "HEAD", *tips)) or self.head()

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` is `ancestor` or builds on it."""
        return self.command.ask("merge-base", "--is-ancestor", ancestor, descendant) is not None

    def log_messages(self, stop: str, tip: str, *, merged: bool = False) -> tuple[tuple[str, str], ...]:
        """(hash, message) of the commits from `tip` down to `stop`, without it; along first parents unless `merged`."""
        shown = ("-z", "--no-show-signature", "--format=%H%n%B", *(() if merged else ("--first-parent",)))
        out = self.command.run("log", *shown, f"{stop}..{tip}", "--")
        entries = (entry.partition("\n") for entry in out.decode("utf-8", "replace").split("\0") if entry)
        return tuple((sha, message.rstrip("\n")) for sha, _, message in entries)

    # Reading

    def files(self, commit: str, prefixes: Sequence[str]) -> dict[str, str]:
        """Path to text of the files of `commit` below the prefixes (files or folders; none: everything)."""
        out = self.command.run("ls-tree", "-r", "-z", "--full-tree", self.resolve(commit), "--", *prefixes)
        shas: dict[str, str] = {}
        for entry in out.split(b"\0")[:-1]:
            facts, _, raw = entry.partition(b"\t")
            path = _decode(raw, f"{commit}: a file name")
            mode, _, sha = facts.decode("ascii").split(" ")
            if mode in ("120000", "160000"):
                raise _not_plain(f"{commit}:{path}", "symlink" if mode == "120000" else "submodule")
            shas[path] = sha
        blobs = zip(shas, self._blobs(list(shas.values())), strict=True)
        return {path: _decode(blob, f"{commit}:{path}") for path, blob in blobs}

    def file_bytes(self, commit: str, path: str) -> bytes | None:
        """The bytes of the file at `path` in `commit`; None if there is no file."""
        return self._blobs([f"{self.resolve(commit)}:{checked_path(path)}"])[0]

    def has_file(self, commit: str, path: str) -> bool:
        """Whether there is a file at `path` in `commit`; it is not read."""
        name = f"{self.resolve(commit)}:{checked_path(path)}"
        return self.command.ask("rev-parse", "--verify", "--quiet", name) is not None

    def working_files(self, prefixes: Sequence[str]) -> dict[str, str]:
        """The same of the working tree: with uncommitted and untracked files, without ignored ones."""
        out = self.command.run(
            "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *prefixes
        )
        paths = sorted({_decode(raw, f"{self.root}: a file name") for raw in out.split(b"\0")[:-1]})
        return {path: text for path in paths if (text := self._working_text(path)) is not None}

    def diff(self, old: str, new: str, prefixes: Sequence[str] = ()) -> str:
        """The unified diff from commit `old` to `new` below the prefixes, whatever the user configured."""
        plain = ("--no-ext-diff", "--no-textconv", "--no-color", "--no-renames", "--text")
        shape = ("--abbrev=12", "-U3", "--src-prefix=a/", "--dst-prefix=b/", "--diff-algorithm=myers")
        out = self.command.apart().run("diff-tree", "-r", "-p", *plain, *shape, old, new, "--", *prefixes)
        return out.decode("utf-8", "replace")

    # Writing

    def commit(
        self,
        parent: str,
        changes: Mapping[str, str | Path | None],
        message: str,
        ref: str,
        expected: str | None,
        *,
        date: int | None = None,
    ) -> str:
        """Commit `changes` (path to text, None deletes) on `parent`, and move `ref` there from `expected`.
        A file of any length is given by its place on the disk: git reads it there, and it must not change meanwhile.
        `expected` None: there is no such ref yet. `date` is in seconds since 1970, None is now; with it, the
        same arguments give the same hash. Returns the hash. ArdentError: the ref is elsewhere, the disk full.
        """
        stamp = f"{self.command.identity} {int(time.time()) if date is None else date} +0000"
        is_named = False
        for _ in range(_PRUNED):
            sha = self._make_commit(parent, changes, message, stamp)
            crash_points.reach("commit-made")
            is_named = is_named or self.move_ref(ref, sha, expected)
            if is_named and apart.is_whole(self.command, sha, parent):
                return sha
        raise ArdentError(f"{ref}: git prune removes what is written; let it end, then run the same command again")

    def _make_commit(self, parent: str, changes: Mapping[str, str | Path | None], message: str, stamp: str) -> str:
        """The commit, on no ref yet."""
        with apart.new_objects(self.command, self.common, self.private_dir(), parent) as command:
            known = {path: apart.store(command, new) if isinstance(new, Path) else new for path, new in changes.items()}
            stream = b"".join(import_stream(parent, known, message, stamp))
            return command.run("fast-import", "--quiet", "--date-format=raw", stdin=stream).decode().strip()

    def move_ref(self, ref: str, new: str, expected: str | None) -> bool:
        """Move `ref` from `expected` (None: there is none) to `new`, or leave it and raise ArdentError.

        False: `new` is not there, because a user's git prune took it before it was on a ref.
        """
        old = "0" * len(new) if expected is None else expected
        if not ref.startswith("refs/") or not SHA.fullmatch(new) or not SHA.fullmatch(old):
            raise ValueError(f"not a full ref name and full hashes: {ref!r}, {new!r}, {expected!r}")
        answer = self.command.start("update-ref", "--no-deref", "-m", "ardent", ref, new, old)
        if answer.status and any(words in answer.error for words in _MOVED):
            wanted = "no such ref" if expected is None else expected[:12]
            raise ArdentError(
                f"{ref}: expected {wanted}, but something else moved it; "
                f"see git log -g {ref}, then move it back or start another run"
            )
        if answer.status and "nonexistent object" in answer.error:
            return False
        if answer.status:
            raise trouble(f"{ref}: git update-ref", answer)
        crash_points.reach("ref-moved")
        apart.sync_ref(self.common, ref)
        return True

    @contextmanager
    def alone_on(self, refs: Sequence[str], lock: Path) -> Iterator["Repository"]:
        """The repository for the one process that moves these refs (full names; with a last /, all in that folder).

        What an earlier such process left, killed, is out of the way: git at work, and locks. `lock` is a file for it.
        """
        with left.waited_for(lock) as file:
            left.remove_stale_locks(self.common, refs)
            yield replace(self, command=replace(self.command, inherited=file))

    # Inside

    @property
    def common(self) -> Path:
        """The git directory that all worktrees share."""
        return self.private.parent

    def _blobs(self, names: Sequence[str]) -> list[bytes | None]:
        """The bytes of each blob (hash, or commit:path); None where there is no blob of that name."""
        asked = "".join(f"{name}\n" for name in names).encode()
        out = self.command.run("cat-file", "--batch", "--buffer", stdin=asked)
        blobs: list[bytes | None] = []
        at = 0
        for _ in names:
            end = out.index(b"\n", at)
            facts, at = out[at:end].split(b" "), end + 1
            if facts[-1] in (b"missing", b"submodule"):
                blobs.append(None)
                continue
            size = int(facts[2])
            blobs.append(out[at : at + size] if facts[1] == b"blob" else None)
            at += size + 1
        return blobs

    def _working_text(self, path: str) -> str | None:
        """One file of the working tree; None when it was deleted."""
        place = self.root / path
        folders = list(PurePosixPath(path).parents)[:-1]
        if place.is_symlink() or any((self.root / folder).is_symlink() for folder in folders):
            raise _not_plain(str(place), "symlink")
        if place.is_dir():
            raise _not_plain(str(place), "repository inside the repository")
        return _decode(place.read_bytes(), str(place)) if place.exists() else None

    def _check_state(self, *, allow_in_progress: bool) -> None:
        if self.command.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}") is None:
            raise ArdentError(f"{self.root}: the repository has no commit yet; commit something first")
        undo = next((undo for name, undo in _IN_PROGRESS.items() if (self.git_dir / name).exists()), None)
        if undo and not allow_in_progress:
            raise ArdentError(f"{self.root}: in the middle of a {undo.split()[1]}; finish it, or run: {undo}")


def _decode(raw: bytes | None, name: str) -> str:
    if raw is None:
        raise ArdentError(f"{name}: its object is missing; run git fsck, and clone the repository again")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ArdentError(f"{name}: not UTF-8 at byte {error.start}; convert it, or remove it") from error


def _not_plain(name: str, what: str) -> ArdentError:
    return ArdentError(f"{name}: a {what}, which is refused there; replace it by a plain file")
