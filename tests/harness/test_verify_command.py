"""`python -m harness verify`: a true run passes, and each forgery is named by row and field.

The forger here can write every file and rebuild the ledger's hash chain, so what finds him is the derivation alone.
"""

import json
from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest

from harness import judge
from harness import task as tasks
from harness.commands import rerun
from harness.commands.recorded import Code, read_run
from harness.edits import edits_hash
from harness.errors import ArdentError
from harness.git import Repository
from harness.measure import measure
from harness.records import Experiment, Lapse, Slack, Verdict
from harness.verify import Draws, check_rows
from tests.harness.audited import (
    DISCARDED,
    DUPLICATE,
    KEPT,
    KEPT_AGAIN,
    NULL,
    POLICY,
    RUN,
    UNMATCHED,
    UNUSABLE,
    chained,
    changed,
    clone_of,
    copy_of,
    forge,
    ledger_file,
    rows_of,
    with_pair,
)
from tests.harness.loops import copy_project
from tests.harness.project import CHAMPION, commit_all, git, harness, make_project, python
from tests.harness.scripts import PICKY


@pytest.fixture(scope="module")
def recorded(audited_project):
    return audited_project


@pytest.fixture
def project(recorded, tmp_path):
    return copy_of(recorded, tmp_path)


def problems(project, *arguments):
    """What verify names, the run's name cut off; there must be something."""
    done = harness(project, "verify", *arguments)
    assert done.returncode == 1, done.stdout
    head = f"run {RUN}: "
    return [line.removeprefix(head) for line in done.stdout.splitlines() if line.startswith(head)][:-1]


def named(project, start):
    """Whether some problem begins like that."""
    found = problems(project)
    assert any(line.startswith(start) for line in found), found


# -- what holds -------------------------------------------------------------------------------------------------------


def test_a_true_run_holds_in_one_line(recorded):
    done = python(recorded, "-m", "harness", "verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == (
        f"run {RUN}: 10 rows, chain holds, 6 verdicts derived again, 4 other rows consistent, 2 findings match\n"
    )


def test_json_is_one_strict_document(project):
    done = harness(project, "verify", "--json")
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert document["holds"] is True
    assert document["runs"][0]["derived"] == 6
    forge(project, changed(rows_of(project), KEPT, verdict_looks=7))
    done = harness(project, "verify", "--json")
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (done.returncode, document["holds"]) == (1, False)
    assert {"row": KEPT, "field": "verdict.looks", "what": "recorded 7, is 1"} in document["runs"][0]["problems"]


def test_nothing_recorded_is_no_problem_and_an_unknown_run_is(tmp_path):
    root = make_project(tmp_path)
    assert harness(root, "verify").stdout == "no ledger here: nothing is recorded yet\n"
    done = harness(root, "verify", "--run", "nowhere")
    assert done.returncode == 1
    assert done.stderr == "error: --run nowhere: no ledger of such a run here; known are: (none)\n"


def test_a_merged_run_holds_in_a_clone_that_has_neither_secret_nor_experiment_refs(project, tmp_path):
    git(project, "merge", "--quiet", "--no-ff", "--no-edit", f"research/{RUN}")
    git(project, "branch", "-D", f"research/{RUN}")
    done = harness(clone_of(project, tmp_path), "verify")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith(f"run {RUN}: 10 rows, chain holds, 6 verdicts derived again")


def test_verify_changes_nothing(project):
    before = git(project, "for-each-ref"), git(project, "status", "--porcelain"), ledger_file(project).read_bytes()
    harness(project, "verify", "--rerun", str(KEPT))
    after = git(project, "for-each-ref"), git(project, "status", "--porcelain"), ledger_file(project).read_bytes()
    assert before == after


# -- forged rows, the chain rebuilt -----------------------------------------------------------------------------------


def test_a_smaller_dmd_is_named(project):
    rows = rows_of(project)
    measured = rows[KEPT].evidence.confirm[0].candidate
    forge(project, with_pair(rows, KEPT, 0, candidate=replace(measured, dmd=measured.dmd * 0.9)))
    named(project, f"row {KEPT}: verdict.effects[1].change: recorded -0.")


