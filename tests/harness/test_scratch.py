"""Temporary folders that do not outlive their use."""

import signal
import subprocess
import sys
from pathlib import Path

from harness import scratch

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import time
from harness import scratch
with scratch.folder("tests") as made:
    print(made, flush=True)
    time.sleep(60)
"""


def holding(tmp_path):
    """A process that holds a folder, and that folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, env={"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True
    )
    with process.stdout:
        return process, Path(process.stdout.readline().strip())


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.wait()


def make_one(tmp_path):
    """Make and leave a folder in another process, as the next run does."""
    script = "from harness import scratch\nwith scratch.folder('tests'):\n    pass"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env={"TMPDIR": str(tmp_path)}, check=True)


def test_a_folder_is_gone_after_its_context():
    with scratch.folder("tests") as made:
        (made / "file").write_text("x")
        assert made.stat().st_mode & 0o077 == 0
    assert not made.exists()


def test_the_folder_of_a_killed_process_is_swept_by_the_next_one(tmp_path):
    process, left = holding(tmp_path)
    end(process)
    assert left.exists()
    make_one(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_living_process_is_left_alone(tmp_path):
    process, held = holding(tmp_path)
    make_one(tmp_path)
    assert held.exists()
    end(process)


def test_a_symbolic_link_of_that_name_is_not_followed(tmp_path):
    kept = tmp_path / "elsewhere"
    kept.mkdir()
    (kept / "file").write_text("x")
    (tmp_path / "ardent-tests-link").symlink_to(kept)
    make_one(tmp_path)
    assert (kept / "file").exists()
