"""Running the real loop as a user does, and looking at what it left behind."""

import compileall
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

from tests.harness.project import git, make_project
from tests.harness.scripts import write_script

TASK = ("--task", "tiny")
TIMES = ("seconds", "seconds_by_stage", "started")
COMMITS = ("commit", "parent", "tip")


def make_user_project(tmp_path):
    """The project in a folder with spaces in its name, with no git user configured anywhere."""
    folder = tmp_path / "a folder with spaces"
    folder.mkdir()
    root = make_project(folder)
    git(root, "config", "--unset", "user.name")
    git(root, "config", "--unset", "user.email")
    compileall.compile_dir(root / "harness", quiet=1)  # once, and not again in every copy
    return root


def copy_project(root, tmp_path):
    """The project with everything in it, runs included, elsewhere."""
    return Path(shutil.copytree(root, tmp_path / "a copy" / root.name, symlinks=True))


def scripted(root, entries, run="x", budget=None):
    """Arguments for a run of these proposals, whose script is written beside the project."""
    script = write_script(root.parent / "script.jsonl", entries)
    of_run = ("--run", run) if run else ()
    asked = ("--proposer", "scripted", "--script", script, "--budget", str(budget or len(entries)))
    return (*TASK, *of_run, "--seed", "1", *asked)


def clean_environment(root):
    """As `env -i` with PATH and HOME, plus a folder for temporary files that a test can look into."""
    home = root.parent / "home"
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home / "tmp")}


def run_loop(root, *arguments, cwd=None, **options):
    """`python loop.py ...` to its end."""
    environment = clean_environment(root) | options.pop("environment", {})
    return subprocess.run(
        [sys.executable, str(root / "loop.py"), *map(str, arguments)],
        cwd=cwd or root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **options,
    )


@contextmanager
def started_loop(root, *arguments, **options):
    """`python loop.py ...` at work; whatever happens, it is gone at the end."""
    process = subprocess.Popen(
        [sys.executable, str(root / "loop.py"), *map(str, arguments)],
        cwd=root,
        env=clean_environment(root),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,  # `communicate` would lose what a buffer holds
        **options,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def read_until(stream, text):
    """What the stream says up to and with `text`."""
    said = b""
    while not said.endswith(text.encode()):
        byte = stream.read(1)
        assert byte, f"ended before {text!r}: {said.decode()}"
        said += byte
    return said.decode()


def wait_until(holds):
    """Look until it holds, for a minute at most."""
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    return found


def processes_of(root):
    """Command lines of the processes that work in this project or in its folder for temporary files."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(root.parent) in command:
                found.append(command)
    return found


def is_measuring_in(root):
    """Whether a candidate is being measured."""
    return "harness/worker.py" in " ".join(processes_of(root))


def run_folder(root, run):
    return root / ".git" / "ardent" / "runs" / run


def rows_of(root, run):
    """The ledger's rows as they stand on the disk."""
    return [json.loads(line) for line in (run_folder(root, run) / "ledger.jsonl").read_text().splitlines()]


def ends(rows):
    """What became of each experiment."""
    return [(row["kind"], row["verdict"]["outcome"], row["verdict"]["stage"]) for row in rows]


def comparable(rows, *aside):
    """The rows without times and commit hashes, nor the fields named."""
    return [_without(row, {*TIMES, *COMMITS, *aside}) for row in rows]


def _without(value, names):
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def branch_subjects(root, run, base="main"):
    """Subjects of the research branch's own commits, oldest first."""
    return git(root, "log", "--reverse", "--format=%s", f"{base}..research/{run}").splitlines()


def snapshot(root):
    """Everything of the user's: files, index, HEAD, stashes, and refs that are not the loop's."""
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts and "__pycache__" not in path.parts
    }
    refs = git(root, "for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    theirs = [ref for ref in refs if not ref.startswith(("refs/heads/research/", "refs/experiments/"))]
    private = {name: (root / ".git" / name).read_bytes() for name in ("HEAD", "index", "config")}
    return files, theirs, private, git(root, "stash", "list")


def make_dirty(root):
    """Changes of every kind that a user may have lying around."""
    settings = ("-c", "user.name=A User", "-c", "user.email=user@example.org")
    (root / "tasks" / "parity20.yaml").write_text("# put aside\n")
    git(root, *settings, "stash", "push", "--quiet")
    git(root, "branch", "an-idea")
    (root / "notes with spaces.txt").write_text("untracked\n")
    (root / "staged.txt").write_text("staged\n")
    git(root, "add", "staged.txt")
    (root / "sparse_parity" / "champion.py").write_text("changed and broken(\n")
    (root / "prompts" / "prices.yaml").unlink()


def assert_refused(done, *words):
    """One error line with those words, exit code 1, no traceback."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0], lines[0]
    assert "Traceback" not in done.stdout