def test_a_smaller_dmd_with_its_verdict_derived_anew_is_named_by_the_files_and_commits(project):
    """Only what lies outside the ledger can tell: evidence, finding, commit; and `--rerun`."""
    rows, branch = rows_of(project), git(project, "rev-parse", f"research/{RUN}")
    measured = rows[KEPT].evidence.confirm[0].candidate
    rows = with_pair(rows, KEPT, 0, candidate=replace(measured, dmd=measured.dmd * 0.9))
    verdict = judge.confirm(rows[KEPT].evidence.confirm, Slack(), tasks.load(project, "tiny").rules, 1)
    forge(project, [replace(row, verdict=verdict) if row.number == KEPT else row for row in rows])
    git(project, "update-ref", f"refs/heads/research/{RUN}", branch)
    found = problems(project)
    assert any(line.startswith(f"row {KEPT}: ledger: research/{RUN} has another row there") for line in found)
    assert any("names another row 1: the ledger was rewritten after it" in line for line in found)
    rerun = harness(project, "verify", "--rerun", str(KEPT))
    assert "evidence.confirm[0].candidate.dmd: recorded" in rerun.stdout


def test_a_discarded_row_called_kept_is_named(project):
    forge(project, changed(rows_of(project), DISCARDED, verdict_outcome="kept"))
    named(project, f"row {DISCARDED}: verdict.outcome: recorded 'kept', which the stage screen never gives")


def test_an_inconclusive_row_called_kept_is_named(project):
    forge(project, changed(rows_of(project), NULL, verdict_outcome="kept", verdict_win="ard", verdict_gain=0.1))
    named(project, f"row {NULL}: verdict.outcome: recorded 'kept', is 'inconclusive'")


def test_a_kept_row_called_inconclusive_is_named(project):
    rows = changed(rows_of(project), KEPT_AGAIN, verdict_outcome="inconclusive", verdict_win=None, verdict_gain=None)
    forge(project, rows)
    named(project, f"row {KEPT_AGAIN}: verdict.outcome: recorded 'inconclusive', is 'kept'")


def test_candidate_and_incumbent_exchanged_is_named(project):
    rows = rows_of(project)
    (pair,) = rows[DISCARDED].evidence.screen
    swapped = replace(pair, candidate=pair.incumbent, incumbent=pair.candidate)
    forge(project, changed(rows, DISCARDED, evidence_screen=(swapped,)))
    found = problems(project)
    assert f"row {DISCARDED}: verdict.stage: recorded 'screen', and the judge sends this pair on to confirm" in found
    assert any(line.startswith(f"row {DISCARDED}: evidence.screen[0].incumbent.dmd: recorded") for line in found)


def test_pairs_in_another_order_are_named_where_the_secret_is(project):
    rows = rows_of(project)
    forge(project, changed(rows, KEPT, evidence_confirm=rows[KEPT].evidence.confirm[::-1]))
    named(project, f"row {KEPT}: evidence.confirm[0].seed: not the seed that follows from the run's secret")


@pytest.mark.parametrize("number", [DISCARDED, UNMATCHED, UNUSABLE, NULL, DUPLICATE])
def test_a_removed_row_is_named_although_the_rest_is_numbered_anew(project, number):
    rows = rows_of(project)
    forge(project, rows[:number] + rows[number + 1 :])
    assert problems(project)


def test_rows_cut_off_the_end_are_named_by_the_branch(project):
    ledger_file(project).write_bytes(chained(rows_of(project)[:-1]))
    named(project, f"row {KEPT_AGAIN}: ledger: research/{RUN} has rows that are missing there")


def test_one_look_less_is_named(project):
    forge(project, changed(rows_of(project), KEPT_AGAIN, verdict_looks=1))
    named(project, f"row {KEPT_AGAIN}: verdict.looks: recorded 1, is 2")


def test_another_slack_is_named(project):
    forge(project, changed(rows_of(project), KEPT_AGAIN, evidence_slack=Slack(accuracy=0.01)))
    named(project, f"row {KEPT_AGAIN}: evidence.slack.accuracy: recorded 0.01, is 0.0")


