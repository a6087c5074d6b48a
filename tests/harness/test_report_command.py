"""`python -m harness report` in every state that a repository may be in: each is shown for what it is."""

import html
import json
import re
import shlex
import shutil
import subprocess
from dataclasses import replace

import pytest

from harness.ledger import exclusive_lock, read
from harness.records import Experiment
from tests.harness.audited import chained
from tests.harness.loops import run_folder
from tests.harness.project import git, harness, make_project

RUN = "x"  # of the fixtures in conftest: one kept, one refused by the policy


def report(root, *arguments, runs=(RUN,)):
    """The page, which must come, and what the command said."""
    done = harness(root, "report", *runs, "--no-profile", *arguments)
    assert done.returncode == 0, done.stderr
    return (root / "results" / "report.html").read_text("utf-8"), done.stdout


def banners(page):
    """What stands out on the page: kind and text, markup taken out."""
    found = re.findall(r'<p class="banner (\w+)"[^>]*>(.*?)</p>', page, re.DOTALL)
    return [(kind, html.unescape(re.sub(r"<[^>]+>", "", text))) for kind, text in found]


def broken(page):
    return [text for kind, text in banners(page) if kind == "broken"]


def ledger(root):
    return run_folder(root, RUN) / "ledger.jsonl"


def rewrite(root, change):
    """Forge the local ledger, chain and all; the branch, which would contradict it, goes."""
    rows = list(read(ledger(root)))
    ledger(root).write_bytes(chained(change(rows)))
    git(root, "update-ref", "-d", f"refs/heads/research/{RUN}")


def as_user(root, *arguments):
    """Git as somebody: these projects have no user configured."""
    return git(root, "-c", "user.name=A User", "-c", "user.email=user@example.org", *arguments)


def merge(root):
    as_user(root, "merge", "--quiet", "--no-ff", "--no-edit", f"research/{RUN}")


def finding(root):
    return next((root / "findings").glob("*.md"))


# -- what holds -------------------------------------------------------------------------------------------------------


def test_a_finished_run_holds_and_its_page_says_what_came_of_it(recorded):
    page, said = report(recorded)
    assert said.splitlines()[0] == "run x: 3 rows, 1 finding; everything holds"
    assert broken(page) == []
    assert "2 proposals of scripted tried" in page
    assert "is not merged into this checkout" in page
    assert "Half the hidden units" in page
    assert 'class="badge unreviewed"' in page
    sha = git(recorded, "log", "--format=%H", "--grep=Ardent-Experiment: 1", f"research/{RUN}").splitlines()[-1]
    assert f"git show {sha[:12]} -- sparse_parity | git apply -R" in page


def test_the_lines_that_moved_are_measured_in_the_sandbox(recorded):
    done = harness(recorded, "report", RUN)
    assert done.returncode == 0, done.stderr
    page = (recorded / "results" / "report.html").read_text("utf-8")
    moved = re.findall(r'<table class="moved">.*?</table>', page, re.DOTALL)
    assert len(moved) == 2, "buffers and lines"
    whole = [float(cell.replace(",", "")) for cell in re.findall(r"<td>([\d.,]+)</td>", moved[0])[:2]]
    assert whole[1] < whole[0], "half the units move less in a step"
    assert "W1" in moved[0]


def test_nothing_is_written_but_the_page(recorded, tmp_path):
    before = git(recorded, "for-each-ref"), git(recorded, "status", "--porcelain"), ledger(recorded).read_bytes()
    done = harness(recorded, "report", "--out", str(tmp_path / "new" / "page.html"), "--no-profile")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new" / "page.html").exists()
    after = git(recorded, "for-each-ref"), git(recorded, "status", "--porcelain"), ledger(recorded).read_bytes()
    assert before == after


def test_json_is_one_strict_document(recorded):
    _, said = report(recorded, "--json")
    document = json.loads(said, parse_constant=pytest.fail)
    assert document["runs"] == [{"run": RUN, "rows": 3, "findings": 1, "holds": True, "problems": []}]
    assert document["bytes"] == (recorded / "results" / "report.html").stat().st_size


