"""How a git command is started: the one place that does, and the one line that the user sees when it fails.

Promises: whatever the user's environment and configuration say, no hook, pager, prompt, signature or
replaced object takes part, the repository named is the one used, the index is not refreshed, and what git
writes is synced to the disk.

Does not cover: time limits. Nothing here talks to a network or waits for input.
"""

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from signal import Signals

from harness.errors import ArdentError

# Which configuration to read is the user's business; every other GIT_* could point git at another repository.
_FOREIGN = ("GIT_", "ANTHROPIC_")  # and no child sees a key
_KEPT_VARIABLES = ("GIT_CONFIG_", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES")
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.quotePath=false",
    # Git before 2.36 ignores these two, and syncs no ref. New objects are synced by `apart`, whatever the git.
    "core.fsync=reference",
    "core.fsyncMethod=fsync",
    "commit.gpgSign=false",
    "gc.auto=0",
    "core.filesRefLockTimeout=1000",  # milliseconds: a user's git gc holds the lock of each ref for a moment
    "fastimport.unpackLimit=10000",  # loose objects: a pack for each experiment would slow every git command
)
NOBODY = "Ardent <ardent@localhost>"  # who commits where git knows no user
# Without a working tree only the repository's own info/attributes is left. Git before 2.43 ignores the last one, and
# reads no attributes of a commit either.
_APART = ("core.bare=true", f"core.attributesFile={os.devnull}", "attr.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904")
_FLAGS = ("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs")
_SPACE = "free disk space and run the same command again; no ref was moved"
_WRITABLE = "make the repository writable; no ref was moved"
_FIXES = {
    "No space left": _SPACE,
    "Out of diskspace": _SPACE,  # git's own word
    "File too large": _SPACE,
    "quota exceeded": _SPACE,
    "couldn't write": _SPACE,  # a ref, and git does not say why
    "SIGXFSZ": _SPACE,
    "died of signal 25": _SPACE,  # SIGXFSZ again, told by git about its own child
    "SIGKILL": "run the same command again",
    "SIGTERM": "run the same command again",
    "Read-only file system": _WRITABLE,
    "Permission denied": _WRITABLE,
    "insufficient permission": _WRITABLE,
    ".lock': File exists": "wait for the other git command, or remove that lock file if none is running",
    "bad config": "mend that file",
    "Expected git repo version": "mend core.repositoryFormatVersion in .git/config, or use a later git",
    "dubious ownership": "if you trust it, run: git config --global --add safe.directory <folder>",
    "not a git repository": "is its .git whole? Else name a folder inside a repository, or run git init there",
    "cannot change to": "name a folder inside a git repository",
    "must be run in a work tree": "name a folder of the working tree, outside .git",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one git command said: exit status (negative: a signal), output, error text."""

    status: int
    out: bytes
    error: str


@dataclass(frozen=True, slots=True)
class GitCommand:
    """Git in one working tree. Without `git_dir`, git looks for the repository around `root`.

    Attributes:
        identity: who the reflog names, `Name <email>`.
        inherited: descriptor that git processes keep open until they end, so that others can wait for them.
        is_apart: no working tree and no index takes part.
    """

    root: Path
    git_dir: Path | None = None
    identity: str = NOBODY
    inherited: int | None = None
    is_apart: bool = False

    def apart(self) -> "GitCommand":
        """The same on refs and objects alone. Git takes a file of the working tree for the blob that the index says it
        is, if its dates fit, and reads attributes there: what follows from commits must not follow from those.
        """
        return self if self.git_dir is None else replace(self, root=self.git_dir, is_apart=True)

    def start(self, *arguments: str, stdin: bytes = b"") -> Answer:
        """Run one git command to its end, whatever its exit status."""
        # Importing GitPython starts git, which an import of ours must not do.
        try:
            from git import Git  # noqa: PLC0415
        except ImportError as missing:
            raise ArdentError("git: not found on PATH; install git 2.30 or later") from missing
        # A session of its own: an interrupt at the terminal is ours to handle, between two git commands.
        process = Git().execute(
            [*self._prefix(), *arguments],
            istream=subprocess.PIPE,
            as_process=True,
            shell=False,
            start_new_session=True,
            pass_fds=() if self.inherited is None else (self.inherited,),
        )
        out, error = process.communicate(stdin)
        return Answer(process.returncode, out, error.decode("utf-8", "replace"))

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """The output of a git command that must succeed."""
        answer = self.start(*arguments, stdin=stdin)
        if answer.status:
            raise trouble(f"{self.root}: git {arguments[0]}", answer)
        return answer.out

    def ask(self, *arguments: str) -> str | None:
        """What a git command answers, stripped; None when it says no (exit 1)."""
        answer = self.start(*arguments)
        if answer.status not in (0, 1):
            raise trouble(f"{self.root}: git {arguments[0]}", answer)
        return None if answer.status else os.fsdecode(answer.out).strip()

    def _prefix(self) -> list[str]:
        """All before git's subcommand. GitPython can add variables, not remove them: `env` does both."""
        foreign = [n for n in os.environ if n.startswith(_FOREIGN) and not n.startswith(_KEPT_VARIABLES)]
        name, _, email = self.identity.rstrip(">").partition(" <")
        prefix = ["env", *_each("-u", foreign), "GIT_TERMINAL_PROMPT=0"]
        prefix += [f"GIT_COMMITTER_NAME={name}", f"GIT_COMMITTER_EMAIL={email}"]
        prefix += ["git", "-C", str(self.root), *_FLAGS, *_each("-c", _SETTINGS)]
        if self.is_apart:
            return [*prefix, f"--git-dir={self.git_dir}", *_each("-c", _APART)]
        if self.git_dir:  # looked for only once: a vanished .git must not lead to a repository further up
            prefix += [f"--git-dir={self.git_dir}", f"--work-tree={self.root}"]
        return prefix


def with_identity(command: GitCommand) -> GitCommand:
    """The same command with the user's name and address, if both are configured."""
    out = command.ask("config", "-z", "--get-regexp", r"^user\.(name|email)$") or ""
    user = dict(entry.partition("\n")[::2] for entry in out.split("\0"))
    # As git does: what would break the line of a commit is left out.
    name, email = (re.sub(r"[<>\x00-\x1f]", "", user.get(f"user.{k}", "")).strip() for k in ("name", "email"))
    return replace(command, identity=f"{name} <{email}>") if name and email else command


def _each(flag: str, values: Iterable[str]) -> list[str]:
    return [word for value in values for word in (flag, value)]


def trouble(command: str, answer: Answer) -> ArdentError:
    """One line for a git command that failed, with the fix."""
    text = f"ended by {Signals(-answer.status).name}" if answer.status < 0 else answer.error
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [f"exit status {answer.status}"]
    line = next((line for line in lines if line.startswith(("fatal: ", "error: "))), lines[-1])
    return ArdentError(f"{command}: {line.removeprefix('fatal: ').removeprefix('error: ')}; {fix_for(text)}")


def fix_for(text: str) -> str:
    """What to do about what git or the system said."""
    return next((fix for words, fix in _FIXES.items() if words in text), "run git fsck, and try again")
