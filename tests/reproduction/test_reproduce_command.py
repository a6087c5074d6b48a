"""`python -m sparse_parity reproduce`: verdicts come from our numbers, digits are pinned, a stopped run goes on."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import sparse_parity
from sparse_parity.protocol import ParityError
from sparse_parity.reproduction.claim import SAME_DIGITS, judge, name_study, pass_over_claim
from sparse_parity.reproduction.command import run_claims
from sparse_parity.reproduction.keep import digest_code
from sparse_parity.reproduction.registry import CLAIMS, find_claims
from sparse_parity.reproduction.table import as_document, render_markdown, render_terminal

ROOT = Path(sparse_parity.__file__).parent.parent
COMMAND = [sys.executable, "-m", "sparse_parity", "reproduce"]
# Seconds each. The rest of --fast is instant, or shares one training of experiment A. (Equal weights, C-ident, are
# also held by test_published_training.py.)
TRAINS = {"C-ident", "RUNTIME", "S1-1s"}
SLOW = [claim for claim in CLAIMS if claim.study and (claim.minutes or claim.id in TRAINS)]
INSTANT = [claim for claim in CLAIMS if claim.study and claim not in SLOW]
OURS = {"WHOLE", "E-full", "COIN", "HIDDEN", "FRONTIER", "R3-list"}
OURS |= {"CUR-20", "CUR-k", "WD-fail", "WD-seeds", "SIGN-seeds"}  # parts of a claim of the reference
OURS |= {"STEPS", "MEMORY", "C-acc-all"}  # of the documents, and not in the reference
BY_EYE = {"RUNTIME", "S1-1s", "C-wall"}  # seconds of a machine
COMMITTED = {
    row["claim"]: row for row in json.loads((ROOT / "results/reproduction.json").read_text(encoding="utf-8"))["rows"]
}
KEPT = os.environ.get("REPRODUCTION_KEPT")  # a file of `reproduce --keep`, whose values are judged and added to


def run(*arguments, cwd):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = {"cwd": cwd, "env": environment, "capture_output": True, "text": True}
    return subprocess.run([*COMMAND, *arguments], timeout=300, check=False, **options)


def silent(line):
    assert "\n" not in line


def judge_by_running(claim, kept=None):
    return next(run_claims([claim], fast=False, kept=kept))


@pytest.mark.parametrize("claim", INSTANT, ids=lambda c: c.id)
def test_our_numbers_agree_with_the_reference(claim):
    row = judge_by_running(claim)
    assert row.verdict == claim.verdict, f"{claim.id}: ours is {row.values}"
    if claim.id not in BY_EYE:
        assert row.values == pytest.approx(COMMITTED[claim.id]["values"], rel=SAME_DIGITS), "the committed table lies"


@pytest.mark.slow
@pytest.mark.parametrize("claim", SLOW, ids=lambda c: c.id)
def test_our_slow_numbers_agree_with_the_reference(claim):
    row = judge_by_running(claim, Path(KEPT) if KEPT else None)
    assert row.verdict == claim.verdict, f"{claim.id}: ours is {row.values}"


def test_what_a_slow_claim_keeps_is_named_by_a_study_and_its_arguments():
    names = []
    for claim in CLAIMS:
        for study in claim.parts if claim.minutes else ():
            function = study.func if isinstance(study, partial) else study
            package, _, module = function.__module__.rpartition(".")
            assert (package, module in claim.modules) == ("sparse_parity.studies", True), claim.id
            names.append(f"{claim.id}: {name_study(study)}")
    assert len(names) > 40
    assert len(set(names)) == len(names)
    assert not [name for name in names if " at 0x" in name]


def test_every_claim_has_one_row_and_the_documents_sixty_are_among_them():
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    assert len(set(ids) - OURS) == 60


def test_a_claim_is_pinned_by_digits_or_by_what_it_must_show():
    for claim in CLAIMS:
        judged = claim.reference is not None or claim.holds is not None
        assert judged or claim.study is None or claim.id in BY_EYE, claim.id


def test_a_number_that_is_off_in_the_seventh_digit_differs():
    claim = find_claims(["R3-standard"])[0]
    wrong = replace(claim, reference=(claim.reference[0] * (1 + 1e-7), *claim.reference[1:]))
    assert judge(claim, claim.study(silent), 0.0).verdict == "reproduced"
    assert judge(wrong, claim.study(silent), 0.0).verdict == "differs"


def test_numbers_that_do_not_show_what_they_must_differ():
    claim = find_claims(["E-fails"])[0]
    assert judge(claim, (1.0, 0.945), 0.0).verdict == "wrong"
    assert judge(claim, (1.0, 1.0), 0.0).verdict == "differs"


def test_a_kept_number_that_differs_is_told_and_ends_with_one(tmp_path):
    key = f"CUR-20: {name_study(find_claims(['CUR-20'])[0].parts[0])}"
    row = {"claim": key, "digest": digest_code(("curriculum",)), "values": [33.0, 18.0], "seconds": 1.0}
    (tmp_path / "kept").write_text(json.dumps(row) + "\n")
    done = run("--claim", "CUR-20", "--fast", "--keep", "kept", cwd=tmp_path)
    assert done.returncode == 1
    assert "33 vs 18 epochs" in done.stdout
    assert done.stderr.splitlines()[-1].endswith("differ from the reference: CUR-20")


def test_a_kept_value_is_of_the_engine_and_the_methods_as_they_are(tmp_path):
    command = [sys.executable, "-c", "from sparse_parity.reproduction.keep import *; print(digest_code(('sweeps',)))"]
    copy = tmp_path / "sparse_parity"
    shutil.copytree(ROOT / "sparse_parity", copy, ignore=shutil.ignore_patterns("__pycache__"))

    def digest():
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout

    found = [digest()]
    assert found == [digest_code(("sweeps",)) + "\n"]
    for name in ("methods/minibatch.py", "model.py", "studies/sweeps.py", "studies/batches.py"):
        with (copy / name).open("a") as file:
            file.write("\nCHANGED = True\n")
        found.append(digest())
    assert len(set(found)) == 5
    with (copy / "model.py").open("a") as file:
        file.write("# a comment changes no number\n")
    assert digest() == found[-1]


def test_a_slow_claim_is_not_run_in_fast_and_says_so():
    slow = next(claim for claim in CLAIMS if claim.minutes)
    row = next(run_claims([slow], fast=True, kept=None))
    assert (row.verdict, row.values) == ("not run", ())
    assert "left out by --fast" in row.ours
    assert "kept" not in row.ours
    assert pass_over_claim(find_claims(["ENERGY"])[0]).verdict == "wrong"


def test_a_stopped_run_goes_on_and_other_code_is_measured_again(tmp_path):
    kept, calls = tmp_path / "kept.jsonl", []

    def study(_):
        calls.append(1)
        return (20.0,)

    claim = replace(find_claims(["A-20x"])[0], study=study, minutes=1)
    for modules in (("buffers",), ("buffers",), ("buffers", "tiled")):
        row = judge_by_running(replace(claim, modules=modules), kept)
        assert row.values == (20.0,)
    assert len(calls) == 2


def double(number, say):
    say(f"doubling {number}")
    return (2.0 * number,)


def test_a_part_is_kept_on_its_own_and_another_argument_is_measured_anew(tmp_path, capfd):
    kept = tmp_path / "kept.jsonl"
    claim = replace(find_claims(["A-20x"])[0], minutes=1, holds=None, reference=None, form="{0}")
    for numbers, doubled in (([1, 2], [1, 2]), ([1, 2, 3], [3]), ([4, 2], [4])):
        row = judge_by_running(replace(claim, study=tuple(partial(double, n) for n in numbers)), kept)
        assert row.values == tuple(2.0 * n for n in numbers)
        told = [line for line in capfd.readouterr().err.splitlines() if "doubling" in line]
        assert [int(line.split()[-1]) for line in told] == doubled


def test_a_last_line_that_was_cut_short_is_dropped(tmp_path):
    kept = tmp_path / "kept.jsonl"
    studies = (partial(double, 10), partial(double, 5))
    claim = replace(find_claims(["A-20x"])[0], minutes=1, study=studies, gather=min_of)
    judge_by_running(claim, kept)
    whole = kept.read_text()
    kept.write_text(whole[:-9])
    assert judge_by_running(claim, kept).values == (10.0,)
    assert [json.loads(line)["values"] for line in kept.read_text().splitlines()] == [[20.0], [10.0]]


def test_fast_judges_what_is_kept_and_counts_what_is_missing(tmp_path):
    kept = tmp_path / "kept.jsonl"
    claim = replace(find_claims(["A-20x"])[0], minutes=1, holds=None, reference=None, study=(partial(double, 1),))
    judge_by_running(claim, kept)
    assert next(run_claims([claim], fast=True, kept=kept)).values == (2.0,)
    more = replace(claim, study=(partial(double, 1), partial(double, 2)))
    row = next(run_claims([more], fast=True, kept=kept))
    assert (row.verdict, row.values) == ("not run", ())
    assert row.ours.endswith("1 of 2 parts kept")


def test_what_was_kept_and_not_measured_in_this_start_is_told(tmp_path):
    """Who writes an invented value into the file has it shown; so each table names what it took from there."""
    kept = tmp_path / "kept.jsonl"
    whole = replace(find_claims(["A-20x"])[0], minutes=1, holds=None, reference=None, study=(partial(double, 1),))
    part, fresh = (replace(whole, id=name, study=(partial(double, 1), partial(double, 2))) for name in ("P", "FRESH"))
    list(run_claims([whole, part], fast=False, kept=kept))
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    invented = [line | {"values": [3.0]} for line in lines[:2]]
    kept.write_text("".join(json.dumps(line) + "\n" for line in invented))
    rows = list(run_claims([whole, part, fresh], fast=False, kept=kept))
    assert [(row.kept, row.values[0]) for row in rows] == [(1, 3.0), (1, 3.0), (0, 2.0)]
    said = "Kept from an earlier start and not measured in this one (2 of 3): A-20x, P (1 of 2 parts)."
    assert f"\n\n{said}\n\n" in render_markdown(rows)
    assert said in " ".join(render_terminal(rows, 60).split())
    assert [row["kept_parts"] for row in as_document(rows)["rows"]] == [1, 1, 0]
    assert "Kept from" not in render_markdown(rows[2:]) + render_terminal(rows[2:])


def test_what_takes_seconds_is_never_taken_from_the_file(tmp_path):
    kept, claim = tmp_path / "kept.jsonl", find_claims(["R3-standard"])[0]
    forged = {"claim": f"R3-standard: {name_study(claim.parts[0])}", "digest": digest_code(claim.modules)}
    kept.write_text(json.dumps(forged | {"values": [1.0], "seconds": 1.0}) + "\n")
    row = next(run_claims([claim], fast=True, kept=kept))
    assert (row.verdict, row.kept) == ("reproduced", 0)


def test_the_committed_table_says_what_its_numbers_say():
    """Both of its files: the values judged again are shown so, and what takes seconds is measured again above."""
    table = (ROOT / "results/reproduction.md").read_text(encoding="utf-8")
    for claim in CLAIMS:
        row = COMMITTED[claim.id]
        assert f" | {row['ours'].replace('|', chr(92) + '|')} | {row['verdict']} | " in table, claim.id
        if claim.study:
            again = judge(claim, tuple(row["values"]), 0.0)
            assert (again.ours, again.verdict) == (row["ours"], row["verdict"])


def test_a_reduced_claim_says_its_size_and_gives_way_to_one_kept_in_full(tmp_path):
    kept = tmp_path / "kept.jsonl"
    full = replace(find_claims(["A-20x"])[0], minutes=1, holds=None, reference=None, form="{0:.0f}", modules=())
    claim = replace(full, study=(partial(double, 50),), reduced=(partial(double, 8),))
    small = next(run_claims([claim], fast=False, kept=kept, reduced=True))
    assert small.ours == "16 (reduced: double 8)"
    judge_by_running(claim, kept)
    assert next(run_claims([claim], fast=True, kept=kept, reduced=True)).ours == "100"


def test_a_note_of_where_a_value_comes_from_stands_beside_it(tmp_path):
    kept = tmp_path / "kept.jsonl"
    claim = replace(find_claims(["A-20x"])[0], minutes=1, study=partial(double, 10), form="{0:.0f}")
    judge_by_running(claim, kept)
    row = json.loads(kept.read_text()) | {"note": "measured on Sunday"}
    kept.write_text(json.dumps(row) + "\n")
    assert judge_by_running(claim, kept).ours == "20 (measured on Sunday)"


def min_of(values):
    return (min(values),)


def test_an_interrupt_says_where_the_values_are_kept(tmp_path):
    command = [*COMMAND, "--claim", "FRONTIER", "--keep", "kept.jsonl"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()  # it is running
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "kept.jsonl; the same command goes on" in rest
    assert "Traceback" not in rest


def test_a_file_that_keeps_no_values_is_named(tmp_path):
    (tmp_path / "kept").write_text("hello\n")
    with pytest.raises(ParityError, match="line 1 is no kept value"):
        next(run_claims(find_claims(["A-20x"]), fast=True, kept=tmp_path / "kept"))


@pytest.mark.parametrize("values", ['"abc"', "[null]", '["1"]', "[[1]]", "[true]", "5"])
def test_a_kept_line_whose_values_are_no_numbers_is_named(tmp_path, values):
    (tmp_path / "kept").write_text(f'{{"claim": "CUR", "digest": "0", "values": {values}, "seconds": 1}}\n')
    with pytest.raises(ParityError, match="line 1 is no kept value"):
        next(run_claims(find_claims(["A-20x"]), fast=True, kept=tmp_path / "kept"))


def test_a_claim_with_too_few_kept_values_is_named(tmp_path):
    kept = tmp_path / "kept.jsonl"
    claim = replace(find_claims(["A-20x"])[0], minutes=1, study=(partial(double, 1),), form="{0}, {1}", reference=None)
    with pytest.raises(ParityError, match="A-20x: 1 values are too few"):
        judge_by_running(claim, kept)


@pytest.mark.parametrize("text", ["my notes", '{"claims": 1}', '{"claim": "A-20x"}\nmy notes'])
def test_a_file_that_is_somebody_elses_is_refused_and_stays_as_it_is(tmp_path, text):
    (tmp_path / "notes").write_text(text)
    with pytest.raises(ParityError, match="is no kept value"):
        next(run_claims(find_claims(["A-20x"]), fast=True, kept=tmp_path / "notes"))
    assert (tmp_path / "notes").read_text() == text


def test_missing_directories_are_made(tmp_path):
    places = ["--out", "a/b/t.md", "--plots", "c/d", "--keep", "e/f/kept"]
    done = run("--claim", "R3-9.1", "--claim", "A-1.3/3.8", *places, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / path).is_file() for path in ("a/b/t.md", "a/b/t.json", "c/d/gains.png", "e/f/kept"))
    undrawn = "hidden_progress.png needs EXP1; whole_run.png needs WHOLE and A-standard and A-acc"
    assert f"not drawn: {undrawn}\n" in done.stderr


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_shows_all_of_a_row(width):
    row = judge_by_running(find_claims(["S1-16pct"])[0])
    lines = render_terminal([row], width).splitlines()
    assert max(map(len, lines)) <= width
    said = " ".join(" ".join(lines).split())
    assert all(text in said for text in (row.claim.id, row.verdict, row.ours, row.claim.says, row.claim.why))


@pytest.mark.parametrize(
    ("typed", "meant"), [("r3-9.1", "R3-9.1"), ("A-3.8", "A-1.3/3.8"), ("whole", "WHOLE"), ("R3", "R3-list")]
)
def test_a_mistyped_claim_is_told_what_was_meant(typed, meant):
    with pytest.raises(ParityError, match=rf"did you mean .*{re.escape(meant)}"):
        find_claims([typed])


def test_a_claim_named_twice_is_run_once():
    assert [claim.id for claim in find_claims(["A-75", "A-20x", "A-75"])] == ["A-75", "A-20x"]


def test_json_is_one_document_and_markdown_has_a_line_a_claim(tmp_path):
    done = run("--claim", "R3-9.1", "--claim", "ENERGY", "--json", "--out", "t.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["claim"], row["verdict"]) for row in rows] == [("R3-9.1", "artefact"), ("ENERGY", "wrong")]
    table = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert sum(line.startswith(("| R3-9.1 |", "| ENERGY |")) for line in table.splitlines()) == 2
    assert json.loads((tmp_path / "t.json").read_text(encoding="utf-8")) == json.loads(done.stdout)


def test_terminal_table_tells_why(tmp_path):
    done = run("--claim", "S1-16pct", cwd=tmp_path)
    assert "15.87 % per read, 3.96 % by floats" in done.stdout
    assert "a mean over reads" in done.stdout
    assert "S1-16pct: running" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--claim", "nobody"], "--claim 'nobody'"),
        (["--out", "file/t.md"], "--out: file is a file"),
        (["--out", "."], "--out: . is a directory"),
        (["--out", "/proc/t.md"], "--out: /proc: "),
        (["--out", "t.json"], "name t.md, and both are written"),
        (["--plots", "file"], "--plots: file is a file"),
        (["--claim", "CUR", "--keep", "file/kept"], "--keep: file is a file"),
        (["--claim", "CUR", "--keep", "."], "--keep: . is a directory"),
        (["--fast", "--reduced"], "leave one of them out"),
        (["--quick"], "--quick"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, arguments, says):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    done = run(*arguments, *([] if "--claim" in arguments else ["--claim", "A-20x"]), cwd=tmp_path)
    told = done.stderr.splitlines()
    assert (done.returncode, len(told)) == (1, 1)
    assert says in told[0]


def test_the_committed_table_has_every_claim_and_none_that_differs():
    lines = (ROOT / "results/reproduction.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [claim.id for claim in CLAIMS]
    assert not {"differs", "not run"} & {row[5] for row in rows}
    assert not [row[0] for row in rows if "reduced" in row[4]]
