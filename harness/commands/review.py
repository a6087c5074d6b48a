"""`python -m harness review`: the findings of a run, one after another, approved or rejected by a person.

Promises: a decision is one commit on the research branch (`decided`); your checkout, index and HEAD are not touched;
quit whenever you like, what was decided stays and the same command goes on. Does not cover: bringing findings to your
branch (`python -m harness merge`).
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.cli import Parser
from harness.commands import counted
from harness.commands.decided import Decided, decide, make_decision, reviewer
from harness.commands.finding_view import View, open_view, show_finding
from harness.commands.published import shown_diff
from harness.commands.recorded import run_names
from harness.commands.rerun import measure_again
from harness.commands.reviewed import (
    ReviewedFinding,
    ReviewedRun,
    find,
    problems_of,
    refreshed,
    restore_hint,
    reviewed_run,
)
from harness.errors import ArdentError, BadInputError
from harness.finding import headline
from harness.finding.claims import claim
from harness.finding.references import gather_facts
from harness.finding.review import Status
from harness.git import Repository
from harness.run.lock import held

_HELP = "a approve, r reject, n note (each with words behind it: r too noisy), m measure again, s skip, q quit"
_STATUSES: dict[str, Status] = {"a": "approved", "r": "rejected"}


@dataclass(frozen=True, slots=True)
class ReviewArguments:
    """What was asked for; --help says what each means."""

    run: str | None
    approve: str | None
    reject: str | None
    annotate: str | None
    note: str
    list: bool
    plain: bool
    json: bool

    @property
    def decided(self) -> tuple[str, Status | None] | None:
        """The finding named on the command line, and what is decided of it."""
        for named, status in ((self.approve, "approved"), (self.reject, "rejected"), (self.annotate, None)):
            if named is not None:
                return named, status  # type: ignore[return-value]  # the literals above are statuses
        return None


def main(argv: list[str], root: Path) -> int:
    """Review a run's findings. 0 when that was done, 1 when it could not be, 130 after Ctrl-C."""
    arguments = _arguments(argv)
    repository = Repository.open(root, allow_in_progress=True)
    name = _choose_run(repository, arguments)
    if name is None:
        print('{"command": "review", "runs": []}' if arguments.json else "no findings here yet: nothing to review")
        return 0
    if arguments.decided is not None:
        return _decide_one(repository, name, arguments)
    reviewed = reviewed_run(repository, name)
    if arguments.json:
        print(_document(reviewed, None))
    elif arguments.list:
        print("\n".join(_list(reviewed)))
    elif not sys.stdin.isatty():
        raise ArdentError("review: asks on a terminal, and this is none; use --list, --approve ID or --reject ID")
    else:
        return _walk(repository, name, open_view(plain=arguments.plain))
    return 0


def _arguments(argv: list[str]) -> ReviewArguments:
    parser = Parser(prog="python -m harness review", description=_ABOUT)
    parser.add_argument("run", nargs="?", metavar="RUN", help="default: the run that has findings to review")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--approve", metavar="ID", help="approve a finding, without asking; ID: 5 or parity20-1-0005")
    what.add_argument("--reject", metavar="ID", help="reject one, and take its change back where nothing builds on it")
    what.add_argument("--annotate", metavar="ID", help="add a note to one")
    what.add_argument("--list", action="store_true", help="what is decided, and nothing else")
    parser.add_argument("--note", default="", metavar="TEXT", help="why; a rejection needs it")
    parser.add_argument("--plain", action="store_true", help="whole sentences, no colour: for a screen reader")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output; asks nothing")
    arguments = ReviewArguments(**vars(parser.parse_args(argv)))
    if arguments.note and arguments.decided is None:
        parser.error("--note goes with --approve, --reject or --annotate")
    return arguments


_ABOUT = (
    "Show each finding that nobody has reviewed yet and ask what to do with it. Decisions are commits on research/RUN; "
    "your own checkout is not touched. ID is the number of the finding's experiment (5), or its name (parity20-1-0005)."
)


def _choose_run(repository: Repository, arguments: ReviewArguments) -> str | None:
    """The run asked for; else that of the finding named; else the only one with something to review."""
    if arguments.run is not None:
        return arguments.run
    names = run_names(repository, None)
    if arguments.decided is not None:
        of_finding = arguments.decided[0].rpartition("-")[0]
        if of_finding in names:
            return of_finding
    runs = [run for run in (_if_readable(repository, name) for name in names) if run and run.findings]
    waiting = [run.name for run in runs if run.tip is not None and run.with_status("unreviewed")]
    chosen = waiting or [run.name for run in runs]
    if len(chosen) > 1:
        raise BadInputError(f"review: say of which run: {', '.join(chosen)}")
    return chosen[0] if chosen else None


def _if_readable(repository: Repository, name: str) -> ReviewedRun | None:
    try:
        return reviewed_run(repository, name)
    except ArdentError:
        return None


# -- decided on the command line --------------------------------------------------------------------------------------


def _decide_one(repository: Repository, name: str, arguments: ReviewArguments) -> int:
    assert arguments.decided is not None
    wanted, status = arguments.decided
    decision = make_decision(repository, status, arguments.note)
    with held(repository, name):
        reviewed = reviewed_run(repository, name)
        decided = decide(reviewed, find(reviewed, wanted), decision)
        reviewed = refreshed(reviewed)
    print(_document(reviewed, decided) if arguments.json else "\n".join(_told(reviewed, decided)))
    return 0