def test_a_bad_pair_left_out_is_named(project):
    rows = rows_of(project)
    forge(project, changed(rows, KEPT, evidence_confirm=rows[KEPT].evidence.confirm[:2]))
    named(project, f"row {KEPT}: verdict.outcome: recorded 'kept', and 2 instances decide nothing")


def test_a_pair_drawn_after_the_decision_is_named(project):
    rows = rows_of(project)
    more = replace(rows[KEPT].evidence.confirm[0], seed="ab" * 32)
    forge(project, changed(rows, KEPT, evidence_confirm=(*rows[KEPT].evidence.confirm, more)))
    named(project, f"row {KEPT}: evidence.confirm: 4 instances, and the judge decides after 3")


def test_an_instance_used_twice_is_named(project):
    rows = rows_of(project)
    forge(project, with_pair(rows, KEPT_AGAIN, 0, seed=rows[NULL].evidence.confirm[0].seed))
    named(project, f"row {KEPT_AGAIN}: evidence.confirm[0].seed: an earlier decision used this instance")


def test_more_right_answers_than_bits_are_named(project):
    rows = rows_of(project)
    measured = rows[KEPT].evidence.confirm[0].candidate
    forge(project, with_pair(rows, KEPT, 0, candidate=replace(measured, test_bits="0" * 25)))
    named(project, f"row {KEPT}: evidence.confirm[0].candidate.test_correct: recorded")


@pytest.mark.parametrize("number", [POLICY, UNMATCHED, UNUSABLE])
def test_an_invalid_row_called_a_win_is_named(project, number):
    win = Verdict("kept", "confirm", "ARD win", "ard", 0.5, looks=2)
    forge(project, [replace(row, verdict=win) if row.number == number else row for row in rows_of(project)])
    named(project, f"row {number}: evidence.screen: 0 pairs, and kept at confirm has 1")


def test_evidence_in_an_invalid_row_is_named(project):
    rows = rows_of(project)
    forge(project, changed(rows, POLICY, evidence_screen=rows[DISCARDED].evidence.screen))
    named(project, f"row {POLICY}: evidence.screen: 1 pairs, and invalid at policy has 0")


def test_another_reason_for_a_refusal_is_named(project):
    forge(project, changed(rows_of(project), POLICY, verdict_reason="it was too slow"))
    done = python(project, "-m", "harness", "verify")  # the very code that wrote it: only that is compared
    assert f"row {POLICY}: verdict: the policy does not refuse this code for that reason" in done.stdout


def test_a_duplicate_of_nothing_is_named(project):
    forge(project, changed(rows_of(project), DUPLICATE, tree_sha256="ab" * 32))
    named(project, f"row {DUPLICATE}: verdict.stage: recorded 'duplicate', and no earlier row has this tree_sha256")


def test_edits_that_do_not_match_their_hash_are_named(project):
    rows = rows_of(project)
    (edit,) = rows[DISCARDED].edits
    edited = (replace(edit, text='"hidden": 63,'),)
    forge(project, changed(rows, DISCARDED, edits=edited))
    found = problems(project)
    assert any(line.startswith(f"row {DISCARDED}: edits_sha256: recorded") for line in found)


def test_edits_that_are_not_the_measured_code_are_named(project):
    rows = rows_of(project)
    (edit,) = rows[DISCARDED].edits
    edited = (replace(edit, text='"hidden": 63,'),)
    forge(project, changed(rows, DISCARDED, edits=edited, edits_sha256=edits_hash(edited)))
    done = python(project, "-m", "harness", "verify")
    assert f"row {DISCARDED}: commit: " in done.stdout
    assert f"row {DISCARDED}: tree_sha256: not the hash of the parent's code with the edits" in done.stdout


def test_another_baseline_measurement_is_named(project):
    rows = rows_of(project)
    (pair,) = rows[0].evidence.screen
    worse = replace(pair.candidate, dmd=pair.candidate.dmd * 2)
    forge(project, changed(rows, 0, evidence_screen=(replace(pair, candidate=worse, incumbent=worse),)))
    named(project, f"row {KEPT}: evidence.screen[0].incumbent.dmd: recorded")


