"""The lock of a run: of the living, whatever their number and wherever they live; never of the dead."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import ArdentError
from harness.ledger import exclusive_lock
from tests.harness.loops import read_until, run_folder, scripted, started_loop, wait_until
from tests.harness.random_kills import descendants
from tests.harness.scripts import KEPT

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys
from pathlib import Path
from harness.ledger import exclusive_lock
with exclusive_lock(Path(sys.argv[1]), "run one"):
    print("held", flush=True)
    sys.stdin.readline()
"""
# Its parent holds the lock and dies; the grandchild lives on.
HOLD_AND_LEAVE_A_CHILD = HOLD.replace(
    '    print("held"',
    """    import subprocess
    subprocess.Popen([sys.executable, "-c", "import sys; print('held', flush=True); sys.stdin.readline()"]).wait()
    print("held\"""",
)
NAMESPACES = ("unshare", "--pid", "--fork", "--kill-child")


def holder(lock, *before, script=HOLD):
    """A process that holds the lock at `lock` until its input ends."""
    command = [*before, sys.executable, "-c", script, str(lock)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )


def can_be_held(lock):
    try:
        with exclusive_lock(lock, "run one"):
            return True
    except ArdentError:
        return False


def test_a_lock_file_that_names_a_living_process_of_somebody_else_stops_nobody(tmp_path):
    """As after a reboot or in a container: the number in it is somebody else's by now."""
    lock = tmp_path / "lock"
    lock.write_text(f"pid {os.getpid()} on {socket.gethostname()} since 2026-01-01T00:00:00+00:00 (loop.py)\n")
    assert can_be_held(lock)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_dies_with_its_process(tmp_path, number):
    with holder(tmp_path / "lock") as process:
        assert process.stdout.readline() == "held\n"
        assert not can_be_held(tmp_path / "lock")
        process.send_signal(number)
    assert can_be_held(tmp_path / "lock")


def test_the_lock_of_a_stopped_process_is_not_stolen(tmp_path):
    with holder(tmp_path / "lock") as process:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        assert not can_be_held(tmp_path / "lock")
        process.kill()


def test_removing_the_file_of_a_living_owner_frees_nothing(tmp_path):
    with holder(tmp_path / "lock") as process:
        assert process.stdout.readline() == "held\n"
        (tmp_path / "lock").unlink()
        with pytest.raises(ArdentError, match="is already being run by another process"), exclusive_lock(
            tmp_path / "lock", "run one"
        ):
            pass
        process.stdin.close()


def has_namespaces():
    tried = [*NAMESPACES, "true"]
    return shutil.which("unshare") and subprocess.run(tried, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not has_namespaces(), reason="no namespace of processes can be made: needs unshare and root")
def test_a_living_owner_in_another_namespace_of_processes_keeps_the_lock(tmp_path):
    """As in a container: its number there is 1, which is somebody else's here."""
    with holder(tmp_path / "lock", *NAMESPACES) as process:
        assert process.stdout.readline() == "held\n"
        assert (tmp_path / "lock").read_text().startswith("pid 1 on ")
        assert not can_be_held(tmp_path / "lock")
        process.stdin.close()
    assert can_be_held(tmp_path / "lock")


def test_a_grandchild_that_outlives_the_owner_does_not_keep_the_lock(tmp_path):
    with holder(tmp_path / "lock", script=HOLD_AND_LEAVE_A_CHILD) as process:
        assert process.stdout.readline() == "held\n"  # says the grandchild
        process.kill()
        process.wait()
        assert can_be_held(tmp_path / "lock")
        process.stdin.close()  # it ends


def test_only_the_loop_has_its_lock_open_while_candidates_run(begun):
    folder = run_folder(begun, "x")
    with started_loop(begun, *scripted(begun, [KEPT])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        wait_until(lambda: len(descendants(loop.pid)) >= 3)  # the zygote and its children
        children = [pid for pid in descendants(loop.pid) if pid != loop.pid]
        wait_until(lambda: str(folder) in opened(loop.pid))
        assert not {str(folder), str(folder / "lock")} & {name for pid in children for name in opened(pid)}
        loop.kill()


def opened(pid):
    """What a process has open."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.append(str(entry.readlink()))
        except OSError:
            continue
    return found