def commands(page):
    """The lines to copy, by what they are for."""
    found = re.findall(r"<li><span>([^<]*)</span>\s*<span class=\"copied\"><code>([^<]*)</code>", page)
    return {html.unescape(purpose): html.unescape(line) for purpose, line in found}


def test_the_commands_on_the_page_measure_again_approve_merge_and_revert(recorded):
    git(recorded, "config", "user.name", "Ada <ada>")
    git(recorded, "config", "user.email", "ada@example.org")
    page, _ = report(recorded)
    lines, before = commands(page), (recorded / "sparse_parity/champion.py").read_text("utf-8")
    for purpose in ("reproduce", "approve", "merge, when all are reviewed"):
        program, *arguments = shlex.split(lines[purpose])[2:]
        assert program == "harness"
        done = harness(recorded, *arguments)
        assert done.returncode == 0, (purpose, done.stdout, done.stderr)
    page, _ = report(recorded)
    assert 'class="badge approved"' in page
    assert "is merged into this checkout" in page
    assert (recorded / "sparse_parity/champion.py").read_text("utf-8") != before
    for purpose in ("see the commit", "revert where it is merged"):
        line = ["sh", "-c", commands(page)[purpose]]
        done = subprocess.run(line, cwd=recorded, capture_output=True, check=False)
        assert done.returncode == 0, (purpose, done.stderr)
    assert (recorded / "sparse_parity/champion.py").read_text("utf-8") == before


# -- nothing, or not all of it ----------------------------------------------------------------------------------------


def test_a_repository_without_a_run_has_a_page_that_says_how_to_begin(tmp_path):
    page, _ = report(make_project(tmp_path), runs=())
    assert "Nothing is recorded yet" in page
    assert "python loop.py --budget 20" in page


def test_an_unknown_run_is_one_line_and_no_page(recorded):
    done = harness(recorded, "report", "nowhere")
    assert (done.returncode, done.stderr) == (1, "error: report nowhere: no such run here; known are: x\n")
    assert not (recorded / "results" / "report.html").exists()


def test_a_place_that_cannot_be_written_is_one_line(recorded):
    done = harness(recorded, "report", "--no-profile", "--out", str(recorded))
    assert done.returncode == 1
    assert re.fullmatch(r"error: --out .*: Is a directory; name a file that can be written\n", done.stderr)


def test_a_baseline_alone_is_a_run_that_stopped(begun):
    page, _ = report(begun)
    assert "has measured its baseline; nothing was tried yet" in page
    assert ("warning", "it stopped after 0 of 2 proposals; the loop's command goes on with it.") in banners(page)


def test_settings_without_a_row_are_a_run_of_which_nothing_was_measured(begun):
    ledger(begun).unlink()
    git(begun, "update-ref", "-d", f"refs/heads/research/{RUN}")
    page, _ = report(begun)
    assert "nothing was measured in it yet" in page
    assert any("stopped before its baseline was measured" in text for _, text in banners(page))


def test_a_run_that_somebody_works_on_is_going_on(begun):
    with exclusive_lock(run_folder(begun, RUN) / "lock", "run x"):
        page, _ = report(begun)
    assert ("warning", "this run is going on; the page is as of the moment it was made.") in banners(page)


def test_damaged_settings_are_shown_and_the_rows_with_them(recorded):
    (run_folder(recorded, RUN) / "run.json").write_text("{")
    page, said = report(recorded)
    assert "1 problem: see the page" in said
    assert "run.json" in page
    assert page.count('<tr id="r0e') == 3


# -- a ledger that does not hold --------------------------------------------------------------------------------------


def test_a_torn_last_line_is_named_and_every_whole_row_is_there(recorded):
    data = ledger(recorded).read_bytes()
    ledger(recorded).write_bytes(data + data.splitlines()[-1][:100])
    page, _ = report(recorded)
    assert broken(page)[0].startswith("The ledger's chain is broken: the rows below were read one by one")
    assert "line 4: torn off" in page
    assert page.count('<tr id="r0e') == 3