def test_another_version_of_the_task_is_said(project):
    task = project / "tasks" / "tiny.yaml"
    task.write_text(task.read_text().replace("min_gain: 0.005", "min_gain: 0.5"))
    assert harness(project, "verify").returncode == 0  # the baseline commit has the version that was used
    forge(project, [replace(row, task_sha256="ab" * 32) for row in rows_of(project)])
    what = "neither the working tree nor the baseline has this version of the task, so no verdict can be derived"
    named(project, f"row 0: task_sha256: {what}; commit tasks/tiny.yaml as the run was measured with it")


def test_a_run_is_named_with_its_flag_or_without(recorded):
    flag, bare = harness(recorded, "verify", "--run", RUN), harness(recorded, "verify", RUN)
    assert (bare.returncode, bare.stdout) == (0, flag.stdout)
    assert "no ledger of such a run here" in harness(recorded, "verify", "none").stderr
    assert "not allowed with argument" in harness(recorded, "verify", RUN, "--run", "none").stderr


def test_one_seed_is_no_common_instance_of_tasks_of_two_sizes(project):
    rows = rows_of(project)
    text = (project / "tasks" / "tiny.yaml").read_text()
    (project / "tasks" / "wide.yaml").write_text(text.replace("n_bits: 10", "n_bits: 12"))
    other = project / "results" / "other" / "ledger.jsonl"
    other.parent.mkdir(parents=True)
    other.write_bytes(chained([replace(row, run="other") for row in rows]))
    assert "measured on the instances of other" in harness(project, "verify", RUN).stdout
    other.write_bytes(chained([replace(rows[0], run="other")]))  # under one seed, and nothing else in common
    assert "measured on the instances" not in harness(project, "verify", RUN).stdout
    wide = tasks.task_hash(tasks.load(project, "wide"))
    other.write_bytes(chained([replace(row, run="other", task="wide", task_sha256=wide) for row in rows]))
    assert "measured on the instances" not in harness(project, "verify", RUN).stdout


def test_a_task_in_no_commit_is_said_until_it_is_committed(project):
    task = project / "tasks" / "tiny.yaml"
    task.write_text(task.read_text().replace("n_test: 100", "n_test: 150"))
    hashed = tasks.task_hash(tasks.load(project, "tiny"))
    forge(project, [replace(row, task_sha256=hashed) for row in rows_of(project)])
    said = "neither HEAD nor the commit where it started has tasks/tiny.yaml as it was measured with: commit it"
    assert said in harness(project, "verify", RUN).stdout
    commit_all(project, "Task tiny")
    assert said not in harness(project, "verify", RUN).stdout


# What no derivation can notice, and who does: the words of a row (its finding and its commit), what only `--rerun`
# measures again, and what nobody can (costs, times). A value that is judged must never be added here.
WORDS = {"title", "hypothesis", "why", "proposer", "model", "prompt_sha256", "cost"}
WORDS |= {"environment", "started", "seconds", "seconds_by_stage"}
NAMES_OF_CODE = {"parent", "commit", "tree_sha256"}  # compared with git, where the commits are there
MEASURED_AGAIN = {"peak_cells", "predict_traffic", "predictions_sha256", "samples", "seconds"}


def leaves(value, path=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else None
    if inner is None:
        yield path, value
    for key, one in inner or ():
        yield from leaves(one, (*path, key))


def put(value, path, new):
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = put(copied[path[0]], path[1:], new)
    return copied


def other_values(value):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, 0]
    if isinstance(value, float):
        return [value * 1.01 + 0.001, 0.0]
    return [value + "x", ""] if isinstance(value, str) else []


def is_listed(row, path):
    if path[0] in WORDS | NAMES_OF_CODE:
        return True
    if path[:2] == ("verdict", "reason"):  # words of the stages that measure nothing, and of the baseline
        return row.verdict.outcome == "invalid" or row.kind == "baseline"
    if path == ("evidence", "opinion", "words"):  # the judge heeds whether it agrees
        return True
    of_a_screen_that_let_through = path[:2] == ("evidence", "screen") and row.verdict.stage == "confirm"
    return path[0] == "evidence" and (path[-1] in MEASURED_AGAIN or of_a_screen_that_let_through)