def _told(reviewed: ReviewedRun, decided: Decided) -> Iterator[str]:
    """What became of a decision, in sentences."""
    where = f" (commit {decided.commit[:12]} on {reviewed.branch})" if decided.commit else "; nothing was changed"
    yield f"{decided.id}, {reviewed.position(find(reviewed, decided.id))}: {decided.done}{where}"
    if decided.code is not None:
        code = f"experiment {decided.code}" if decided.code else "the baseline"
        yield f"  the branch holds the code of {code}{' again' if decided.done == 'rejected' else ''}"
    if decided.builders:
        yield f"  its change stays, because {', '.join(decided.builders)} build on it; reject those too to take it back"
    if decided.commit and reviewed.repository.is_ancestor(f"{decided.commit}~1", "HEAD"):
        yield f"  {reviewed.branch} was merged before; bring this over too: python -m harness merge {reviewed.name}"


def _list(reviewed: ReviewedRun) -> Iterator[str]:
    where = reviewed.branch
    if reviewed.tip is None:
        where = f"the working tree; {reviewed.branch} is gone, {restore_hint(reviewed)}"
    yield f"run {reviewed.name}: {counted(len(reviewed.findings), 'finding')} on {where}"
    for one in reviewed.findings:
        by = f" by {one.review.by}" if one.review.by else ""
        yield f"{one.id}  {reviewed.position(one)}, {one.review.status}{by}: {claim(one.row, gather_facts(one.row))}"
        if one.review.note:
            yield f"  note: {one.review.note}"
        yield from (f"  problem: {problem}" for problem in problems_of(reviewed, one))
    if reviewed.pending:
        yield f"experiment {reviewed.pending.number} was kept and is not published yet; start the run again for that"
    if reviewed.with_status("rejected"):
        number = reviewed.standing().number
        code = f"experiment {number}" if number else "the baseline"
        yield f"the run is closed, and its branch holds the code of {code}"


def _document(reviewed: ReviewedRun, decided: Decided | None) -> str:
    findings = [
        {
            "id": one.id,
            "experiment": one.row.number,
            "position": at,
            "title": headline(one.row),
            "claim": claim(one.row, gather_facts(one.row)),
            "path": one.path,
            **asdict(one.review),
            "problems": list(problems_of(reviewed, one)),
            "builders": [builder.id for builder in reviewed.builders(one.row.number)],
        }
        for at, one in enumerate(reviewed.findings, start=1)
    ]
    document: dict[str, object] = {"command": "review", "run": reviewed.name, "branch": reviewed.branch}
    document |= {"tip": reviewed.tip, "code": reviewed.standing().number, "findings": findings}
    document |= {"closed": bool(reviewed.with_status("rejected"))}
    document |= {"decided": None if decided is None else asdict(decided)}
    return json.dumps(document, indent=2, allow_nan=False)


# -- decided one after another ----------------------------------------------------------------------------------------


def _walk(repository: Repository, name: str, view: View) -> int:
    """Show the unreviewed findings and ask. Ctrl-C and the end of the input quit."""
    reviewer(repository)  # before anybody reads ten findings in vain
    with held(repository, name):
        reviewed = reviewed_run(repository, name)
        waiting = [one.id for one in reviewed.with_status("unreviewed")]
        if reviewed.tip is None and waiting:
            raise ArdentError(f"{reviewed.branch} is gone, and decisions are made on it; {restore_hint(reviewed)}")
        for at, wanted in enumerate(waiting):
            try:
                if not _ask(refreshed(reviewed), wanted, view, len(waiting) - at):
                    break
            except KeyboardInterrupt:
                view.say("\nstopped; what you decided stays, and the same command goes on")
                return 130
        reviewed = refreshed(reviewed)
    view.say("")
    view.say("\n".join(_list(reviewed)))
    left = len(reviewed.with_status("unreviewed"))
    again = f"go on: python -m harness review {name}" if left else f"next: python -m harness merge {name}"
    view.say(again if reviewed.findings else "nothing to review")
    return 0


def _ask(reviewed: ReviewedRun, wanted: str, view: View, left: int) -> bool:
    """Show one finding, one of `left`, and do what is asked until it is decided or skipped; False to quit."""
    one = find(reviewed, wanted)
    position = f"{reviewed.position(one).capitalize()}, {wanted}; {left} to review"
    show_finding(view, one.row, shown_diff(reviewed.repository, one.row, one.text or ""), position)
    for problem in problems_of(reviewed, one):
        view.say(f"PROBLEM: {problem}", "bold red")
    while True:
        view.say("")
        print(f"{_HELP}\n{wanted}> ", end="", file=view.console.file, flush=True)
        line = sys.stdin.readline()
        key, words = line.strip()[:1].lower(), line.strip()[1:].strip()
        if not line or key == "q":
            return False
        if key == "s":
            return True
        if key == "m":
            _measure(reviewed, one, view)
        elif key in ("a", "r", "n") and _decide_here(refreshed(reviewed), wanted, view, key, words):
            return True


def _measure(reviewed: ReviewedRun, one: ReviewedFinding, view: View) -> None:
    try:
        measure_again(reviewed.repository, reviewed.run, one.row, view.console.file)  # type: ignore[arg-type]  # a TextIO
    except KeyboardInterrupt:
        view.say("\nstopped measuring")
    except ArdentError as error:
        view.say(f"cannot be measured: {error}")


def _decide_here(reviewed: ReviewedRun, wanted: str, view: View, key: str, words: str) -> bool:
    """Make and tell a decision; whether the finding is done with."""
    if key != "a" and not words:
        print("why? " if key == "r" else "note: ", end="", file=view.console.file, flush=True)
        words = sys.stdin.readline().strip()
    try:
        decision = make_decision(reviewed.repository, _STATUSES.get(key), words)
        decided = decide(reviewed, find(reviewed, wanted), decision)
    except ArdentError as error:
        view.say(f"not done: {error}")
        return False
    view.say("\n".join(_told(reviewed, decided)))
    return key != "n"
