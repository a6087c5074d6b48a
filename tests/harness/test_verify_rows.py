"""What no row of a true ledger can hold is named by row and field; so are files that do not belong to their row."""

import json
from dataclasses import replace

import pytest

from harness import task as tasks
from harness.edits import edits_hash
from harness.records import Lapse
from harness.verify import Draws, check_rows
from tests.harness.audited import (
    DISCARDED,
    KEPT,
    KEPT_AGAIN,
    NULL,
    POLICY,
    RUN,
    UNMATCHED,
    UNUSABLE,
    chained,
    changed,
    copy_of,
    forge,
    ledger_file,
    rows_of,
    with_pair,
)
from tests.harness.project import git, harness, python

SEED = "5e" * 32


@pytest.fixture(scope="module")
def audited(audited_project):
    """Rows, task and draws of the audited run."""
    settings = json.loads((ledger_file(audited_project).parent / "run.json").read_text())
    draws = Draws(bytes.fromhex(settings["secret"]))
    return rows_of(audited_project), tasks.load(audited_project, "tiny"), draws


@pytest.fixture
def project(audited_project, tmp_path):
    return copy_of(audited_project, tmp_path)


def problems(audited, rows):
    _, task, draws = audited
    return [str(problem) for problem in check_rows(rows, task, draws).problems]


def named(audited, start, number, **fields):
    """Whether the row with other fields is named so."""
    found = problems(audited, changed(audited[0], number, **fields))
    assert any(line.startswith(f"row {number}: {start}") for line in found), found


def lines(done):
    """What verify says of the run, its name cut off."""
    assert done.returncode == 1, done.stdout + done.stderr
    return [line.removeprefix(f"run {RUN}: ") for line in done.stdout.splitlines()]


def test_an_empty_ledger_and_a_true_one_hold(audited):
    assert problems(audited, []) == problems(audited, audited[0]) == []


def test_a_baseline_that_is_none_is_named(audited):
    first = audited[0][0]
    (pair,) = first.evidence.screen
    named(audited, "kind: recorded 'null', and row 0 is the baseline", 0, kind="null")
    for screen, confirm in (((), ()), ((pair, pair), ()), ((pair,), (pair,))):
        named(audited, "evidence: the baseline has exactly", 0, evidence_screen=screen, evidence_confirm=confirm)
    other = replace(pair.candidate, dmd=pair.candidate.dmd + 1)
    named(audited, "evidence.screen[0].incumbent.dmd", 0, evidence_screen=(replace(pair, candidate=other),))
    named(audited, "evidence.screen[0].seed: not the seed", 0, evidence_screen=(replace(pair, seed=SEED),))
    named(audited, "commit: the baseline's commit and its parent are one commit", 0, parent="0" * 40)
    for changes in ({"edits": audited[0][KEPT].edits}, {"edits_sha256": "ab"}, {"prediction": "p"}):
        named(audited, "edits_sha256: the baseline has no edits", 0, **changes)


def test_a_lapse_that_cannot_be_is_named(audited):
    pairs = audited[0][KEPT].evidence.confirm
    good = Lapse(len(pairs), SEED, pairs[0].candidate, "out of memory")
    poor = replace(good.candidate, reads=1)
    for start, lapse in (
        ("evidence.lapses[0].seed: 'xyz' is not 64 hexadecimal digits", replace(good, seed="xyz")),
        ("evidence.lapses[0].seed: an earlier decision used", replace(good, seed=pairs[0].seed)),
        ("evidence.lapses[0].seed: not the seed that follows", good),
        ("evidence.lapses[0].index: recorded 9, and it is instance 3", replace(good, index=9)),
        ("evidence.lapses[0].candidate.reads: 1 are fewer", replace(good, candidate=poor)),
    ):
        named(audited, start, KEPT, evidence_lapses=(lapse,))


