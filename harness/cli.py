"""The command lines of loop.py and `python -m harness`, and the one place where errors become exit codes.

Promises: exit code 0 done, 1 expected trouble (one line on standard error), 3 a bug (with its traceback),
130 interrupted. Does not cover: what the commands do.
"""

import argparse
import errno
import hashlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness import task as tasks
from harness.console import Look
from harness.edits import is_editable
from harness.errors import ArdentError, BadInputError
from harness.flags import ModelFlags, above_zero, add_model_flags, read_model_flags, steps_above_zero, whole_seed
from harness.proposers import NAMES, ProposerOptions
from harness.proposers.options import Wait
from harness.run import Run, Wanted, editable_files, proposals_done
from harness.run.names import TRANSCRIPTS
from harness.run.replayed import recorded_rows
from harness.sandbox import printable

LONGEST_ERROR = 20_000  # characters; a line names files and refs, which are other people's words
DEFAULT_TASK = "parity20"
DRY_BUDGET = 20
# Full disk, quota, file size limit, read-only, no permission, out of memory, files or processes, a broken disk.
TROUBLE_OF_THE_SYSTEM = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EACCES", "EPERM", "ENOMEM", "EMFILE", "ENFILE", "EAGAIN", "EIO"),
        *("EEXIST", "ENOTDIR", "ENOENT"),  # what the loop keeps was put aside, or removed, while it runs
    )
)


@dataclass(frozen=True, slots=True)
class LoopArguments:
    """What loop.py was asked for; --help says what each means."""

    budget: int
    task: str
    proposer: str
    run: str | None
    seed: int | None
    max_hours: float
    script: Path | None
    replay: str
    dry_run: bool
    count_tokens: bool
    look: Look
    of_model: ModelFlags


class Parser(argparse.ArgumentParser):
    """Bad input is expected trouble: one line, exit code 1, and the usage only when asked for."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Bad input, in one line."""
        raise ArdentError(f"{self.prog}: {message}; see {self.prog} --help")


