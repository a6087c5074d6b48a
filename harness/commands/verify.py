"""`python -m harness verify`: the audit of recorded runs, and measuring experiments again.

Promises: every ledger's chain, every verdict, every file and commit of what was kept; a problem is named by run, row
and field; nothing is changed. Does not cover: an anchor outside the repository; docs/ledger.md says what that means.
"""

import json
import sys
from argparse import SUPPRESS, ArgumentTypeError
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.cli import Parser
from harness.commands import counted
from harness.commands.paid import check_paid
from harness.commands.published import (
    check_code,
    check_commits,
    check_files,
    commits_by_row,
    commits_of,
    is_comparable,
    is_of_old_template,
)
from harness.commands.recorded import Code, RecordedRun, has_commit, read_run, run_names, task_of, twins
from harness.commands.rerun import Rerun, chosen_rows, measure_again
from harness.errors import ArdentError
from harness.finding.prose import show_code
from harness.git import Repository
from harness.proposers.bill import recorded_cost
from harness.run import check_meter, kept
from harness.run.names import TRANSCRIPTS, branch_of, run_folder
from harness.verify import Checked, Problem, check_rows


@dataclass(frozen=True, slots=True)
class VerifyArguments:
    """What was asked for; --help says what each means."""

    run: str | None
    rerun: str | None
    json: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of one run. `findings` counts those that match their evidence in every place where they lie."""

    run: str
    rows: int
    derived: int
    consistent: int
    findings: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def main(argv: list[str], root: Path) -> int:
    """Audit every run, or one; measure again if asked. 0 if everything holds and agrees, else 1."""
    arguments = _arguments(argv)
    repository = Repository.open(root, allow_in_progress=True)
    out = sys.stderr if arguments.json else sys.stdout
    audits: list[Audit] = []
    reruns: list[Rerun] = []
    if arguments.rerun and (note := check_meter()):
        print(note, file=out)
    names = run_names(repository, arguments.run)
    if arguments.rerun and arguments.rerun != "kept" and len(names) != 1:
        raise ArdentError(f"--rerun {arguments.rerun}: say of which run: add --run NAME, one of: {', '.join(names)}")
    for name in names:
        run = read_run(repository, name)
        audits.append(audit_run(repository, run))
        print("\n".join(_lines(audits[-1])), file=out, flush=True)
        if arguments.rerun and run.rows:
            reruns += [measure_again(repository, run, row, out) for row in chosen_rows(run, arguments.rerun)]
    if not names:
        print("no ledger here: nothing is recorded yet", file=out)
    if arguments.json:
        print(_document(audits, reruns))
    return int(any(a.problems for a in audits) or any(r.problems for r in reruns))


def _arguments(argv: list[str]) -> VerifyArguments:
    parser = Parser(prog="python -m harness verify", description=_ABOUT)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("run", nargs="?", default=SUPPRESS, metavar="RUN", help="this run only (default: all known here)")
    one.add_argument("--run", metavar="NAME", help="the same")
    parser.add_argument("--rerun", type=_rows, metavar="N|kept", help="also measure row N again, or every kept one")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, and nothing else")
    return VerifyArguments(**vars(parser.parse_args(argv)))


_ABOUT = (
    "Walk every ledger's chain, derive every verdict again from the recorded values, and compare evidence, findings, "
    "discoveries and commits. Exit code 0: everything holds; 1: something does not, and its row and field are named."
)


def _rows(text: str) -> str:
    if text != "kept" and not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError(f"{text!r} is neither a row's number nor 'kept'")
    return text


# -- one run ----------------------------------------------------------------------------------------------------------


def audit_run(repository: Repository, run: RecordedRun) -> Audit:
    """Everything that can be said about one run without measuring."""
    if not run.rows:
        return Audit(run.name, 0, 0, 0, 0, run.problems, ())
    checked, code = _judged(repository, run), Code(repository)
    commits = commits_of(repository, run)
    problems = [*run.problems, *checked.problems]
    problems += [*check_code(code, run, commits), *check_commits(code, run, commits)]
    replies = run_folder(repository, run.name) / TRANSCRIPTS
    problems += check_paid(replies, run.rows)
    wrong = {problem.row for problem in problems}
    matching = 0
    for row in kept(run.rows):
        if row.number not in wrong:  # what cannot be believed cannot be rendered either
            found = list(_published(repository, run, row.number))
            problems, matching = problems + found, matching + (not found)
    notes = (*_notes(code, run), *_unrecorded(replies, run))
    return Audit(run.name, len(run.rows), checked.derived, checked.consistent, matching, tuple(problems), notes)


def _judged(repository: Repository, run: RecordedRun) -> Checked:
    task = task_of(repository, run.rows[0])
    if task is None:
        what = "neither the working tree nor the baseline has this version of the task, so no verdict can be derived; "
        what += f"commit tasks/{run.rows[0].task}.yaml as the run was measured with it"
        return Checked((Problem(0, "task_sha256", what),), 0, 0)
    return check_rows(run.rows, task, run.draws)


def _published(repository: Repository, run: RecordedRun, number: int) -> Iterator[Problem]:
    """The files of a kept row in every place whose ledger has that row."""
    row = run.rows[number]
    places = [place for place in run.places if len(place.rows) > number]
    if not places and row is not run.rows[-1]:
        where = f"neither {branch_of(run.name)} nor the working tree"
        yield Problem(number, "commit", f"kept, and {where} has its finding")
    for place in places:
        try:
            yield from check_files(place, row, repository)
        except ArdentError as error:
            yield Problem(number, "finding", str(error))


def _notes(code: Code, run: RecordedRun) -> Iterator[str]:
    if code.at(run.rows[0].commit) is None:
        yield "its commits are not in this repository, so code was not compared"
    if not all(map(is_comparable, run.rows)):
        yield "another harness, build of the meter or Python wrote it, so refusals and code hashes were not compared"
    known = has_commit(code.repository, run.rows[0].commit)
    if known and (blind := list(map(str, _without_commits(code.repository, run)))):
        what = f"the commits of experiment {', '.join(blind)} are not in this repository"
        yield f"{what}, so the diff in each one's finding was not compared with its edits"
    if known and task_of(code.repository, run.rows[0], committed=True) is None:
        path = f"tasks/{run.rows[0].task}.yaml"
        yield f"neither HEAD nor the commit where it started has {path} as it was measured with: commit it"
    if any(is_of_old_template(place, row) for place in run.places for row in kept(place.rows)):
        yield f"findings on {branch_of(run.name)} are of another template than today's, so their text was not compared"
    if others := twins(code.repository, run):
        what = "a replay, or the same proposals under one --seed: what both kept is one piece of evidence"
        yield f"it was measured on the instances of {', '.join(others)} ({what})"
    last = run.rows[-1]
    if kept((last,)) and all(len(place.rows) <= last.number for place in run.places):
        yield f"experiment {last.number} was kept and is not published yet; start the run again to finish it"


def _without_commits(repository: Repository, run: RecordedRun) -> Iterator[int]:
    """The kept rows whose diff git does not know, as after a merge that squashed them."""
    wins = kept(run.rows)
    known = commits_by_row(repository, wins)  # those of a row whose parent is here
    for row in wins:
        is_here = has_commit(repository, row.parent) and has_commit(repository, row.commit)
        if not is_here and row.number not in known:
            yield row.number


def _unrecorded(replies: Path, run: RecordedRun) -> Iterator[str]:
    cost = recorded_cost(replies, len(run.rows))
    if cost.calls or cost.lost_calls:
        dollars = "" if cost.dollars is None else f", {cost.dollars:.4f} dollars,"
        yield f"{counted(cost.calls, 'reply')}{dollars} of experiment {len(run.rows)}, which is not recorded yet"


# -- what is printed --------------------------------------------------------------------------------------------------


def _lines(audit: Audit) -> list[str]:
    head = f"run {audit.run}: "
    if audit.problems:
        lines = [f"{head}{problem}" for problem in audit.problems]
        lines.append(f"{head}{counted(len(audit.problems), 'problem')} in {counted(audit.rows, 'row')}")
    elif not audit.rows:
        lines = [f"{head}nothing was measured in it yet"]
    else:
        findings = f"{counted(audit.findings, 'finding')} {'matches' if audit.findings == 1 else 'match'}"
        rows = f"{counted(audit.derived, 'verdict')} derived again, {counted(audit.consistent, 'other row')} consistent"
        lines = [f"{head}{counted(audit.rows, 'row')}, chain holds, {rows}, {findings}"]
    # A folder may be called anything, and a forged row may say anything.
    return [show_code(line) for line in (*lines, *(f"{head}note: {note}" for note in audit.notes))]


def _document(audits: list[Audit], reruns: list[Rerun]) -> str:
    holds = not any(audit.problems for audit in audits) and not any(rerun.problems for rerun in reruns)
    document = {"command": "verify", "holds": holds, "runs": [asdict(a) for a in audits]}
    document["reruns"] = [asdict(rerun) for rerun in reruns]
    return json.dumps(document, indent=2, allow_nan=False)
