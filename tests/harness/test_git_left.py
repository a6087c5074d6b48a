"""What a killed loop leaves of git is out of the way of the next one, and nobody else's is."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.errors import ArdentError
from harness.git import Repository, left
from tests.harness.loops import processes_of
from tests.harness.project import git, make_project

ROOT = Path(__file__).resolve().parents[2]
RUN = "refs/heads/research/one"
REFS = (RUN, "refs/experiments/one/")
# As a git process of a killed loop: it has the file from its parent, and its last deed is to write down that it ends.
ORPHAN = """
import fcntl, sys
from pathlib import Path
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
Path(sys.argv[2]).touch()
"""
KILLED = """
import sys
from pathlib import Path
from harness.git import Repository
repository = Repository.open(Path(sys.argv[1]))
repository.commit(repository.head(), {"a.txt": "a"}, "m", "refs/heads/research/one", None)
"""


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path)


def commit(root, text="x"):
    with Repository.open(root).alone_on(REFS, root / ".git" / "git") as repository:
        return repository.commit(repository.head(), {"a.txt": text}, "m", RUN, repository.ref(RUN))


def test_git_of_a_killed_loop_has_ended_before_the_next_one_moves_a_ref(root, tmp_path):
    lock, ended = root / ".git" / "git", tmp_path / "ended"
    command = [sys.executable, "-c", ORPHAN, str(lock), str(ended)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as orphan:
        assert orphan.stdout.readline() == "held\n"
        end = threading.Timer(0.2, orphan.stdin.close)
        end.start()
        with Repository.open(root).alone_on(REFS, lock):
            assert ended.exists()
        end.join()


def test_every_git_process_of_a_run_keeps_the_file_open_that_the_next_run_waits_for(root):
    """A git that says what it has open: the lock file is among it, and nothing is locked against its own loop."""
    with Repository.open(root).alone_on(REFS, root / ".git" / "git") as repository:
        answer = repository.command.start("-c", "alias.files=!ls -l /proc/self/fd", "files")
        assert str(root / ".git" / "git") in answer.out.decode()
        commit_again = repository.commit(repository.head(), {}, "m", RUN, None)
        assert repository.ref(RUN) == commit_again


def test_the_lock_of_a_ref_that_a_killed_git_left_is_removed(root):
    commit(root)
    locks = [root / ".git" / f"{RUN}.lock", root / ".git" / "refs/experiments/one/0003.lock"]
    for lock in locks:
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    assert git(root, "rev-parse", RUN) != commit(root, "y")
    assert not any(lock.exists() for lock in locks)
    assert git(root, "fsck", "--connectivity-only", "--no-dangling") == ""


def test_a_lock_that_somebody_still_writes_is_left_alone(tmp_path):
    lock, ended = tmp_path / "refs/heads/x.lock", threading.Event()
    lock.parent.mkdir(parents=True)
    lock.touch()

    def write():
        while not ended.wait(0.01):
            with lock.open("a") as file:
                file.write("x")

    writer = threading.Thread(target=write)
    writer.start()
    left.remove_stale_locks(tmp_path, ["refs/heads/x", "refs/heads/"])
    ended.set()
    writer.join()
    assert lock.exists()


def test_the_lock_of_another_ref_is_nobodys_of_ours(root):
    lock = root / ".git" / "refs/heads/main.lock"
    lock.touch()
    commit(root)
    assert lock.exists()


@pytest.mark.parametrize("point", ["scratch-new", "scratch-made", "objects-written", "objects-moving"])
def test_what_a_killed_commit_wrote_is_swept_by_the_next_one(root, tmp_path, point):
    names = ["scratch-new", "scratch-made", "objects-written", "objects-moving"]
    environment = {"ARDENT_CRASH_POINTS": f"{names.index(point) + 1} {tmp_path / 'passed'}", "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED, str(root)], env=environment, check=False)
    assert killed.returncode == -9
    assert (tmp_path / "passed").read_text().splitlines()[-1] == point
    private = root / ".git" / "ardent"
    assert [path.name.startswith("ardent-objects-") for path in private.iterdir()] == [True]
    sha = commit(root)
    assert list(private.iterdir()) == []
    assert git(root, "cat-file", "-p", f"{sha}:a.txt") == "x"
    assert git(root, "fsck", "--connectivity-only", "--no-dangling") == ""
    assert processes_of(root) == []


def test_a_commit_takes_no_lock_of_the_repository_but_its_refs(root):
    """A git that packs refs holds these; one that was killed leaves them."""
    for name in ("packed-refs.lock", "refs/ardent/unborn.lock", "HEAD.lock", "index.lock", "config.lock"):
        (root / ".git" / name).parent.mkdir(exist_ok=True)
        (root / ".git" / name).touch()
    assert git(root, "cat-file", "-p", f"{commit(root)}:a.txt") == "x"


def test_a_stream_that_ends_too_early_leaves_no_note(root):
    with pytest.raises(ArdentError), Repository.open(root).alone_on(REFS, root / ".git" / "git") as repository:
        repository.commit("0" * 39 + "1", {"a.txt": "x"}, "m", RUN, None)
    assert not [*(root / ".git").rglob("fast_import_crash_*"), *(root / ".git/ardent").iterdir()]


@pytest.mark.parametrize("shared", ["false", "group", "0640"])
def test_new_objects_have_the_modes_that_git_gives_them(root, shared):
    git(root, "gc", "--quiet")  # else some of the folders are there
    git(root, "config", "core.sharedRepository", shared)
    objects = root / ".git" / "objects"
    before = set(objects.rglob("*"))
    (root / "b.txt").write_text("by git itself")
    git(root, "add", "b.txt")
    theirs = {path.stat().st_mode for path in set(objects.rglob("*")) - before if path.is_file()}
    before = set(objects.rglob("*"))
    commit(root)
    ours = set(objects.rglob("*")) - before
    assert {path.stat().st_mode for path in ours if path.is_file()} == theirs
    folders = {path.stat().st_mode & 0o777 for path in ours if path.is_dir()}  # none if all were there
    assert folders <= {{"false": 0o755, "group": 0o775, "0640": 0o750}[shared]}


# -- a power cut ----------------------------------------------------------------------------------------------------

STRACE = shutil.which("strace")
CALLS = "trace=openat,rename,renameat,renameat2,link,linkat,fsync,fdatasync"


@pytest.mark.skipif(STRACE is None, reason="strace is not installed: the order of syncs and names cannot be seen")
def test_a_ref_gets_its_value_only_when_every_object_is_synced_with_its_name(root, tmp_path):
    log = tmp_path / "calls"
    command = [STRACE, "-f", "-y", "-e", CALLS, "-o", str(log), sys.executable, "-c", KILLED, str(root)]
    subprocess.run(command, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    lines = log.read_text().splitlines()
    objects, ref = root / ".git" / "objects", named(lines, r"/refs/heads/research/one")
    moved = named(lines, rf"{re.escape(str(objects))}/[0-9a-f]{{2}}/[0-9a-f]+")
    assert len(moved) >= 3  # a blob, a tree and a commit
    ((moment, _),) = ref.items()
    for at, name in moved.items():
        path = Path(name)
        assert is_synced(lines[:at], f"/{path.parent.name}/{path.name}"), f"what is in {name}"
        assert is_synced(lines[at:moment], str(path.parent)), f"the name of {name}"
    assert is_synced(lines[max(moved) : moment], str(objects))
    assert is_synced(lines[max(moved) : moment], "research/one.lock")
    assert is_synced(lines[moment:], "refs/heads/research")


def named(lines, pattern):
    """Where files got a name of that pattern by a rename, and the names."""
    found = {at: re.search(rf'rename\w*\(.*, "([^"]*{pattern})"', line) for at, line in enumerate(lines)}
    return {at: match[1].rpartition('"')[2] for at, match in found.items() if match}


def is_synced(lines, end):
    """Whether a file or folder whose path ends so was synced in these calls."""
    return any("fsync(" in line and f"{end}>" in line for line in lines)
