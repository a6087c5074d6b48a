"""A user who does random things to the repository while the real loop runs in it.

`PYTHONPATH=. python tests/harness/random_users.py [--sessions N] [--seed S] [--json]` prints a line for each start of
the loop: what was done meanwhile, and how it ended. Between any two actions nothing but the loop runs, so that every
byte of the user's that differs was changed by the loop. The loop must go on or stop with one clear line (exit code 1),
never with a traceback; what is `gentle` must not stop it. Exit code 1 if one of this does not hold.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.harness.loops import (
    copy_project,
    make_user_project,
    processes_of,
    run_loop,
    scripted,
    started_loop,
    wait_until,
)
from tests.harness.project import environment, harness
from tests.harness.scripts import DISCARDED, KEPT, KEPT_TOO, NO_MATCH, POLICY, UNUSABLE, hidden, proposal

RUN = "x"
BRANCH = f"research/{RUN}"
ENTRIES = [POLICY, KEPT, UNUSABLE, DISCARDED, NO_MATCH, KEPT_TOO, proposal("A few units more", hidden(8, 9)), POLICY]
THINKING = 0.4  # seconds between two actions at most
TEXTS = ("sparse_parity/champion.py", "sparse_parity/data.py", "tests/sparse_parity/test_model.py", "notes.txt")
HOOKS = ("pre-commit", "post-commit", "reference-transaction", "post-checkout", "pre-push", "post-index-change")
# Of the git directory: what is the loop's, or follows from its refs and objects.
LOOPS = ("objects/", "ardent/", "refs/ardent/", "refs/heads/research/",
         "refs/experiments/", "logs/refs/heads/research/",
         "logs/refs/experiments/", "packed-refs", "fast_import_crash_", "gc.pid", "gc.log", "info/refs")

EXPECTED = ("in the middle of a ", "harness/ is not what run ", "the compiled meter is older", "the baseline ")
ROUGHLY = 0.06  # how often a rough user is rough: most of it ends the loop
Random = random.Random
Action = Callable[[Path, Random], None]


@dataclass
class Start:
    """One start of the loop. `wrong` says what does not hold; empty if everything does."""

    seed: int
    actions: list[str] = field(default_factory=list)
    exit_code: int = 0
    said: str = ""
    wrong: list[str] = field(default_factory=list)


# -- what is the user's -----------------------------------------------------------------------------------------------


def state_of(root: Path) -> dict[str, bytes]:
    """Every byte of the user's: his files, and of the git directory what is not the loop's; refs by name."""
    found = {}
    for path in walk(root):
        name = path.relative_to(root).as_posix()
        inside = name.removeprefix(".git/") if name.startswith(".git/") else None
        if "__pycache__" in name or (inside is not None and inside.startswith(LOOPS)):
            continue
        found[name] = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
    return found | {f"ref {name}": sha.encode() for name, sha in packed_refs(root) if f".git/{name}" not in found}


def walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.is_symlink():
            if not path.as_posix().endswith((".git/objects", ".git/ardent")):
                yield from walk(path)
        else:
            yield path


def packed_refs(root: Path) -> list[tuple[str, str]]:
    try:
        lines = (root / ".git" / "packed-refs").read_text().splitlines()
    except OSError:
        return []
    rows = [line.split(" ") for line in lines if line[:1] not in ("#", "^")]
    return [(name, sha) for sha, name in rows if not name.startswith(("refs/heads/research/", "refs/experiments/"))]


# -- what he does -----------------------------------------------------------------------------------------------------


def user_git(root: Path, *arguments: str) -> str:
    """His own git. It may fail, as git does in a repository in disorder."""
    identity = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    command = ["git", "-C", str(root), *identity, *arguments]
    done = subprocess.run(command, env=environment(root), capture_output=True, text=True, check=False, timeout=60)
    return done.stdout.strip()


def git_action(*arguments: str) -> Action:
    def act(root: Path, rng: Random) -> None:
        named = {"N": str(rng.randrange(4)), "PLACE": str(root.parent / f"linked-{rng.randrange(2)}")}
        user_git(root, *(word.format(**named) for word in arguments))

    return act


def edit(root: Path, rng: Random) -> None:
    place = root / rng.choice(TEXTS)
    if place.parent.is_dir():
        before = place.read_text() if place.exists() else ""
        place.write_text(before + rng.choice(["# an idea\n", "broken(\n", "x = 1\n"]))


def delete_a_file(root: Path, rng: Random) -> None:
    (root / rng.choice(TEXTS[:3])).unlink(missing_ok=True)


def edit_and(*arguments: str) -> Action:
    def act(root: Path, rng: Random) -> None:
        edit(root, rng)
        user_git(root, *arguments)

    return act


def put_a_hook(root: Path, rng: Random) -> None:
    hook = root / ".git" / "hooks" / rng.choice(HOOKS)
    hook.parent.mkdir(exist_ok=True)
    # Only the loop's git has that folder for temporary files.
    home = root.parent / "home"
    hook.write_text(f'#!/bin/sh\n[ "$TMPDIR" = "{home / "tmp"}" ] && echo "$0" >> "{home}/hooks-that-ran"\nexit 1\n')
    hook.chmod(0o755)


def remove_hooks(root: Path, rng: Random) -> None:
    del rng
    shutil.rmtree(root / ".git" / "hooks", ignore_errors=True)


def put(name: str, text: str = "") -> Action:
    def act(root: Path, rng: Random) -> None:
        del rng
        place = root / ".git" / name
        if place.parent.is_dir():
            place.write_text(text)

    return act


def remove(name: str) -> Action:
    def act(root: Path, rng: Random) -> None:
        del rng
        place = root / ".git" / name
        shutil.rmtree(place, ignore_errors=True) if place.is_dir() else place.unlink(missing_ok=True)

    return act


def empty_temporary_folder(root: Path, rng: Random) -> None:
    del rng
    for left in (root.parent / "home" / "tmp").iterdir():
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def append(name: str, text: str) -> Action:
    def act(root: Path, rng: Random) -> None:
        del rng
        place = root / ".git" / name
        if place.exists():
            place.write_text(place.read_text() + text)

    return act


PRIVATE = f"ardent/runs/{RUN}"
GENTLE: dict[str, Action] = {
    "edit a file": edit,
    "delete a file": delete_a_file,
    "stage everything": git_action("add", "--all"),
    "edit and stage": edit_and("add", "--all"),
    "commit": edit_and("commit", "--quiet", "--all", "--no-verify", "--message=Work of mine"),
    "amend": git_action("commit", "--quiet", "--amend", "--no-verify", "--allow-empty", "--message=Reworded"),
    "unstage": git_action("reset", "--quiet"),
    "throw away": git_action("checkout", "--quiet", "--", "."),
    "stash": git_action("stash", "push", "--quiet", "--include-untracked"),
    "stash pop": git_action("stash", "pop", "--quiet"),
    "stash drop": git_action("stash", "drop", "--quiet"),
    "a new branch": git_action("switch", "--quiet", "--create", "idea-{N}"),
    "switch to main": git_action("switch", "--quiet", "--force", "main"),
    "switch to an idea": git_action("switch", "--quiet", "--force", "idea-{N}"),
    "detach": git_action("switch", "--quiet", "--detach"),
    "delete a branch": git_action("branch", "--quiet", "-D", "idea-{N}"),
    "tag": git_action("tag", "--force", "mark-{N}"),
    "merge the findings": git_action("merge", "--quiet", "--no-edit", BRANCH),
    "cherry-pick a finding": git_action("cherry-pick", BRANCH),
    "give up a merge": git_action("merge", "--abort"),
    "give up a cherry-pick": git_action("cherry-pick", "--abort"),
    "back to the last commit": git_action("reset", "--quiet", "--hard"),
    "gc": git_action("gc", "--quiet", "--prune=now"),
    "repack": git_action("repack", "-a", "-d", "--quiet"),
    "prune": git_action("prune", "--expire=now"),
    "pack refs": git_action("pack-refs", "--all"),
    "expire reflogs": git_action("reflog", "expire", "--expire=now", "--all"),
    "prune worktrees": git_action("worktree", "prune", "--expire=now"),
    "add a worktree": git_action("worktree", "add", "--quiet", "--detach", "{PLACE}"),
    "remove a worktree": git_action("worktree", "remove", "--force", "{PLACE}"),
    "look": git_action("status", "--short"),
    "clean": git_action("clean", "--quiet", "-d", "--force"),
    "configure a name": git_action("config", "user.name", "User {N}"),
    "configure line endings": git_action("config", "core.autocrlf", "true"),
    "configure signing": git_action("config", "commit.gpgSign", "true"),
    "configure hooks": git_action("config", "core.hooksPath", ".git/hooks"),
    "configure reflogs": git_action("config", "core.logAllRefUpdates", "always"),
    "forget a setting": git_action("config", "--unset-all", "core.autocrlf"),
    "put a hook": put_a_hook,
    "remove hooks": remove_hooks,
    "an index.lock": put("index.lock"),
    "no index.lock": remove("index.lock"),
    "a HEAD.lock": put("HEAD.lock"),
    "no HEAD.lock": remove("HEAD.lock"),
    "a note": git_action("notes", "add", "--force", "--message=a note"),
    "replace a commit": git_action("replace", "--force", "HEAD", "HEAD~1"),
    "replace nothing": git_action("replace", "--delete", "HEAD"),
    "ignore everything": put("info/exclude", "*\n"),
}
ROUGH: dict[str, Action] = {
    "check the research branch out": git_action("switch", "--quiet", "--force", BRANCH),
    "rename the research branch": git_action("branch", "-m", BRANCH, "mine/{N}"),
    "delete the research branch": git_action("branch", "--quiet", "-D", BRANCH),
    "move the research branch": git_action("branch", "--force", BRANCH, "main"),
    "lock the research branch": put(f"refs/heads/{BRANCH}.lock"),
    "delete the experiments' refs": remove("refs/experiments"),
    "delete the private folder": remove("ardent"),
    "delete the run's folder": remove(PRIVATE),
    "delete the lock": remove(f"{PRIVATE}/lock"),
    "delete the ledger": remove(f"{PRIVATE}/ledger.jsonl"),
    "delete the settings": remove(f"{PRIVATE}/run.json"),
    "empty the folder for temporary files": empty_temporary_folder,
    "write into the ledger": append(f"{PRIVATE}/ledger.jsonl", "mine\n"),
    "a bare repository": git_action("config", "core.bare", "true"),
    "a broken configuration": append("config", "[core\n"),
    "a configuration of a later git": git_action("config", "core.repositoryFormatVersion", "99"),
    "delete the objects": remove("objects"),
}
TIDY = ("index.lock", "HEAD.lock", f"refs/heads/{BRANCH}.lock")


# -- a session --------------------------------------------------------------------------------------------------------


def session(
    project: Path, folder: Path, seed: int, entries: list, actions: dict[str, Action], starts: int
) -> list[Start]:
    """Starts of the loop in a copy of the project, until it has used its budget; then one in peace, which must end."""
    rng, root = Random(seed), copy_project(project, folder)
    found: list[Start] = []
    for _ in range(starts):
        found.append(start_with(root, rng, seed, entries, actions, gentle=set(done_in(found)) <= set(GENTLE)))
        if found[-1].exit_code == 0 or found[-1].wrong:
            break
        mend(root)
    if set(done_in(found)) <= set(GENTLE) and not found[-1].wrong:
        found.append(in_peace(root, seed, entries))
    return found


def done_in(starts: list[Start]) -> list[str]:
    return [action for start in starts for action in start.actions]


def mend(root: Path) -> None:
    """What git itself would make the user do before anything works again."""
    for name in TIDY:
        (root / ".git" / name).unlink(missing_ok=True)
    config = root / ".git" / "config"
    config.write_text(config.read_text().replace("[core\n", ""))
    user_git(root, "config", "core.bare", "false")
    user_git(root, "config", "core.repositoryFormatVersion", "0")
    for undo in ("merge", "cherry-pick"):
        user_git(root, undo, "--abort")


def start_with(
    root: Path, rng: Random, seed: int, entries: list, actions: dict[str, Action], *, gentle: bool
) -> Start:
    """One start of the loop with a user at work, who was `gentle` until now; `Start.wrong` says what did not hold."""
    start = Start(seed)
    with started_loop(root, *scripted(root, entries, run=RUN)) as loop:
        # A program whose own files are written anew while it is being loaded is nobody's promise.
        while (line := loop.stdout.readline()) and not line.startswith(f"run {RUN} ".encode()):
            pass
        before = state_of(root)
        while not ended(loop, rng.uniform(0, THINKING)):
            start.wrong += changes(before, state_of(root), start.actions)
            is_rough = actions is ROUGH and rng.random() < ROUGHLY
            name = rng.choice(sorted(ROUGH if is_rough else GENTLE))
            gentle = gentle and name in GENTLE
            start.actions.append(name)
            {**GENTLE, **ROUGH}[name](root, rng)
            before = state_of(root)
        out, err = (stream.decode() for stream in loop.communicate(timeout=120))
    start.wrong += changes(before, state_of(root), start.actions)
    start.exit_code, start.said = loop.returncode, (err or out).strip().splitlines()[-1]
    start.wrong += judged(loop.returncode, out, err, gentle=gentle)
    wait_until(lambda: processes_of(root) == [])
    return start


def ended(loop: subprocess.Popen, seconds: float) -> bool:
    """Whether the loop has ended, or does so while the user thinks."""
    try:
        loop.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def changes(before: dict[str, bytes], after: dict[str, bytes], actions: list[str]) -> list[str]:
    """What the loop changed of the user's, since his last action."""
    names = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return [f"the loop changed {', '.join(names[:5])} after {actions[-3:]}"] if names else []


