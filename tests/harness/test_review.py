"""Reviews: what a person decides is one commit on the research branch, and nothing false can follow from it."""

import json
import re
import signal
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from harness.commands.decided import decide, make_decision
from harness.commands.recorded import Code
from harness.commands.reviewed import find, reviewed_run
from harness.crash_points import VARIABLE
from harness.errors import ArdentError
from harness.finding import position
from harness.git import Repository
from harness.ledger import exclusive_lock
from harness.run import read_settings
from harness.run.opening import _is_finished
from tests.harness.factories import make_experiment
from tests.harness.loops import assert_refused, copy_project, make_dirty, run_folder, run_loop, scripted, snapshot
from tests.harness.project import environment, git, harness, python
from tests.harness.scripts import FUSED, KEPT, POLICY
from tests.harness.terminals import Terminal

FIRST, SECOND = "x-0001", "x-0002"
BRANCH = "research/x"


def review(root, *arguments):
    """The command, which must succeed."""
    done = harness(root, "review", "x", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refusal(root, *arguments):
    """The one line with which the command refuses."""
    done = harness(root, "review", *arguments)
    assert_refused(done)
    assert done.stdout == ""
    return done.stderr


def listed(root):
    """The findings by id, as --json tells them."""
    return {one["id"]: one for one in json.loads(review(root, "--json"))["findings"]}


def on_branch(root, path):
    return git(root, "show", f"{BRANCH}:{path}")


def champion(root):
    return on_branch(root, "sparse_parity/champion.py")


def tip(root):
    return git(root, "rev-parse", BRANCH)


def commit_on_branch(root, changes, tmp_path):
    """A commit by hand on the research branch: path to text, None deletes."""
    place = tmp_path / "by-hand"
    git(root, "worktree", "add", "--quiet", str(place), BRANCH)
    for path, text in changes.items():
        (place / path).unlink() if text is None else (place / path).write_text(text)
    git(place, "commit", "--quiet", "--all", "--message=By hand")
    git(root, "worktree", "remove", "--force", str(place))


def audited(root):
    done = harness(root, "verify")
    assert done.returncode == 0, done.stdout
    return done.stdout


# -- decisions ----------------------------------------------------------------------------------------------------


def test_an_approval_is_one_commit_that_says_who_and_when_and_touches_nothing_of_the_users(reviewable):
    make_dirty(reviewable)
    before, parent = snapshot(reviewable), tip(reviewable)
    said = review(reviewable, "--approve", "1", "--note", "seen  twice")
    assert said.startswith(f"{FIRST}, experiment 1 (finding 1 of 2): approved (commit ")
    assert snapshot(reviewable) == before
    assert git(reviewable, "rev-parse", f"{BRANCH}~1") == parent
    assert git(reviewable, "log", "-1", "--format=%an <%ae>|%s", BRANCH) == (
        f"A Person <person@example.org>|Approve {FIRST}: Half the hidden units"
    )
    assert git(reviewable, "diff", "--name-only", parent, BRANCH).splitlines() == [listed(reviewable)[FIRST]["path"]]
    text = on_branch(reviewable, listed(reviewable)[FIRST]["path"])
    assert '\nstatus: approved\nreviewed_by: "A Person <person@example.org>"\nreviewed_at: "20' in text
    assert text.endswith("+00:00, A Person <person@example.org>: approved: seen twice")
    audited(reviewable)


def test_the_same_decision_again_changes_nothing(reviewable):
    for arguments in (("--approve", FIRST), ("--reject", SECOND, "--note", "too small")):
        review(reviewable, *arguments)
        before = tip(reviewable)
        assert "nothing was changed" in review(reviewable, *arguments)
        assert tip(reviewable) == before


def test_a_rejection_takes_the_change_back_and_strikes_the_bullet(reviewable):
    told = review(reviewable, "--reject", SECOND, "--note", "too small")
    assert "the branch holds the code of experiment 1 again" in told
    assert 'METHOD = "standard"\nHYPERPARAMETERS = {"hidden": 16' in champion(reviewable)
    bullets = on_branch(reviewable, "DISCOVERIES.md").splitlines()
    assert [line[:4] for line in bullets[-2:]] == ["- AR", "- ~~"]
    assert "2 findings match" in audited(reviewable)


def test_a_rejected_change_that_others_build_on_stays_and_that_is_said(reviewable):
    code = champion(reviewable)
    told = review(reviewable, "--reject", FIRST, "--note", "no")
    assert f"its change stays, because {SECOND} build on it" in told
    assert champion(reviewable) == code
    told = review(reviewable, "--reject", SECOND, "--note", "no")
    assert "the branch holds the code of the baseline again" in told
    assert champion(reviewable) == git(reviewable, "show", "main:sparse_parity/champion.py")
    audited(reviewable)


def test_who_changes_his_mind_gets_the_code_back_and_the_run_goes_on(reviewable):
    code = champion(reviewable)
    review(reviewable, "--reject", SECOND, "--note", "no")
    entries = [KEPT, FUSED, POLICY]
    assert_refused(run_loop(reviewable, *scripted(reviewable, entries)), "run x is closed", SECOND, "harness merge x")
    assert "holds the code of experiment 2" in review(reviewable, "--approve", SECOND)
    assert champion(reviewable) == code
    done = run_loop(reviewable, *scripted(reviewable, entries))
    assert done.returncode == 0, done.stderr
    assert "3/3" in done.stdout
    assert listed(reviewable)[SECOND]["status"] == "approved"
    audited(reviewable)


def test_a_run_that_a_review_closed_counts_as_finished(reviewable):
    folder, repository = run_folder(reviewable, "x"), Repository.open(reviewable)
    settings = read_settings(folder)
    (folder / "run.json").write_text((folder / "run.json").read_text().replace('"budget": 2', '"budget": 9'))
    unfinished = read_settings(folder)
    assert _is_finished(folder, repository, settings)
    assert not _is_finished(folder, repository, unfinished)
    review(reviewable, "--reject", SECOND, "--note", "no")
    assert _is_finished(folder, repository, unfinished)


def test_a_note_decides_nothing(reviewable):
    review(reviewable, "--annotate", SECOND, "--note", "look at\nthe spread \x1b[2J # Big")
    one = listed(reviewable)[SECOND]
    assert (one["status"], one["by"], one["note"]) == ("unreviewed", "", "look at the spread <U+001B>[2J # Big")
    audited(reviewable)


def test_without_a_name_in_git_nothing_is_decided_and_the_line_says_how_to_give_one(reviewable):
    git(reviewable, "config", "--unset", "user.email")
    before = tip(reviewable)
    done = python(reviewable, "-m", "harness", "review", "x", "--approve", "1")  # without this machine's configuration
    assert_refused(done, "git config user.name")
    assert tip(reviewable) == before


BAD_INPUT = {
    ("x", "--reject", "1"): "say why",
    ("x", "--reject", "1", "--note", " \n"): "say why",
    ("x", "--annotate", "1"): "is empty",
    ("x", "--approve", "7"): "it has: 1 (x-0001), 2 (x-0002)",
    ("x", "--approve", "x-1"): "no finding of run x",
    ("y", "--list"): "no such run",
    ("../x", "--approve", "1"): "not a name for a run",
    ("x", "--note", "why"): "--note goes with",
    ("x", "--approve", "1", "--reject", "2"): "not allowed with",
    ("x",): "asks on a terminal",
}


def test_bad_input_is_one_line(reviewable):
    before = tip(reviewable)
    for arguments, said in BAD_INPUT.items():
        assert said in refusal(reviewable, *arguments)
    assert tip(reviewable) == before


def test_a_number_is_the_experiments_wherever_a_finding_is_named():
    rows = [replace(make_experiment(), number=number) for number in (1, 5)]
    assert [position(row, [1, 5]) for row in rows] == ["experiment 1 (finding 1 of 2)", "experiment 5 (finding 2 of 2)"]
    assert position(rows[1], []) == position(rows[1], [1]) == "experiment 5"


def test_what_is_listed_and_decided_names_the_experiment(reviewable):
    assert f"{SECOND}  experiment 2 (finding 2 of 2), unreviewed: " in review(reviewable, "--list")
    assert review(reviewable, "--approve", "2").startswith(f"{SECOND}, experiment 2 (finding 2 of 2): approved (")
    found = listed(reviewable)[SECOND]
    assert (found["experiment"], found["position"]) == (2, 2)


def test_the_run_need_not_be_named(reviewable):
    assert harness(reviewable, "review", "--list").stdout.startswith("run x: 2 findings on research/x\n")
    assert harness(reviewable, "review", "--approve", FIRST).stdout.startswith(f"{FIRST}, experiment 1 (")


def test_a_project_without_findings_has_nothing_to_review(user_project):
    assert harness(user_project, "review").stdout == "no findings here yet: nothing to review\n"


# -- trouble ------------------------------------------------------------------------------------------------------


def test_while_the_run_is_locked_nothing_is_decided(reviewable):
    before = tip(reviewable)
    with exclusive_lock(run_folder(reviewable, "x") / "lock", "run x"):
        assert "run x is already being run by pid" in refusal(reviewable, "x", "--approve", "1")
        assert "2 findings" in review(reviewable, "--list")
    assert tip(reviewable) == before


def test_two_reviewers_at_once_lose_nothing(reviewable):
    def start(number):
        command = [sys.executable, "-m", "harness", "review", "x", "--approve", number]
        return subprocess.Popen(command, cwd=reviewable, env=environment(reviewable), stderr=subprocess.PIPE, text=True)

    both = [start("1"), start("2")]
    errors = [one.communicate(timeout=60)[1] for one in both]
    statuses = [one["status"] for one in listed(reviewable).values()]
    for process, error, status in zip(both, errors, statuses, strict=True):
        assert (process.returncode, status) in {(0, "approved"), (1, "unreviewed")}
        assert process.returncode == 0 or "already being run by" in error
    assert "approved" in statuses
    audited(reviewable)


def test_a_decision_on_a_branch_that_moved_meanwhile_is_refused(reviewable):
    repository = Repository.open(reviewable)
    stale = reviewed_run(repository, "x")
    review(reviewable, "--approve", "2")
    before = tip(reviewable)
    with pytest.raises(ArdentError, match="something else moved it"):
        decide(stale, find(stale, "1"), make_decision(repository, "approved", ""))
    assert tip(reviewable) == before


def killed(root, passage, passed, note="no"):
    """The decision, killed at that passage of a crash point (0: never); the points that it passed."""
    command = [sys.executable, "-m", "harness", "review", "x", "--reject", "2", "--note", note]
    done = subprocess.run(command, cwd=root, env=environment(root) | {VARIABLE: f"{passage} {passed}"}, check=False)
    assert done.returncode == (-signal.SIGKILL if passage else 0)
    return passed.read_text().split()


def test_a_kill_leaves_all_of_a_decision_or_nothing_of_it(reviewable, tmp_path):
    """Between the commit and the branch, and right after the branch moved; the same command goes on after either."""
    points = killed(copy_project(reviewable, tmp_path / "whole"), 0, tmp_path / "points")
    before = tip(reviewable)
    assert killed(reviewable, points.index("commit-made") + 1, tmp_path / "first")[-1] == "commit-made"
    assert tip(reviewable) == before
    # Words of its own: within the same second the same decision is the same commit, and no object of it is new.
    passed = killed(reviewable, points.index("ref-moved") + 1, tmp_path / "second", "no, again")
    assert passed[-1] == "ref-moved"
    assert git(reviewable, "rev-parse", f"{BRANCH}~1") == before
    assert "nothing was changed" in review(reviewable, "--reject", "2", "--note", "no, again")
    assert listed(reviewable)[SECOND]["status"] == "rejected"
    audited(reviewable)


def test_a_branch_that_is_checked_out_is_not_moved(reviewable, tmp_path):
    git(reviewable, "worktree", "add", "--quiet", str(tmp_path / "elsewhere"), BRANCH)
    assert "is checked out in" in refusal(reviewable, "x", "--approve", "1")


def test_a_deleted_branch_is_shown_from_the_working_tree_and_the_line_brings_it_back(reviewable):
    git(reviewable, "merge", "--quiet", "--no-edit", BRANCH)
    git(reviewable, "branch", "-D", BRANCH)
    assert "2 findings on the working tree; research/x is gone" in review(reviewable, "--list")
    line = refusal(reviewable, "x", "--approve", "1")
    command = re.search(r"bring it back with: git (branch \S+ \S+)", line)[1]
    git(reviewable, *command.split())
    assert f"{FIRST}, experiment 1 (finding 1 of 2): approved" in review(reviewable, "--approve", "1")


def test_a_branch_with_other_code_is_not_built_on(reviewable, tmp_path):
    text = champion(reviewable).replace('"hidden": 16', '"hidden": 15')
    commit_on_branch(reviewable, {"sparse_parity/champion.py": text}, tmp_path)
    before = tip(reviewable)
    assert "does not hold the code of experiment 2" in refusal(reviewable, "x", "--reject", "2", "--note", "no")
    assert tip(reviewable) == before


def test_a_rebased_branch_can_be_reviewed_and_is_not_merged(reviewable, tmp_path):
    base = git(reviewable, "merge-base", "main", BRANCH)
    (reviewable / "README.md").write_text("On main.\n")
    git(reviewable, "add", "README.md")
    git(reviewable, "commit", "--quiet", "--message=On main")
    place = tmp_path / "rebased"
    git(reviewable, "worktree", "add", "--quiet", str(place), BRANCH)
    git(place, "rebase", "--quiet", "--onto", "main", base, BRANCH)
    git(reviewable, "worktree", "remove", "--force", str(place))
    review(reviewable, "--approve", "1")
    assert "code of experiment 1 again" in review(reviewable, "--reject", "2", "--note", "no")
    assert "the branch was rebased" in harness(reviewable, "verify").stdout  # which a merge asks


def test_a_status_changed_by_hand_is_brought_in_line_by_a_decision(reviewable, tmp_path):
    """Rejected in the text alone: the branch still holds the change."""
    path = listed(reviewable)[SECOND]["path"]
    text = on_branch(reviewable, path).replace("status: unreviewed", "status: rejected")
    commit_on_branch(reviewable, {path: text}, tmp_path)
    assert "holds the code of experiment 1 again" in review(reviewable, "--reject", "2", "--note", "really")
    audited(reviewable)


def test_what_a_hand_wrote_into_a_review_moves_no_cursor_and_adds_no_line(reviewable, tmp_path):
    """JSON spells escapes and line ends: they must reach neither a terminal nor the message of a merge."""
    path = listed(reviewable)[SECOND]["path"]
    by, note = json.dumps("A\x1b[2J\n\nArdent-Run: x"), json.dumps("ok\u202e\rno")
    forged = f"status: approved\nreviewed_by: {by}\nnote: {note}"
    text = on_branch(reviewable, path).replace("status: unreviewed", forged)
    commit_on_branch(reviewable, {path: text}, tmp_path)
    found = listed(reviewable)[SECOND]
    assert (found["by"], found["note"]) == ("A<U+001B>[2J Ardent-Run: x", "ok<U+202E> no")
    assert "by A<U+001B>[2J Ardent-Run: x: " in review(reviewable, "--list")


def test_a_finding_edited_by_hand_is_shown_and_never_approved(reviewable, tmp_path):
    path = listed(reviewable)[SECOND]["path"]
    commit_on_branch(reviewable, {path: on_branch(reviewable, path).replace(" lower on", " higher on")}, tmp_path)
    assert "  problem: findings/x-0002-the-fused-order.md: line 17: not rendered" in review(reviewable, "--list")
    assert "is not what its evidence says" in refusal(reviewable, "x", "--approve", "2")
    review(reviewable, "--reject", "2", "--note", "edited")
    assert "2 findings match" in audited(reviewable)


def test_missing_evidence_is_shown_never_approved_and_back_after_a_rejection(reviewable, tmp_path):
    commit_on_branch(reviewable, {"results/x/0002.json": None}, tmp_path)
    assert "results/x/0002.json: is missing in research/x" in review(reviewable, "--list")
    assert "is missing" in refusal(reviewable, "x", "--approve", "2")
    review(reviewable, "--reject", "2", "--note", "no evidence")
    audited(reviewable)


@pytest.mark.slow
def test_code_whose_ref_is_gone_is_found_in_its_commit(reviewable):
    for number in ("0001", "0002"):
        git(reviewable, "update-ref", "-d", f"refs/experiments/x/{number}")
    git(reviewable, "reflog", "expire", "--expire=now", "--all")
    git(reviewable, "gc", "--quiet", "--prune=now")
    reviewed = reviewed_run(Repository.open(reviewable), "x")
    assert Code(reviewed.repository).at(reviewed.findings[0].row.commit) is None
    assert "code of experiment 1 again" in review(reviewable, "--reject", "2", "--note", "no")
    audited(reviewable)


# -- on a terminal ------------------------------------------------------------------------------------------------

BOXES = re.compile("[\u2500-\u259f]")
PROMPTS = (b"> ", b"why? ", b"note: ")


@dataclass(frozen=True)
class Ended:
    """All that was shown, and how the command ended."""

    text: str
    code: int


def on_terminal(root, columns, keys, *arguments, **variables):
    """Run the command; at each prompt one line of `keys`, or one control character, is typed."""
    terminal, waiting = Terminal(columns, 40), keys.splitlines(keepends=True)
    kept = {name: value for name, value in environment(root).items() if name not in ("NO_COLOR", "LINES")}
    try:
        terminal.start([sys.executable, "-m", "harness", *arguments], root, kept | {"TERM": "xterm"} | variables)
        while terminal.read():
            if waiting and terminal.said.endswith(PROMPTS):
                terminal.press(waiting.pop(0).encode())
        return Ended(terminal.said.decode(), terminal.process.wait(60))
    finally:
        terminal.process.kill()
        terminal.process.wait()
        terminal.close()


@pytest.mark.parametrize(("columns", "no_color"), [(80, ""), (120, "1")])
def test_a_finding_fits_the_terminal_and_has_the_colours_that_are_wanted(reviewable, columns, no_color):
    ended = on_terminal(reviewable, columns, "s\ns\n", "review", "x", NO_COLOR=no_color)
    assert ended.code == 0, ended.text
    assert ("\x1b[32m" in ended.text, "\x1b" in ended.text) == ((False, False) if no_color else (True, True))
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ended.text).splitlines()
    assert all(len(line) <= columns for line in lines if "approve, r reject" not in line), lines
    text = " ".join(" ".join(lines).split())
    assert "Experiment 2 (finding 2 of 2), x-0002; 1 to review" in text
    for words in ("Question", '-METHOD = "standard"', "The fused", "Predicted"):
        assert words in text


