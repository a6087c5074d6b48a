"""Opening runs: which one, from where, and what must agree before it goes on."""

import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from harness.errors import ArdentError, BadInputError
from harness.ledger.checkpoint import read as read_checkpoint
from harness.records import Evidence, Verdict
from harness.run import Wanted, harness_hash, proposals_done, read_settings
from harness.run.names import is_run_name
from harness.run.opening import TOTALS, open_run, peek_run
from harness.run.replayed import recorded_rows
from harness.totals import total
from tests.harness.loops import copy_project, run_folder
from tests.harness.project import ROOT, git


def wanted(**changes):
    return Wanted(**{"run": None, "task": "tiny", "proposer": "scripted", "seed": 1, "budget": 2, **changes})


@pytest.fixture
def here(begun):
    """A project with a begun run `x`. Its rows say that a copy of this very harness measured them."""
    return begun


@pytest.mark.parametrize("name", ["a", "parity20-1", "a.b", "a_b-c.d", "0", "x" * 41])
def test_names_that_git_takes_are_run_names(name):
    assert is_run_name(name)
    assert subprocess.run(["git", "check-ref-format", f"refs/heads/research/{name}"], check=False).returncode == 0


@pytest.mark.parametrize(
    "name", ["", "A", "a/b", ".a", "a.", "a..b", "-a", "a.lock", "a b", "a\n", "é", "x" * 42, "a~1", "@{", "a:b"]
)
def test_other_names_are_no_run_names(name):
    assert not is_run_name(name)


@pytest.mark.parametrize("name", ["../../x", "a" * 300, "é", "a/b"])
def test_a_name_that_is_none_is_refused_before_any_file_of_that_name_is_looked_at(begun_project, name):
    with pytest.raises(BadInputError, match="use lower-case letters"):
        peek_run(begun_project, name, "tiny", "scripted", 2)  # what --dry-run shows
    with pytest.raises(BadInputError, match="use lower-case letters"), open_run(begun_project, wanted(run=name)):
        pass


def test_a_run_of_which_nothing_was_measured_leaves_no_branch_and_its_name_free(user_project, tmp_path):
    root = copy_project(user_project, tmp_path)
    for proposer in ("scripted", "search"):
        with open_run(root, wanted(proposer=proposer)) as run:
            assert (run.settings.run, run.is_resumed) == ("tiny-1", False)
            assert run.settings.baseline == git(root, "rev-parse", "HEAD")
    assert git(root, "branch", "--list", "research/*") == ""


def test_the_secret_follows_from_the_seed_and_is_random_without(user_project, tmp_path):
    root = copy_project(user_project, tmp_path)

    def secret(seed):
        with open_run(root, wanted(seed=seed)) as run:
            return run.settings.secret

    assert secret(1) == secret(1) != secret(2)
    assert secret(None) != secret(None)
    assert all(len(bytes.fromhex(secret(seed))) == 32 for seed in (1, None))


def test_the_private_folder_is_for_its_user_alone(here):
    assert (here / ".git" / "ardent").stat().st_mode & 0o077 == 0
    assert git(here, "status", "--porcelain") == ""


def test_an_unfinished_run_is_taken_up_and_another_task_or_proposer_is_not(here):
    run_folder(here, "x").rename(run_folder(here, "tiny-1"))
    settings = run_folder(here, "tiny-1") / "run.json"
    settings.write_text(settings.read_text().replace('"run": "x"', '"run": "tiny-1"'))
    git(here, "branch", "-m", "research/x", "research/tiny-1")
    with open_run(here, wanted(seed=None)) as run:
        assert (run.settings.run, run.is_resumed, run.settings.seed) == ("tiny-1", True, 1)
    for other in (wanted(proposer="search"), wanted(seed=2)):
        with open_run(here, other) as run:
            assert (run.settings.run, run.is_resumed) == ("tiny-2", False)


def test_a_branch_without_a_run_keeps_its_name(user_project, tmp_path):
    root = copy_project(user_project, tmp_path)
    git(root, "branch", "research/tiny-1")
    with open_run(root, wanted()) as run:
        assert run.settings.run == "tiny-2"


def test_a_run_stays_with_its_baseline_when_head_moves_on(here):
    base = git(here, "rev-parse", "HEAD")
    git(here, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "later")
    with open_run(here, wanted(run="x")) as run:
        assert run.settings.baseline == base == run.tip()


