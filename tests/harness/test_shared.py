"""What tests share stays as it is: a test that changes it fails itself."""

import re
import subprocess
import sys

from tests.harness.project import ROOT, environment

CONFTEST = """
import pytest
from tests.harness.conftest import pytest_runtest_call

@pytest.fixture(scope="session")
def common(tmp_path_factory):
    root = tmp_path_factory.mktemp("common")
    (root / "kept.txt").write_text("as it was")
    return root

@pytest.fixture
def alias(common):
    return common
"""
TESTS = """
import shutil
import pytest

def test_reads(common):
    assert (common / "kept.txt").read_text() == "as it was"

def test_takes_a_copy(common, tmp_path):
    shutil.copytree(common, tmp_path / "copy")
    (tmp_path / "copy" / "kept.txt").write_text("changed")

def test_adds_an_empty_folder(common):
    (common / "tiny-1").mkdir()

def test_reads_after_it(common):
    assert common.is_dir()

def test_writes_the_same_text_again(alias):
    (alias / "kept.txt").write_text("as it was")

def test_takes_away_and_fails_itself(common):
    (common / "tiny-1").rmdir()
    pytest.fail("of its own")

def test_reads_at_the_end(common):
    assert not (common / "tiny-1").exists()
"""


def test_a_test_that_changes_what_others_share_fails_and_no_other(tmp_path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "made")]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(ROOT), capture_output=True, text=True, timeout=120, check=False
    )
    ends = re.findall(r"^(PASSED|FAILED) test_some\.py::(\w+)", done.stdout, re.MULTILINE)
    failed = {"test_adds_an_empty_folder", "test_writes_the_same_text_again", "test_takes_away_and_fails_itself"}
    assert {name for end, name in ends if end == "FAILED"} == failed, done.stdout
    assert len(ends) == 7
    assert str(tmp_path / "made" / "common0" / "tiny-1") in done.stdout
    assert "of its own" in done.stdout