def test_the_baselines_instance_confirms_nothing(audited):
    """Row 0 decided on it, and so did each screen until the first kept one; its secret need not be known to say so."""
    rows, task, _ = audited
    forged = with_pair(rows, KEPT_AGAIN, 1, seed=rows[0].evidence.screen[0].seed)
    found = [str(problem) for problem in check_rows(forged, task).problems]
    assert found == [f"row {KEPT_AGAIN}: evidence.confirm[1].seed: an earlier decision used this instance"]


def test_values_that_no_meter_counts_are_named(audited):
    pair, *others = audited[0][KEPT].evidence.confirm
    for field, value, what in (
        ("reads", 199, "199 are fewer than any answer needs (200)"),
        ("ard_reads", 10**12, f"{10**12} in training steps are more than all"),
        ("ard_reads", 0, "0 is not what the meter can count"),
        ("writes", -1, "-1 is not what the meter can count"),
        ("predict_traffic", -1.0, "-1.0 is not what the meter can count"),
        ("peak_cells", 2**63, f"{2**63} is not what the meter can count"),
        ("dmd", 0.5, "0.5 is not what the meter can count"),
        ("samples", 0, "recorded 0, and an unsolved instance takes 3000"),
        ("samples", 3_300, "recorded 3300, and"),
        ("samples", 301, "recorded 301, and"),
    ):
        for side in ("candidate", "incumbent"):
            other = replace(pair, **{side: replace(getattr(pair, side), **{field: value})})
            start = f"evidence.confirm[0].{side}.{field}: {what}"
            named(audited, start, KEPT, evidence_confirm=(other, *others))
    unsolved = replace(pair, candidate=replace(pair.candidate, solved=False))
    named(audited, "evidence.confirm[0].candidate.samples", KEPT, evidence_confirm=(unsolved, *others))


def test_evidence_of_a_stage_that_was_not_reached_is_named(audited):
    rows = audited[0]
    pairs = rows[KEPT].evidence.confirm
    what = f"evidence.confirm: {len(pairs)} pairs, and discarded at screen has none"
    named(audited, what, DISCARDED, evidence_confirm=pairs)
    named(audited, "evidence.confirm: no pairs, and kept at confirm rests on some", KEPT, evidence_confirm=())
    named(audited, "edits: there are some, and the row holds no usable", UNUSABLE, edits=rows[KEPT].edits)
    named(audited, "prediction: there is one exactly when", KEPT, prediction=None)
    named(audited, "commit: there is one exactly when", KEPT, commit="")
    named(audited, "tree_sha256: there is one exactly when", KEPT, tree_sha256="")
    named(audited, "tree_sha256: experiment 0 has the same code", KEPT, tree_sha256=rows[0].tree_sha256)
    (pair,) = rows[KEPT].evidence.screen
    clear_loss = replace(pair, candidate=replace(pair.candidate, dmd=pair.incumbent.dmd * 10))
    start = "verdict.stage: recorded 'confirm', and the screen pair is discarded at screen"
    named(audited, start, KEPT, evidence_screen=(clear_loss,))


def test_a_candidate_that_failed_in_confirm_holds_and_may_claim_nothing(audited):
    """Its verdict cannot be derived, for what failed left no numbers; all else must be as the gate writes it."""
    rows, task, draws = audited
    fewer = rows[NULL].evidence.confirm[:1]
    failed = {"verdict_outcome": "invalid", "verdict_effects": (), "verdict_reason": "over the time limit of 60 s"}
    failed |= {"evidence_confirm": fewer}
    checked = check_rows(changed(rows, NULL, **failed), task, draws)
    assert not [problem for problem in checked.problems if problem.row == NULL]
    assert checked.derived == check_rows(rows, task, draws).derived - 1
    for start, claim in (
        ("verdict.win: recorded 'ard'", {"verdict_win": "ard"}),
        ("verdict.gain: recorded 0.5", {"verdict_gain": 0.5}),
        ("verdict.looks: recorded 7", {"verdict_looks": 7}),
        ("verdict.outcome: recorded 'kept', and 1 instances decide nothing", {"verdict_outcome": "kept"}),
    ):
        named(audited, start, NULL, **failed | claim)