def judged(code: int, out: str, err: str, *, gentle: bool) -> list[str]:
    """What is wrong with how the loop ended."""
    wrong = []
    if "Traceback" in out + err or code not in (0, 1):
        wrong.append(f"exit code {code}: {(out + err)[-3000:]}")
    elif code == 1 and (len(err.splitlines()) != 1 or not err.startswith("error: ")):
        wrong.append(f"not one line: {err!r}")
    elif code == 1 and gentle and not is_expected(err):
        wrong.append(f"stopped although nothing was done to the run: {err.strip()}")
    return wrong


def is_expected(err: str) -> bool:
    """Stops that gentle actions may bring: half a merge when the loop starts; the trusted files themselves changed (by
    line endings, or stashed away), of which the loop cannot say that they measure the same.
    """
    return any(words in err for words in EXPECTED)


def in_peace(root: Path, seed: int, entries: list) -> Start:
    """The same command once more with nobody about, in a tidy repository: it must end, and its run must hold."""
    mend(root)
    before = state_of(root)
    done = run_loop(root, *scripted(root, entries, run=RUN))
    start = Start(seed, ["nothing"], done.returncode, (done.stderr or done.stdout).strip().splitlines()[-1])
    start.wrong += changes(before, state_of(root), ["nothing"])
    start.wrong += judged(done.returncode, done.stdout, done.stderr, gentle=True)
    verified = harness(root, "verify", "--run", RUN)
    if verified.returncode and not start.wrong:
        start.wrong.append(verified.stdout + verified.stderr)
    if (root.parent / "home" / "hooks-that-ran").exists():
        start.wrong.append("the loop ran a hook")
    return start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=20, metavar="N", help="gentle and rough ones, half each")
    parser.add_argument("--seed", type=int, default=1, help="of the first session; the next has the next")
    parser.add_argument("--json", action="store_true", help="one JSON document, and nothing else")
    arguments = parser.parse_args()
    found: list[Start] = []
    with tempfile.TemporaryDirectory() as folder:
        project = make_user_project(Path(folder))
        for seed in range(arguments.seed, arguments.seed + arguments.sessions):
            kind = (GENTLE, ROUGH)[seed % 2]
            place = Path(folder) / str(seed)
            for start in session(project, place, seed, ENTRIES, kind, starts=4):
                found.append(start)
                if not arguments.json:
                    said = f"{len(start.actions):3} actions  exit {start.exit_code}  {start.said[:160]}"
                    print(f"seed {start.seed}  {said}", flush=True)
                    for wrong in start.wrong:
                        print(f"  WRONG after {start.actions}: {wrong}", flush=True)
            shutil.rmtree(place, ignore_errors=True)
    done = sum(len(start.actions) for start in found)
    wrong = sum(bool(start.wrong) for start in found)
    if arguments.json:
        print(json.dumps({"actions": done, "starts": [asdict(start) for start in found], "wrong": wrong}, indent=1))
    else:
        print(f"{done} actions in {len(found)} starts of the loop: {wrong} went wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
