"""What a child does to itself before it becomes a command, and before it becomes a candidate's."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.confine import launch

CONFINE = [sys.executable, "-S", launch.__file__]
ROOT = str(Path(__file__).resolve().parents[2])


def confined(script, *, memory_mb=512, cpu_s=20, file_bytes=2**20, parent=None, cwd=None):
    limits = [str(n) for n in (memory_mb, cpu_s, file_bytes, os.getpid() if parent is None else parent)]
    command = [*CONFINE, *limits, ROOT, "--", sys.executable, "-S", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, cwd=cwd)


def test_limits_are_in_force_in_the_command_and_in_its_children():
    kinds = "r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_CORE"
    show = f"import resource as r; print([r.getrlimit(x) for x in ({kinds})])"
    nested = f"import subprocess, sys; {show}; subprocess.run([sys.executable, '-S', '-c', {show!r}])"
    done = confined(nested, memory_mb=300, cpu_s=7, file_bytes=12345)
    expected = [(300 * 2**20,) * 2, (7, 8), (12345, 12345), (0, 0)]
    assert done.stdout.split("\n")[:2] == [str(expected)] * 2


def test_memory_beyond_the_limit_is_a_memory_error():
    done = confined("x = bytearray(600 * 2**20)", memory_mb=300)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("MemoryError")


def test_spinning_command_is_killed_by_processor_time():
    assert confined("while True: pass", cpu_s=1).returncode in {-signal.SIGXCPU, -signal.SIGKILL}


def test_file_larger_than_allowed_cannot_be_written(tmp_path):
    path = tmp_path / "file"
    done = confined(f"open({str(path)!r}, 'wb', buffering=0).write(b'x' * 2000)", file_bytes=1000, cwd=tmp_path)
    assert done.returncode in {0, 1}
    assert path.stat().st_size <= 1000
    done = confined(f"open({str(path)!r}, 'wb', buffering=0).write(b'x')", file_bytes=0, cwd=tmp_path)
    assert "File too large" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_no_new_privileges_and_death_with_the_parent_are_set():
    script = (
        "import ctypes; n = ctypes.c_int(); libc = ctypes.CDLL(None); libc.prctl(2, ctypes.byref(n), 0, 0, 0)\n"
        "print(n.value, libc.prctl(39, 0, 0, 0, 0))"
    )
    done = confined(script)
    assert done.stdout.strip() == f"{int(signal.SIGKILL)} 1"


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_orphan_kills_itself_before_the_command_begins(tmp_path):
    mark = tmp_path / "began"
    done = confined(f"open({str(mark)!r}, 'w')", parent=1 if os.getpid() != 1 else 2)
    assert done.returncode == -signal.SIGKILL
    assert not mark.exists()


def test_confined_command_that_is_not_there_is_an_error_and_no_success():
    command = [*CONFINE, "512", "5", "0", str(os.getpid()), ROOT, "--", str(Path("/nowhere/at/all"))]
    assert subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 1