def test_every_value_that_is_judged_is_noticed_when_it_changes(recorded):
    rows, task = rows_of(recorded), tasks.load(recorded, "tiny")
    settings = json.loads((ledger_file(recorded).parent / "run.json").read_text())
    draws = Draws(bytes.fromhex(settings["secret"]))
    assert not check_rows(rows, task, draws).problems
    unnoticed = []
    for row in rows:
        plain = msgspec.to_builtins(row)
        for path, value in leaves({k: v for k, v in plain.items() if k not in ("schema", "tip", "number")}):
            for new in other_values(value):
                with suppress(msgspec.ValidationError):
                    forged = [*rows]
                    forged[row.number] = msgspec.convert(put(plain, path, new), Experiment)
                    if forged != rows and not check_rows(forged, task, draws).problems and not is_listed(row, path):
                        unnoticed.append((row.number, path, new))
    assert unnoticed == []


# -- files ------------------------------------------------------------------------------------------------------------


def test_an_edited_line_breaks_the_chain_and_is_named(project):
    path = ledger_file(project)
    path.write_bytes(path.read_bytes().replace(b'"looks":1', b'"looks":2', 1))
    named(project, "the local ledger: ledger.jsonl: line 2: edited")


@pytest.fixture
def merged(project):
    git(project, "merge", "--quiet", f"research/{RUN}")
    return project


def edit(path, before, after):
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_a_changed_evidence_file_is_named_by_its_field(merged):
    path = merged / "results" / RUN / "0001.json"
    edit(path, '"looks": 1', '"looks": 2')
    named(merged, f"row {KEPT}: results/{RUN}/0001.json: verdict.looks: recorded 2, is 1 in the ledger")
    path.unlink()
    named(merged, f"row {KEPT}: results/{RUN}/0001.json: is missing in the working tree")


def test_a_changed_digit_of_a_finding_is_named(merged):
    (path,) = (merged / "findings").glob(f"{RUN}-0001-*.md")
    edit(path, "at least 4", "at least 5")
    named(merged, f"row {KEPT}: findings/{path.name}: line 17: not rendered from the evidence")


def test_findings_of_another_template_on_the_branch_are_a_note_and_in_the_working_tree_a_problem(merged):
    """A branch is history, as an earlier template left it; what people read is the working tree."""
    (path,) = (merged / "findings").glob(f"{RUN}-0001-*.md")
    edit(path, "template: 2\n", "")
    named(merged, f"row {KEPT}: findings/{path.name}: ")
    old = commit_all(merged, "Of another template")
    git(merged, "checkout", "--quiet", "HEAD~1")
    git(merged, "update-ref", f"refs/heads/research/{RUN}", old)
    done = harness(merged, "verify")
    assert done.returncode == 0, done.stdout
    assert f"findings on research/{RUN} are of another template than today's" in done.stdout


def test_a_changed_bullet_is_named(merged):
    edit(merged / "DISCOVERIES.md", "3 instances", "30 instances")
    named(merged, f"row {KEPT}: DISCOVERIES.md: lacks its bullet in the working tree")


def test_a_committed_ledger_that_is_not_the_beginning_of_the_local_one_is_named(merged):
    (merged / "results" / RUN / "ledger.jsonl").write_bytes(chained(rows_of(merged)[:4] + rows_of(merged)[5:]))
    named(merged, "row 4: ledger: the working tree has another row there")


def test_code_on_the_branch_that_is_not_the_candidates_is_named(project):
    """A commit that carries the right trailers and other code."""
    message = git(project, "log", "-1", "--format=%B", f"research/{RUN}")
    git(project, "switch", "--quiet", f"research/{RUN}")
    champion = project / "sparse_parity" / "champion.py"
    edit(champion, '"hidden": 8', '"hidden": 9')
    git(project, "reset", "--quiet", "--soft", "HEAD~1")
    commit_all(project, message)
    git(project, "switch", "--quiet", "main")
    named(project, f"row {KEPT_AGAIN}: commit: ")


# -- measuring again --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["0", str(KEPT), str(NULL), "kept"])
def test_a_rerun_agrees(recorded, which):
    done = harness(recorded, "verify", "--rerun", which)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", agree\n" in done.stdout
    assert "confirm instance 1 (2 of " in done.stdout or which == "0"


