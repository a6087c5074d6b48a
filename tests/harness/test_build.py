"""Building the meter: a machine without a C compiler gets the plain-Python form, and never a stale compiled one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_without_a_compiler_the_build_succeeds_and_leaves_no_old_meter(tmp_path):
    (tmp_path / "harness").mkdir()
    for name in ("setup.py", "harness/memory_trace.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    stale = tmp_path / "harness" / "memory_trace.cpython-0.so"
    stale.write_bytes(b"built from other source")
    built = subprocess.run(
        [sys.executable, "setup.py", "build_ext", "--inplace"],
        cwd=tmp_path,
        env={**os.environ, "CC": "false"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    assert not [p.name for p in (tmp_path / "harness").iterdir() if p.suffix in {".so", ".sha256"}]
