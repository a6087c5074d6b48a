"""A kill at a named point loses nothing. All passages of longer runs: `python tests/harness/crash_matrix.py`."""

import re

import pytest

from tests.harness.crash_matrix import HARNESS, Start, points_in_source, try_passage, uninterrupted
from tests.harness.loops import rows_of, run_folder
from tests.harness.project import git
from tests.harness.scripts import KEPT, POLICY
from tests.harness.sittings import Scripted

HOW = Scripted([KEPT, POLICY])
# Where a row and the branch can come apart. Each is killed when the kept experiment passes it. To a kill `row-written`
# is the same as `row-durable`: the system has the bytes.
DELICATE = ["row-durable", "objects-moving", "ref-moved"]
# Passed only where there is something to mend, or money to pay: by the tests named.
ELSEWHERE = {
    "torn-kept": "test_crash_points.py",
    "torn-cut": "test_crash_points.py",
    "settings-gone": "test_crash_points.py",
    "sending": "crash_matrix.py --proposer claude",
    "reply-received": "crash_matrix.py --proposer claude",
    "attempt-dropped": "test_claude_faults.py",
}


@pytest.fixture(scope="module")
def whole(begun_project, tmp_path_factory):
    """What the run leaves behind when nobody kills it, and where to start it."""
    expected, passed = uninterrupted(begun_project, tmp_path_factory.mktemp("whole"), HOW)
    return expected, Start(begun_project, 1, tuple(passed), 0, len(passed))


@pytest.mark.parametrize("point", DELICATE)
def test_a_kill_at_a_point_leaves_the_run_as_if_nobody_had_killed_it(tmp_path, whole, point):
    expected, start = whole
    kept = start.passed[: start.passed.index("ref-moved", start.passed.index("publishing")) + 1]
    number = max(at for at, name in enumerate(kept, 1) if name == point)
    assert try_passage(start, tmp_path, HOW, number, expected).differs == ()


def test_a_kill_while_recovering_from_a_kill_loses_nothing_either(tmp_path, whole):
    expected, start = whole
    number = start.passed.index("row-durable") + 1
    assert try_passage(start, tmp_path, HOW, number, expected, (6,)).differs == ()


def test_a_kill_while_a_torn_line_is_set_aside_loses_no_row_and_no_byte_of_it(recorded):
    ledger = run_folder(recorded, "x") / "ledger.jsonl"
    before = ledger.read_bytes()
    with ledger.open("ab") as file:
        file.write(b'{"half a row')
    for point in ("row-written", "torn-kept", "torn-cut"):
        names = ("folder-made", "locked", "ledger-opened", "row-written", "torn-kept", "torn-cut")
        assert HOW.sit(recorded, names.index(point) + 1).passed[-1] == point
    last = HOW.sit(recorded)
    assert (last.done.returncode, last.done.stderr) == (0, "")
    assert ledger.read_bytes() == before
    assert (run_folder(recorded, "x") / "ledger.jsonl.torn").read_bytes() == b'{"half a row\n' * 3


@pytest.mark.slow
def test_a_kill_while_a_run_without_a_baseline_is_given_up_leaves_its_name_free(project):
    method = project / "sparse_parity" / "methods" / "standard.py"
    text, how = method.read_text(), Scripted([POLICY])
    commit_as_user(project, method, text.replace("\nfrom ", "\nimport json\nfrom ", 1))  # refused by the policy
    refused = how.sit(project)
    assert refused.done.returncode == 1
    assert how.sit(project, refused.passed.index("settings-gone") + 1).was_killed
    commit_as_user(project, method, text)
    last = how.sit(project)
    assert (last.done.returncode, last.done.stderr) == (0, "")
    assert len(rows_of(project, "x")) == 2


def commit_as_user(root, path, text):
    path.write_text(text)
    git(root, "-c", "user.name=A User", "-c", "user.email=user@example.org", "commit", "--quiet", "-am", "A change")


def test_every_point_that_the_source_names_is_passed_here_or_where_it_is_said(whole):
    passed = {re.sub("^stage-.*", "stage-", name) for name in whole[1].passed}
    assert points_in_source(HARNESS) == passed | set(ELSEWHERE)
    assert not passed & set(ELSEWHERE)