def test_an_edited_row_breaks_the_chain_and_a_line_that_is_no_row_is_named(recorded):
    lines = ledger(recorded).read_bytes().splitlines(keepends=True)
    ledger(recorded).write_bytes(lines[0] + lines[1].replace(b"Half", b"Best") + b"garbage\n" + lines[2])
    page, said = report(recorded)
    assert "problem" in said
    assert "line 3" in page
    assert "Best the hidden units" in page
    assert page.count('<tr id="r0e') == 3


def test_a_forged_verdict_with_its_chain_rebuilt_is_named_at_its_row(recorded):
    def call_it_kept(rows):
        verdict = replace(rows[2].verdict, outcome="kept", stage="confirm", win="movement", gain=0.5)
        return [*rows[:2], replace(rows[2], verdict=verdict)]

    rewrite(recorded, call_it_kept)
    page, _ = report(recorded)
    assert any(text.startswith("Do not believe this run") for text in broken(page))
    assert re.search(r'<tr id="r0e2"[^>]* class="bad"', page)


@pytest.mark.parametrize("field", ["ard_reads"])
def test_a_number_that_cannot_be_stops_nothing(recorded, field):
    def nothing_at_all(rows: list[Experiment]):
        pairs = tuple(
            replace(p, candidate=replace(p.candidate, **{field: 0}), incumbent=replace(p.incumbent, **{field: 0}))
            for p in rows[1].evidence.confirm
        )
        return [rows[0], replace(rows[1], evidence=replace(rows[1].evidence, confirm=pairs)), rows[2]]

    rewrite(recorded, nothing_at_all)
    page, _ = report(recorded)
    assert broken(page)
    assert page.count('<tr id="r0e') == 3


# -- what lies beside it ----------------------------------------------------------------------------------------------


def test_a_finding_edited_by_hand_is_named_and_the_page_shows_the_ledgers_number(recorded):
    merge(recorded)
    path = finding(recorded)
    shown = re.search(r"at least (\d+\.\d) %", path.read_text("utf-8"))[1]
    path.write_text(path.read_text("utf-8").replace(f"at least {shown} %", "at least 99.9 %"), "utf-8")
    page, _ = report(recorded)
    card = re.search(r"<article.*?</article>", page, re.DOTALL)[0]
    assert "not rendered from the evidence" in card
    assert f"at least {shown} %" in re.search(r"<h3>.*?</h3>", card, re.DOTALL)[0]


def test_missing_evidence_is_named_at_its_finding(recorded):
    merge(recorded)
    (recorded / "results" / RUN / "0001.json").unlink()
    page, _ = report(recorded)
    card = re.search(r"<article.*?</article>", page, re.DOTALL)[0]
    assert "results/x/0001.json: is missing in the working tree" in card


def test_a_branch_that_was_deleted_unmerged_is_missed(recorded):
    git(recorded, "update-ref", "-d", f"refs/heads/research/{RUN}")
    page, _ = report(recorded)
    assert "research/x is gone, and its findings are not part of this checkout" in page
    assert "neither research/x nor the working tree has its finding" in page
    assert "no finding file" in page


def test_a_branch_that_was_deleted_after_its_merge_is_not(recorded):
    merge(recorded)
    git(recorded, "branch", "--quiet", "-D", f"research/{RUN}")
    page, said = report(recorded)
    assert "it was merged" in page
    assert "everything holds" in said


def test_a_branch_that_was_rebased_is_said_to_be(recorded):
    base = as_user(recorded, "commit-tree", "-m", "Another beginning", "main^{tree}")
    git(recorded, "switch", "--quiet", f"research/{RUN}")
    as_user(recorded, "rebase", "--quiet", "--onto", base, "main")
    git(recorded, "switch", "--quiet", "main")
    page, _ = report(recorded)
    assert "was rebased" in page
    assert broken(page)


def test_a_run_known_by_its_branch_alone_has_its_page(recorded):
    shutil.rmtree(run_folder(recorded, RUN))
    page, said = report(recorded, runs=())
    assert said.splitlines()[0] == "run x: 3 rows, 1 finding; everything holds"
    assert page.count('<tr id="r0e') == 3
    assert harness(recorded, "verify", "--run", RUN).returncode == 0