def test_what_is_recorded_and_what_it_is_are_not_mixed_up(audited):
    """Wherever it stands: a person goes by it."""
    effects = audited[0][KEPT].verdict.effects
    others = (effects[0], replace(effects[1], change=-0.75), *effects[2:])
    named(audited, f"verdict.effects[1].change: recorded -0.75, is {effects[1].change}", KEPT, verdict_effects=others)
    named(audited, "verdict.effects: recorded 4 entries, is 5 entries", KEPT, verdict_effects=effects[1:])
    named(audited, "verdict.looks: recorded 5, is 1", KEPT, verdict_looks=5)
    named(audited, "verdict.looks: recorded 5, is 0", POLICY, verdict_looks=5)


def test_a_stage_that_the_code_contradicts_is_named(project):
    """The edits of a row apply or they do not, whatever it says."""
    rows = rows_of(project)
    lost = (replace(rows[POLICY].edits[0], search="no such line"),)
    rows = changed(rows, POLICY, edits=lost, edits_sha256=edits_hash(lost))
    rows = changed(rows, UNMATCHED, verdict_reason="the edits were not liked")
    rows = changed(rows, DISCARDED, verdict_stage="edit")
    rows = [*rows[:NULL], replace(rows[NULL], parent=rows[DISCARDED].commit), *rows[NULL + 1 :]]
    forge(project, rows)
    found = lines(python(project, "-m", "harness", "verify"))
    for start in (
        f"row {POLICY}: edits: do not apply to the parent: ",
        f"row {UNMATCHED}: verdict.reason: is not why the edits do not apply: ",
        f"row {DISCARDED}: verdict.stage: recorded 'edit', and the edits apply to the parent",
        f"row {NULL}: parent: does not hold the incumbent's code",
    ):
        assert any(line.startswith(start) for line in found), (start, found)


def test_files_that_are_gone_or_no_evidence_are_named(project):
    git(project, "merge", "--quiet", f"research/{RUN}")
    evidence = project / "results" / RUN / "0001.json"
    (shown,) = (project / "findings").glob(f"{RUN}-0001-*.md")
    whole, where = evidence.read_text(), f"row {KEPT}: results/{RUN}/0001.json: "
    evidence.write_text(json.dumps(json.loads(whole)))
    shown.unlink()
    found = lines(harness(project, "verify"))
    assert where + "not written as the harness writes it" in found
    assert f"row {KEPT}: findings/{shown.name}: is missing in the working tree" in found
    evidence.write_text(whole[:-20])
    assert any(line.startswith(f"{where}results/{RUN}/0001.json: ") for line in lines(harness(project, "verify")))


def test_a_ledger_with_a_line_of_something_else_is_told_from_the_whole_one_beside_it(project):
    data = ledger_file(project).read_bytes().splitlines(keepends=True)
    ledger_file(project).write_bytes(b"".join([*data[:2], b"mine\n", *data[3:]]))
    found = lines(harness(project, "verify"))
    assert f"row 2: line: not JSON in research/{RUN}; the local ledger was changed" in found
    assert any(line.startswith("the local ledger: ledger.jsonl: line 3: not JSON") for line in found)


def test_a_ledger_that_cannot_be_read_is_one_line(project):
    (project / "results" / "other" / "ledger.jsonl").mkdir(parents=True)
    done = harness(project, "verify")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: ")
    assert done.stderr.endswith("results/other/ledger.jsonl: Is a directory; make it readable\n")


def test_a_rerun_of_one_number_needs_the_name_of_a_run(project):
    other = project / "results" / "other" / "ledger.jsonl"
    other.parent.mkdir(parents=True)
    other.write_bytes(chained([replace(row, run="other") for row in rows_of(project)]))
    done = harness(project, "verify", "--rerun", "0")
    said = f"error: --rerun 0: say of which run: add --run NAME, one of: {RUN}, other\n"
    assert (done.returncode, done.stderr) == (1, said)