def test_plain_is_sentences_without_signs_that_a_reader_skips(reviewable):
    ended = on_terminal(reviewable, 80, "q\n", "review", "x", "--plain")
    assert "\x1b" not in ended.text
    assert not BOXES.search(ended.text)
    numbers = r"incumbent [\d,]+; candidate [\d,]+; change -59\.\d %; interval -[\d.]+ % to -[\d.]+ %\."
    assert re.search(rf"^DMD: {numbers}\r?$", ended.text, re.MULTILINE)
    assert 'removed: HYPERPARAMETERS = {"hidden": 32' in ended.text
    assert 'added: HYPERPARAMETERS = {"hidden": 16' in ended.text


def test_findings_are_decided_one_after_another_and_the_same_command_goes_on(reviewable):
    ended = on_terminal(reviewable, 80, "n look again\na fine\nq\n", "review")
    assert ended.code == 0, ended.text
    assert [one["status"] for one in listed(reviewable).values()] == ["approved", "unreviewed"]
    assert "go on: python -m harness review x" in ended.text
    ended = on_terminal(reviewable, 80, "?\nr\n\nr\ntoo small\n", "review")
    assert "not done: --note: say why" in " ".join(ended.text.split())
    assert "Experiment 2 (finding 2 of 2), x-0002; 1 to review" in ended.text
    assert "next: python -m harness merge x" in ended.text
    found = listed(reviewable)
    assert (found[FIRST]["note"], found[SECOND]["note"], found[SECOND]["status"]) == ("fine", "too small", "rejected")
    audited(reviewable)


@pytest.mark.slow
def test_measuring_again_says_that_every_value_agrees_and_the_end_of_the_input_quits(reviewable):
    ended = on_terminal(reviewable, 80, "m\n\x04", "review", "x")
    assert (ended.code, "values, agree" in ended.text) == (0, True), ended.text


def test_ctrl_c_at_the_prompt_stops_and_keeps_what_was_decided(reviewable):
    ended = on_terminal(reviewable, 80, "a\n\x03", "review", "x")
    assert ended.code == 130, ended.text
    assert "stopped; what you decided stays" in ended.text
    assert [one["status"] for one in listed(reviewable).values()] == ["approved", "unreviewed"]