def test_a_rerun_disagrees_with_a_changed_ard_distance_and_names_both_values(project):
    rows = rows_of(project)
    measured = rows[KEPT].evidence.confirm[1].candidate
    forge(project, with_pair(rows, KEPT, 1, candidate=replace(measured, ard_distance=measured.ard_distance - 1)))
    done = harness(project, "verify", "--rerun", str(KEPT))
    assert done.returncode == 1
    expected = (
        f"    evidence.confirm[1].candidate.ard_distance: "
        f"recorded {measured.ard_distance - 1}, is {measured.ard_distance}"
    )
    assert expected in done.stdout.splitlines()
    assert "113 values, DISAGREE in 1" in done.stdout


def test_a_rerun_rebuilds_a_candidate_whose_commit_is_gone(project, tmp_path):
    git(project, "merge", "--quiet", f"research/{RUN}")
    clone, commit = clone_of(project, tmp_path), rows_of(project)[DISCARDED].commit
    with pytest.raises(ArdentError, match="no such commit"):
        Repository.open(clone).resolve(commit)
    done = harness(clone, "verify", "--rerun", str(DISCARDED))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "28 values, agree" in done.stdout


PICKY_CHAMPION = 'METHOD = "picky"\nHYPERPARAMETERS = {"hidden": 32, "lr": 0.1, "wd": 0.01}\n'


def test_a_rerun_measures_an_incumbent_that_failed_again(project):
    """A lapse agrees where the incumbent fails again for the same reason, and does not where it can be measured."""
    run = read_run(Repository.open(project), RUN)
    bench = rerun._bench(Repository.open(project), run)
    sources = Code(Repository.open(project)).at(run.rows[0].commit)
    candidate = bench.program(sources)
    picky = bench.program({**sources, CHAMPION: PICKY_CHAMPION, "sparse_parity/methods/picky.py": PICKY})
    (pair,) = run.rows[0].evidence.screen
    lapse = Lapse(0, pair.seed, pair.candidate, measure(picky, tasks.draw(bench.task, pair.seed), bench.task).reason)
    step = rerun.Step("lapse 1", "evidence.lapses[0]", lapse)
    assert list(rerun._compared(step, (candidate, picky), bench, run, run.rows[0])) == []
    ((field, what),) = rerun._compared(step, (candidate, candidate), bench, run, run.rows[0])
    assert field == "evidence.lapses[0].reason"
    assert what.endswith("and the incumbent can be measured now")
    other = replace(step, recorded=replace(lapse, reason="it was cold"))
    ((field, what),) = rerun._compared(other, (candidate, picky), bench, run, run.rows[0])
    assert what.startswith("recorded 'it was cold', is 'ZeroDivisionError"), what


def test_a_rerun_says_that_another_python_recorded_it(project):
    rows = [replace(row, environment=row.environment.replace("Python 3", "Python 2")) for row in rows_of(project)]
    forge(project, rows)
    done = harness(project, "verify", "--rerun", str(KEPT))
    assert "note: recorded with Python 2." in done.stdout
    assert "exact agreement is promised for one version only" in done.stdout


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (str(POLICY), "nothing was measured in it, it ended as invalid at policy"),
        ("10", "has the rows 0 to 9"),
        ("all", "'all' is neither a row's number nor 'kept'"),
    ],
)
def test_a_rerun_of_what_was_not_measured_is_one_line(recorded, which, said):
    done = harness(recorded, "verify", "--rerun", which)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert said in done.stderr


def test_no_name_of_a_folder_or_file_moves_the_cursor(user_project, tmp_path):
    """Folders and files come along with a branch that somebody else wrote."""
    root = copy_project(user_project, tmp_path)
    (root / "results" / "a\x1b[2Jb").mkdir(parents=True)
    (root / "results" / "a\x1b[2Jb" / "ledger.jsonl").write_text("{}\n")
    (root / "findings").mkdir(exist_ok=True)
    (root / "findings" / "a\x1b[2J.md").write_text("mine\n")
    for command in ("verify", "check", "report", "verify --run c", "report c"):
        done = harness(root, *command.split())
        assert "\x1b" not in done.stdout + done.stderr
        assert "[2J" in done.stdout + done.stderr