def loop_arguments(argv: list[str] | None = None) -> LoopArguments:
    """Parse the command line of loop.py.

    Raises:
        ArdentError: a flag is unknown or its value makes no sense.
    """
    parser = Parser(prog="loop.py", description=_LOOP, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--budget", type=steps_above_zero, metavar="N", help="experiments in all")
    parser.add_argument("--task", default=DEFAULT_TASK, help="a file of tasks/ (default: %(default)s)")
    parser.add_argument("--proposer", default="auto", help=f"{', '.join(NAMES)} (default: %(default)s)")
    parser.add_argument("--run", metavar="NAME", help="name of a new run, or of the one to go on with")
    parser.add_argument("--seed", type=whole_seed, metavar="S", help="fix the instances; without it they are secret")
    hours = "begin no experiment after H hours of work, earlier starts of the run included"
    parser.add_argument("--max-hours", type=above_zero, default=float("inf"), metavar="H", help=hours)
    parser.add_argument("--script", type=Path, metavar="FILE", help="proposals for --proposer scripted")
    parser.add_argument("--replay", default="", metavar="RUN", help="recorded run for --proposer replay")
    dry = "print the next briefing, its size and what the run would cost; nothing is sent, measured or written"
    parser.add_argument("--dry-run", action="store_true", help=dry)
    parser.add_argument("--count-tokens", action="store_true", help="with --dry-run: have the server count (free)")
    _add_looks(parser)
    add_model_flags(parser)
    return _checked(parser, parser.parse_args(argv))


def _add_looks(parser: Parser) -> None:
    """What is shown: one of them, or none for a live view on a terminal and plain lines elsewhere."""
    for look, text in (
        ("quiet", "only the summary, and errors"),
        ("json", "one JSON object a line: the run, each experiment, the summary; with --dry-run one document"),
        ("plain", "plain lines on a terminal too, for a screen reader: nothing moves, no dots"),
    ):
        parser.add_argument(f"--{look}", dest="looks", action="append_const", const=look, help=text)


def _checked(parser: Parser, given: argparse.Namespace) -> LoopArguments:
    if given.budget is None:
        if not given.dry_run:
            parser.error("the following arguments are required: --budget")
        given.budget = DRY_BUDGET
    if given.count_tokens and not given.dry_run:
        parser.error("--count-tokens goes with --dry-run")
    looks = sorted(set(given.looks or [""]))
    if len(looks) > 1:
        parser.error(f"--{' and --'.join(looks)} do not go together; choose one")
    del given.looks
    of_model = read_model_flags(given)
    return LoopArguments(**vars(given), look=looks[0], of_model=of_model)


_LOOP = """Propose changes to sparse_parity, gate them, and commit what is proven to research/<run>.

The same command goes on with an unfinished run. Ctrl-C stops after the experiment in progress.
Your checkout, index and branches are never touched."""


def wanted(arguments: LoopArguments, proposer: str) -> Wanted:
    """The run that the arguments ask for, with the proposer's resolved name."""
    if (proposer == "replay") != bool(arguments.replay):
        raise ArdentError("--proposer replay and --replay RUN go together; give both or neither")
    if (proposer == "scripted") != (arguments.script is not None):
        raise ArdentError("--proposer scripted and --script FILE go together; give both or neither")
    hours = arguments.max_hours if arguments.max_hours < float("inf") else None
    limits = (hours, arguments.of_model.max_usd)
    return Wanted(arguments.run, arguments.task, proposer, arguments.seed, arguments.budget, arguments.replay, *limits)


def options(
    arguments: LoopArguments, run: Run, environ: Mapping[str, str], on_wait: Callable[[Wait], None] = lambda _wait: None
) -> ProposerOptions:
    """The proposer's knobs."""
    replayed = recorded_rows(run.repository.root, arguments.replay) if arguments.replay else ()
    return arguments.of_model.options(
        transcripts=run.folder / TRANSCRIPTS,
        environ=environ,
        script=arguments.script,
        replay=replayed,
        replayed_transcripts=run.folder.parent / arguments.replay / TRANSCRIPTS if arguments.replay else None,
        on_wait=on_wait,
    )


def proposer_seed(run: Run) -> int:
    """A seed for the proposer that follows from the run's secret, and says nothing about its instances."""
    return int(hashlib.sha256(f"proposer/{run.settings.secret}".encode()).hexdigest()[:8], 16)


def opening(run: Run) -> str:
    """The line that says what is about to run."""
    settings = run.settings
    done = proposals_done(run.ledger.rows)
    how = f"goes on after {done} experiment{'' if done == 1 else 's'}" if run.is_resumed else "begins"
    lines = [f"run {settings.run} {how}: task {settings.task}, from commit {settings.baseline[:12]}, on {run.branch}"]
    if run.ledger.recovered:
        lines.append(run.ledger.recovered)
    if editable_files(run.repository, run.repository.head()) != _working_editable(run):
        lines.append("note: uncommitted changes in sparse_parity/ take no part: a run starts from a commit")
    if not run.is_resumed and not _is_task_committed(run):
        what = f"tasks/{settings.task}.yaml is not committed as it is: commit it, or this run can neither be merged"
        lines.append(f"note: {what} nor verified in a clone")
    if settings.budget and done >= settings.budget:
        lines.append(f"its budget of {settings.budget} is used; raise --budget to go on")
    if settings.max_hours is not None and run.worked.hours() >= settings.max_hours:
        used = f"{run.worked.hours():.2f} h were worked in all"
        lines.append(f"its {settings.max_hours:g} hours are used ({used}); raise --max-hours to go on")
    return "\n".join(lines)


def _is_task_committed(run: Run) -> bool:
    """Whether the commit where the run starts has the task that it is measured with."""
    name = run.settings.task
    data = run.repository.file_bytes(run.settings.baseline, f"{tasks.FOLDER}/{name}.yaml")
    try:
        return data is not None and tasks.task_hash(tasks.parse(data.decode("utf-8"), name)) == run.settings.task_sha256
    except (BadInputError, UnicodeDecodeError):
        return False


def _working_editable(run: Run) -> dict[str, str]:
    files = run.repository.working_files(["sparse_parity"])
    return {path: text for path, text in files.items() if is_editable(path)}


def guarded(command: Callable[[], int], *, after_interrupt: str = "the same command goes on where it was") -> int:
    """Run a command; turn what can happen into an exit code. `after_interrupt`: what becomes of it after Ctrl-C."""
    try:
        code = command()
        sys.stdout.flush()  # here, so that a closed pipe is noticed while it can still be handled
    except ArdentError as error:
        print(f"error: {printable(str(error), keep_lines=True, cap=LONGEST_ERROR)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"\ninterrupted; {after_interrupt}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more as it ends
        return 1
    except OSError as error:
        if error.errno not in TROUBLE_OF_THE_SYSTEM:
            return _bug()
        print(f"error: {error}; mend that and run the same command again", file=sys.stderr)
        return 1
    except Exception:  # noqa: BLE001 - the one handler at the top: whatever is left is a bug
        return _bug()
    return code


def _bug() -> int:
    traceback.print_exc()
    print("this is a bug of Ardent, not of your input; nothing recorded is lost", file=sys.stderr)
    return 3
