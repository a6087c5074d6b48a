"""`python -m sparse_parity reproduce`: verdicts come from our numbers, digits are pinned, a stopped run goes on."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import sparse_parity
from sparse_parity.protocol import ParityError
from sparse_parity.reproduction.claim import judge, pass_over_claim
from sparse_parity.reproduction.command import run_claims
from sparse_parity.reproduction.registry import CLAIMS, find_claims

ROOT = Path(sparse_parity.__file__).parent.parent
COMMAND = [sys.executable, "-m", "sparse_parity", "reproduce"]
# Seconds each; the rest of --fast is instant.
TRAINS = {"A-acc", "A-41", "C-ident", "HIDDEN", "WHOLE", "E-25x", "RUNTIME"}
SLOW = [claim for claim in CLAIMS if claim.study and (claim.minutes or claim.id in TRAINS)]
INSTANT = [claim for claim in CLAIMS if claim.study and claim not in SLOW]
OURS = {"WHOLE", "E-full", "COIN", "CUR-20", "CUR-k", "WD-fail", "HIDDEN"}


def run(*arguments, cwd):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = {"cwd": cwd, "env": environment, "capture_output": True, "text": True}
    return subprocess.run([*COMMAND, *arguments], timeout=300, check=False, **options)


def silent(line):
    assert "\n" not in line


@pytest.mark.parametrize("claim", INSTANT, ids=lambda c: c.id)
def test_our_numbers_agree_with_the_reference(claim):
    row = judge(claim, claim.study(silent), 0.0)
    assert row.verdict == claim.verdict, f"{claim.id}: ours is {row.values}"


@pytest.mark.slow
@pytest.mark.parametrize("claim", SLOW, ids=lambda c: c.id)
def test_our_slow_numbers_agree_with_the_reference(claim):
    row = judge(claim, claim.study(silent), 0.0)
    assert row.verdict == claim.verdict, f"{claim.id}: ours is {row.values}"


def test_every_claim_has_one_row_and_the_documents_sixty_are_among_them():
    ids = [claim.id for claim in CLAIMS]
    assert len(set(ids)) == len(ids)
    assert len(set(ids) - OURS) == 60


def test_a_claim_is_pinned_by_digits_or_by_what_it_must_show():
    for claim in CLAIMS:
        judged = claim.reference is not None or claim.holds is not None
        assert judged or claim.study is None or claim.id == "RUNTIME", claim.id


def test_a_number_that_is_off_in_the_seventh_digit_differs():
    claim = find_claims(["R3-standard"])[0]
    wrong = replace(claim, reference=(claim.reference[0] * (1 + 1e-7), *claim.reference[1:]))
    assert judge(claim, claim.study(silent), 0.0).verdict == "reproduced"
    assert judge(wrong, claim.study(silent), 0.0).verdict == "differs"


def test_a_slow_claim_is_not_run_in_fast_and_says_so():
    slow = next(claim for claim in CLAIMS if claim.minutes)
    row = next(run_claims([slow], fast=True, kept=None))
    assert (row.verdict, row.ours) == ("not run", "-")
    assert pass_over_claim(find_claims(["ENERGY"])[0]).verdict == "wrong"


def test_a_stopped_run_goes_on_and_other_code_is_measured_again(tmp_path):
    kept, calls = tmp_path / "kept.jsonl", []

    def study(_):
        calls.append(1)
        return (20.0,)

    claim = replace(find_claims(["A-20x"])[0], study=study, minutes=1)
    for modules in (("buffers",), ("buffers",), ("buffers", "tiled")):
        row = next(run_claims([replace(claim, modules=modules)], fast=False, kept=kept))
        assert row.values == (20.0,)
    assert len(calls) == 2


def test_a_file_that_keeps_no_values_is_named(tmp_path):
    (tmp_path / "kept").write_text("hello\n")
    with pytest.raises(ParityError, match="line 1 is no kept value"):
        next(run_claims(find_claims(["A-20x"]), fast=True, kept=tmp_path / "kept"))


def test_json_is_one_document_and_markdown_has_a_line_a_claim(tmp_path):
    done = run("--claim", "R3-9.1", "--claim", "ENERGY", "--json", "--out", "t.md", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert [(row["claim"], row["verdict"]) for row in rows] == [("R3-9.1", "artefact"), ("ENERGY", "wrong")]
    table = (tmp_path / "t.md").read_text(encoding="utf-8")
    assert sum(line.startswith(("| R3-9.1 |", "| ENERGY |")) for line in table.splitlines()) == 2


def test_terminal_table_tells_why(tmp_path):
    done = run("--claim", "S1-16pct", cwd=tmp_path)
    assert "15.87 % per read, 3.96 % by floats" in done.stdout
    assert "a mean over reads" in done.stdout
    assert "S1-16pct: running" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--claim", "nobody"], "--claim nobody"), (["--out", "no/such/t.md"], "--out"), (["--quick"], "--quick")],
)
def test_bad_input_is_told_in_one_line(tmp_path, arguments, says):
    done = run(*arguments, *([] if "--claim" in arguments else ["--claim", "A-20x"]), cwd=tmp_path)
    told = [line for line in done.stderr.splitlines() if "running" not in line]
    assert (done.returncode, len(told)) == (1, 1)
    assert says in told[0]


def test_the_committed_table_has_every_claim_and_none_that_differs():
    lines = (ROOT / "results/reproduction.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")][1:]
    assert [row[0] for row in rows] == [claim.id for claim in CLAIMS]
    assert "differs" not in {row[5] for row in rows}
    assert {row[0] for row in rows if row[5] == "not run"} == {c.id for c in CLAIMS if c.verdict == "not run"}
