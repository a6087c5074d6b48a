"""The loop end to end: the real program, real git, real measurements on a small task."""

import re
import subprocess

import pytest

from tests.harness.loops import (
    TASK,
    branch_subjects,
    comparable,
    copy_project,
    ends,
    make_dirty,
    make_user_project,
    processes_of,
    read_until,
    rows_of,
    run_loop,
    scripted,
    snapshot,
    started_loop,
)
from tests.harness.project import TINY, git, harness
from tests.harness.scripts import EVERY_END, KEPT, POLICY, UNUSABLE

LEDGER = "results/all/ledger.jsonl"
AT_ONCE = ("--max-hours", "1e-9")  # nothing after the baseline


class Finished:
    """A run in which experiments ended at every stage, on a checkout that its user had changed."""

    def __init__(self, folder):
        self.root = make_user_project(folder)
        make_dirty(self.root)
        self.before = snapshot(self.root)
        self.arguments = scripted(self.root, EVERY_END, run="all")
        self.done = run_loop(self.root, *self.arguments)
        self.after = snapshot(self.root)
        self.rows = rows_of(self.root, "all")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return Finished(tmp_path_factory.mktemp("finished"))


# -- a whole run ----------------------------------------------------------------------------------------------------


def test_a_run_ends_with_exit_code_0_and_says_nothing_on_standard_error(finished):
    assert (finished.done.returncode, finished.done.stderr) == (0, "")


def test_an_experiment_can_end_at_every_stage(finished):
    assert ends(finished.rows) == [
        ("baseline", "kept", "screen"),
        ("proposal", "kept", "confirm"),
        ("proposal", "discarded", "screen"),
        ("proposal", "invalid", "propose"),
        ("proposal", "invalid", "edit"),
        ("proposal", "invalid", "policy"),
        ("proposal", "invalid", "duplicate"),
        ("proposal", "invalid", "tests"),
        ("proposal", "invalid", "screen"),
        ("proposal", "kept", "confirm"),
        ("proposal", "inconclusive", "confirm"),
    ]


def test_the_branch_has_one_commit_for_each_kept_experiment_and_one_that_closes_the_ledger(finished):
    subjects = ["Half the hidden units", "Half of them again", "Ledger of run all: 11 rows"]
    assert branch_subjects(finished.root, "all") == subjects


def test_a_ledger_that_ends_with_a_kept_experiment_needs_no_closing_commit(begun):
    assert run_loop(begun, *scripted(begun, [POLICY, KEPT])).returncode == 0
    assert branch_subjects(begun, "x") == ["Half the hidden units"]
    assert git(begun, "show", "research/x:results/x/ledger.jsonl").count("\n") == 2


def test_a_number_of_the_proposers_is_marked_in_a_commits_subject_and_in_the_summary(begun):
    """`git log` is what people read first: a title may not claim there what the finding would not."""
    boastful = {**KEPT, "title": "ARD falls by 99 %"}
    found = run_loop(begun, *scripted(begun, [boastful]))
    assert branch_subjects(begun, "x") == ["ARD falls by [unverified number] %"]
    assert "experiment 1 (finding 1 of 1): ARD falls by [unverified number] %" in " ".join(found.stdout.split())


def test_a_kept_commit_holds_code_evidence_finding_discovery_and_ledger(finished):
    names = git(finished.root, "show", "--name-only", "--format=", "research/all~1").splitlines()
    assert sorted(names) == [
        "DISCOVERIES.md",
        "findings/all-0009-half-of-them-again.md",
        "results/all/0009.json",
        LEDGER,
        "sparse_parity/champion.py",
    ]


def test_each_commit_message_ends_with_the_tip_of_its_ledger(finished):
    for revision in ("research/all", "research/all~1", "research/all~2"):
        message = git(finished.root, "log", "-1", "--format=%B", revision)
        ledger = subprocess.run(
            ["git", "-C", finished.root, "show", f"{revision}:{LEDGER}"], capture_output=True, check=True
        ).stdout
        last = ledger.splitlines(keepends=True)[-1]
        tip = subprocess.run(["sha256sum"], input=last, capture_output=True, check=True).stdout.split()[0].decode()
        assert f"Ardent-Tip: {tip}" in message