def test_the_budget_is_the_one_asked_for_last(here):
    for budget in (5, 3):
        with open_run(here, wanted(run="x", budget=budget)) as run:
            assert run.settings.budget == budget
        assert read_settings(run_folder(here, "x")).budget == budget


def test_a_run_is_open_once_at_a_time(here):
    with (
        open_run(here, wanted(run="x")),
        pytest.raises(ArdentError, match="run x is already being run by pid"),
        open_run(here, wanted(run="x")),
    ):
        pass
    with open_run(here, wanted(run="x")):
        pass


def test_a_failure_inside_an_open_run_frees_it(here):
    with pytest.raises(ZeroDivisionError), open_run(here, wanted(run="x")):
        raise ZeroDivisionError
    with open_run(here, wanted(run="x")) as run:
        assert run.is_resumed


def test_a_branch_that_does_not_build_on_the_baseline_is_refused(here):
    orphan = git(here, "-c", "user.name=A", "-c", "user.email=a@b", "commit-tree", "-m", "x", "HEAD^{tree}")
    git(here, "update-ref", "refs/heads/research/x", orphan)
    with pytest.raises(ArdentError, match="does not build on the run's baseline"), open_run(here, wanted(run="x")):
        pass


def test_what_code_returns_can_be_changed_without_harm(here):
    with open_run(here, wanted(run="x")) as run:
        run.code(run.tip()).clear()
        assert "sparse_parity/champion.py" in run.incumbent().sources
        assert "sparse_parity/model.py" not in run.incumbent().sources


def test_recorded_rows_come_from_the_private_folder_or_from_results(recorded):
    rows = tuple(recorded_rows(recorded, "x"))
    assert [row.number for row in rows] == [0, 1, 2]
    git(recorded, "merge", "--quiet", "--ff-only", "research/x")
    shutil.rmtree(recorded / ".git" / "ardent")
    assert recorded_rows(recorded, "x") == rows
    with pytest.raises(BadInputError, match="no such run"):
        recorded_rows(recorded, "y")


def append_row(root):
    """One row more, and the checkpoint, as a run leaves them."""
    with open_run(root, wanted(run="x")) as run:
        row = replace(run.ledger.rows[0], kind="proposal", number=1, verdict=Verdict("invalid", "propose", "nothing"))
        run.ledger.append(replace(row, evidence=Evidence(), tree_sha256=""))
    assert (run_folder(root, "x") / "ledger.checkpoint").exists()
    return run_folder(root, "x") / "ledger.jsonl"


def test_a_run_whose_ledger_was_edited_or_cut_short_is_not_opened_although_there_is_a_checkpoint(here):
    ledger = append_row(here)
    whole = ledger.read_bytes()
    first, second = whole.splitlines(keepends=True)
    wrong = {"line 1: edited": first.replace(b'"title":"b', b'"title":"B') + second, "rows were cut off its end": first}
    for words, data in wrong.items():
        ledger.write_bytes(data)
        for _ in range(2):
            with pytest.raises(ArdentError, match=words), open_run(here, wanted(run="x")):
                pass
    ledger.write_bytes(whole)
    with open_run(here, wanted(run="x")) as run:
        assert proposals_done(run.ledger.rows) == 1


def test_a_run_goes_on_without_rows_that_were_cut_off_once_its_checkpoint_is_removed(here):
    ledger = append_row(here)
    ledger.write_bytes(ledger.read_bytes().splitlines(keepends=True)[0])
    ledger.with_name("ledger.checkpoint").unlink()
    with open_run(here, wanted(run="x")) as run:
        assert len(run.ledger.rows) == 1


def test_what_a_run_asks_of_all_rows_is_in_its_checkpoint(here):
    append_row(here)
    with open_run(here, wanted(run="x")) as run:
        rows = tuple(run.ledger.rows)
        assert all(total(run.ledger.rows, kind) == total(rows, kind) for kind in TOTALS)
        assert run.incumbent().screen_seed == rows[0].evidence.screen[0].seed
    known = read_checkpoint(run.ledger.path, harness_hash()).checkpoint
    assert set(known.totals) == {kind.__name__ for kind in TOTALS}


def test_the_harness_hash_follows_every_file_of_the_harness(tmp_path):
    # In a process of its own: the hash is of the code that runs.
    harness = shutil.copytree(ROOT / "harness", tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    command = ["-c", "from harness.run import harness_hash; print(harness_hash())"]

    def hash_there():
        return subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert hash_there() == harness_hash()
    (harness / "proposers" / "search.py").write_text("changed\n")
    assert hash_there() != harness_hash()