def test_commits_without_a_configured_user_are_by_ardent(finished):
    authors = git(finished.root, "log", "--format=%an <%ae> %cn <%ce>", "main..research/all")
    assert set(authors.splitlines()) == {"Ardent <ardent@localhost> Ardent <ardent@localhost>"}


def test_every_experiment_with_a_tree_has_a_ref(finished):
    refs = git(finished.root, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/experiments")
    expected = [f"all/{row['number']:04d} {row['commit']}" for row in finished.rows[1:] if row["commit"]]
    assert refs.splitlines() == expected
    assert [row["number"] for row in finished.rows[1:] if not row["commit"]] == [3, 4]  # no tree could be made


def test_a_ref_holds_the_candidate_on_top_of_its_incumbent(finished):
    row = finished.rows[10]
    assert git(finished.root, "rev-parse", f"{row['commit']}^") == row["parent"]
    assert '"lr": 0.11' in git(finished.root, "show", f"{row['commit']}:sparse_parity/champion.py")


def test_the_users_checkout_is_left_byte_for_byte(finished):
    assert finished.after == finished.before


def test_nothing_is_left_behind(finished):
    assert processes_of(finished.root) == []
    assert list((finished.root.parent / "home" / "tmp").iterdir()) == []
    assert git(finished.root, "worktree", "list").count("\n") == 0


def test_every_experiment_has_one_line_with_verdict_numbers_and_seconds(finished):
    lines = finished.done.stdout.splitlines()
    assert lines[0] == "proposer: scripted"
    assert lines[1].startswith("run all begins: task tiny, from commit ")
    assert lines.pop(2).startswith("note: uncommitted changes in sparse_parity/ take no part")  # the checkout is dirty
    numbers = r"ARD [\d,]+  DMD [\d.e+]+  accuracy [\d.]+%"
    effects = r"ARD [\d,]+ \([-+][\d.]+%\)  DMD [-+][\d.]+%  accuracy [\d.]+%"
    assert re.fullmatch(rf"      0  baseline\.+ measured     {numbers}  [\d.]+ s", lines[2])
    assert re.fullmatch(rf"   1/10  Half the hidden units\.+ kept         {effects}  [\d.]+ s", lines[3])
    assert re.fullmatch(rf"   2/10  Four times the units\.+ discarded    {effects}  [\d.]+ s  \([a-z0-9 ]+\)", lines[4])
    assert re.fullmatch(r"   3/10  no usable proposal\.+ invalid      [\d.]+ s", lines[5])
    assert lines[6] == "         propose: the answer held no proposal"
    counted = [line for line in lines if re.match(r" +\d+/10  ", line)]
    assert len(counted) == 10


def test_the_summary_says_what_was_found_and_what_to_do_next(finished):
    summary = finished.done.stdout.partition("\n\n")[2]
    assert summary.startswith("run all: 10 of 10 experiments, budget used\n  baseline  ARD ")
    assert "verdicts  2 kept, 1 discarded, 1 inconclusive, 6 invalid" in summary
    commands = ("harness verify --run all", "harness review all", "harness merge all", "--task tiny")
    for command in ("git log --stat", *commands):
        assert command in summary


def test_a_clean_clone_can_merge_the_branch_as_the_summary_says(finished, tmp_path):
    clone = tmp_path / "clone"
    git(finished.root, "clone", "--quiet", "--branch=main", str(finished.root), str(clone))
    git(clone, "merge", "--quiet", "origin/research/all")
    assert len((clone / LEDGER).read_text().splitlines()) == 11
    assert '"hidden": 8' in (clone / "sparse_parity" / "champion.py").read_text()
    assert len(list((clone / "findings").iterdir())) == 2


def test_the_same_command_on_a_finished_run_of_that_name_changes_nothing(finished, tmp_path):
    root = copy_project(finished.root, tmp_path)
    done = run_loop(root, *finished.arguments)
    assert done.returncode == 0
    assert "its budget of 10 is used; raise --budget to go on" in done.stdout
    assert rows_of(root, "all") == finished.rows
    assert snapshot(root) == finished.before


def test_replay_of_a_recorded_run_gives_the_same_ledger(finished, tmp_path):
    root = copy_project(finished.root, tmp_path)
    arguments = (*TASK, "--proposer", "replay", "--replay", "all", "--run", "again", "--budget", "10")
    assert run_loop(root, *arguments).returncode == 0
    first, again = comparable(finished.rows, "run"), comparable(rows_of(root, "again"), "run")
    assert again == first
    said = harness(root, "diff", "all", "again").stdout
    assert said.startswith("run all and run again: 11 rows, 3 commits on the branch, no difference (")
    assert snapshot(root) == finished.before


# -- the search proposer --------------------------------------------------------------------------------------------


def test_search_with_a_seed_gives_the_same_ledger_in_two_clones(user_project, tmp_path):
    first, second = (copy_project(user_project, tmp_path / name) for name in ("first", "second"))
    command = (*TASK, "--budget", "3", "--seed", "7")
    with started_loop(first, *command) as one, started_loop(second, *command) as two:
        said, _ = one.communicate(timeout=120)
        two.communicate(timeout=120)
    assert (one.returncode, two.returncode) == (0, 0)
    assert said.startswith(b"proposer: search (")
    assert b"ANTHROPIC_API_KEY" in said.splitlines()[0]
    assert len(rows_of(first, "tiny-1")) == 4
    assert comparable(rows_of(first, "tiny-1")) == comparable(rows_of(second, "tiny-1"))
    replayed = (*TASK, "--proposer", "replay", "--replay", "tiny-1", "--run", "again", "--budget", "3")
    assert run_loop(first, *replayed).returncode == 0
    assert ": 4 rows, " in (said := harness(first, "diff", "tiny-1", "again").stdout)
    assert ", no difference (" in said


# -- resuming -------------------------------------------------------------------------------------------------------


def test_a_larger_budget_goes_on_with_a_named_run(begun):
    entries = [POLICY, UNUSABLE, KEPT, POLICY]
    assert run_loop(begun, *scripted(begun, entries, budget=2)).returncode == 0
    first = rows_of(begun, "x")
    done = run_loop(begun, *scripted(begun, entries, budget=4))
    assert done.returncode == 0
    assert "run x goes on after 2 experiments" in done.stdout
    rows = rows_of(begun, "x")
    assert rows[:3] == first
    assert [row["number"] for row in rows] == [0, 1, 2, 3, 4]
    subjects = ["Ledger of run x: 3 rows", "Half the hidden units", "Ledger of run x: 5 rows"]
    assert branch_subjects(begun, "x") == subjects


def test_a_finished_run_whose_branch_was_merged_and_deleted_stays_finished(recorded):
    git(recorded, "checkout", "--quiet", "-f", "main")
    git(recorded, "merge", "--quiet", "--ff-only", "research/x")
    git(recorded, "branch", "--quiet", "-d", "research/x")
    done = run_loop(recorded, *scripted(recorded, [UNUSABLE], run=None))
    assert "run tiny-1 begins" in done.stdout  # and finds the champion that was merged
    assert rows_of(recorded, "tiny-1")[0]["commit"] == git(recorded, "rev-parse", "main")


def test_a_paused_run_says_why_and_goes_on_with_the_same_command(begun):
    paused = run_loop(begun, *scripted(begun, [POLICY], budget=2))
    assert paused.returncode == 1
    assert paused.stderr.startswith("error: ")
    assert "the script has ended after 1 proposals" in paused.stderr
    assert "1 of 2 experiments, paused" in paused.stdout
    done = run_loop(begun, *scripted(begun, [POLICY, UNUSABLE]))
    assert done.returncode == 0
    assert "run x goes on after 1 experiment" in done.stdout
    assert len(rows_of(begun, "x")) == 3


def test_out_of_time_stops_before_the_next_experiment_and_can_go_on(begun):
    command = scripted(begun, [UNUSABLE])
    done = run_loop(begun, *command, "--max-hours", "1e-9")
    assert done.returncode == 0
    assert "0 of 1 experiments, out of time (0.00 h worked in all, --max-hours 1e-09); raise it to go on" in done.stdout
    assert run_loop(begun, *command).returncode == 0
    assert len(rows_of(begun, "x")) == 2


def test_null_rows_cost_no_budget_and_never_advance_the_branch(project):
    (project / "tasks" / "tiny.yaml").write_text(TINY.replace("null_every: 0", "null_every: 2"))
    done = run_loop(project, *scripted(project, [KEPT, UNUSABLE, UNUSABLE, UNUSABLE, UNUSABLE]))
    assert done.returncode == 0
    rows = rows_of(project, "x")
    order = ["proposal", "proposal", "null", "proposal", "proposal", "null", "proposal"]
    assert [row["kind"] for row in rows[1:]] == order
    assert branch_subjects(project, "x") == ["Half the hidden units", "Ledger of run x: 8 rows"]
    assert re.search(r"^   null  null row: .* \d+\.\d s  \([a-z0-9 ]+\)$", done.stdout, re.MULTILINE)
    assert re.search(r"null rows \d of 2 kept", done.stdout)


def test_the_loop_runs_from_another_directory(begun, tmp_path):
    assert run_loop(begun, *scripted(begun, [POLICY]), cwd=tmp_path).returncode == 0
    assert len(rows_of(begun, "x")) == 2


def test_the_loop_runs_in_a_linked_worktree(begun):
    linked = begun.parent / "linked"
    git(begun, "worktree", "add", "--quiet", "--detach", str(linked))
    ignored = git(begun, "ls-files", "--others", "--ignored", "--exclude-standard", "harness/memory_trace.*")
    for name in ignored.splitlines():
        (linked / name).write_bytes((begun / name).read_bytes())
    done = run_loop(linked, *scripted(begun, [KEPT]))
    assert done.returncode == 0, done.stderr
    assert branch_subjects(begun, "x") == ["Half the hidden units"]


def test_the_configured_user_is_the_author(begun):
    git(begun, "config", "user.name", "Ada")
    git(begun, "config", "user.email", "ada@example.org")
    assert run_loop(begun, *scripted(begun, [POLICY])).returncode == 0
    assert git(begun, "log", "-1", "--format=%an <%ae>", "research/x") == "Ada <ada@example.org>"


def test_help_says_what_the_program_does_and_every_flag(project):
    done = run_loop(project, "--help")
    assert done.returncode == 0
    for word in ("--budget", "--run", "--seed", "--max-hours", "Ctrl-C", "goes on", "never touched"):
        assert word in done.stdout


def test_a_reader_that_stops_reading_is_no_bug(begun):
    command = scripted(begun, [POLICY])
    with started_loop(begun, *command) as loop:
        read_until(loop.stdout, "proposer: scripted\n")
        loop.stdout.close()
        assert loop.wait(60) == 1
        assert loop.stderr.read() == b""
    assert run_loop(begun, *command).returncode == 0
    assert len(rows_of(begun, "x")) == 2


def test_a_title_that_the_terminal_cannot_show_is_no_bug(begun):
    command = scripted(begun, [{**POLICY, "title": "Größe ≠ 50 % \x1b[2J"}])
    done = run_loop(begun, *command, environment={"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 0, done.stderr
    assert "Gr??e ? 50 %  [2J" in done.stdout


def test_a_task_that_is_not_committed_is_said_when_a_run_begins(project):
    task = project / "tasks" / "tiny.yaml"
    task.write_text(f"# Another comment is the same task.\n{task.read_text()}")
    assert "not committed" not in run_loop(project, *scripted(project, [KEPT], run="same"), *AT_ONCE).stdout
    task.write_text(task.read_text().replace("n_test: 100", "n_test: 150"))
    done = run_loop(project, *scripted(project, [KEPT], run="other"), *AT_ONCE)
    assert "note: tasks/tiny.yaml is not committed as it is" in done.stdout, done.stderr
