"""The command line: `run`, the default, runs all phases and writes JSON, markdown and plots; `reproduce` runs the
documents' claims.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from sparse_parity.arguments import Parser
from sparse_parity.config import Config
from sparse_parity.pipeline import Phase, Scope, run_phases
from sparse_parity.places import make_directory
from sparse_parity.plots import draw_plots, require_matplotlib
from sparse_parity.protocol import Champion, ParityError, load_method, read_champion
from sparse_parity.report import phase_record, render_markdown, render_table, to_json
from sparse_parity.reproduction.command import reproduce
from sparse_parity.terminal import measure_width
from sparse_parity.tracker import TrackerError
from sparse_parity.training import Epoch

DESCRIPTION = """\
Runs every phase of the sparse parity study: draws the data, trains at 3 bits and at 20, and measures the
average reuse distance (ARD) of one training step of each method with the hand-placed tracker. Standard
backprop takes 0.1 s at 3 bits and 5 s at 20, half of them for counts that it shows; all methods together about
a minute. Prints a table to standard output and progress to standard error, and writes <out>/<UTC time>_<phase>.json,
<out>/<UTC time>_report.md and PNG plots. Another command, `reproduce`, runs the documents' claims."""

EPILOG = """\
examples:
  python -m sparse_parity run                 all methods at 3 and at 20 bits, about a minute
  python -m sparse_parity run --quick         20 bits not trained: two seconds
  python -m sparse_parity --method perlayer   at 20 bits this method alone, with the champion's hyperparameters
  python -m sparse_parity --json | jq .       one JSON document, no files
  python -m sparse_parity reproduce --help    the documents' claims, run again

The gate measures differently, and believes no declared number: see `python -m harness gate --help`."""


def build_parser() -> Parser:
    """The flags."""
    parser = Parser("python -m sparse_parity [run]", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    alone = "train this method alone at 20 bits: seconds (minibatch, sign_sgd and forward_forward: minutes)"
    add("--method", metavar="NAME", help=alone)
    add("--quick", action="store_true", help="train at 3 bits only: two seconds in all")
    add("--no-plots", action="store_true", help="draw no loss, accuracy, hidden progress and ARD as PNG")
    add("--json", action="store_true", help="print one JSON document; files only with --out")
    add("--out", type=Path, metavar="DIR", help="directory of the files (default: results)")
    return parser


def run(argv: Sequence[str]) -> None:
    """Parse, run the phases, print, write.

    Raises:
        ParityError: bad input.
    """
    args = build_parser().parse_args(argv)
    if args.method is not None and args.quick:
        raise ParityError("--method trains at 20 bits and --quick does not; leave one of them out")
    champion = read_champion()
    if args.method is not None:
        load_method(args.method)  # raises for a name that is none, before anything is made
        champion = Champion(args.method, champion.hp)
    out = args.out or (None if args.json else Path("results"))
    plots = out is not None and not args.no_plots
    if plots:
        require_matplotlib()
    if out is not None:
        make_directory("--out", out)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    scope: Scope = "one" if args.method is not None else "quick" if args.quick else "all"
    phases = list(_run_and_tell(champion, scope))
    told = None
    try:  # first the files: who reads the table may stop reading
        if out is not None:
            prefix = claim_prefix(out, stamp)
            stamp = prefix.name
            told = _tell_written(write_results(phases, prefix, plots=plots))
    finally:
        print(to_json(_document(phases, stamp)) if args.json else render_table(phases, measure_width()))
    if told:
        print(told, file=sys.stderr if args.json else sys.stdout)


def _run_and_tell(champion: Champion, scope: Scope) -> Iterator[Phase]:
    for phase in run_phases(champion, scope=scope, report=_report_epoch):
        print(f"{phase.name}: {phase.seconds:.2f} s", file=sys.stderr)
        yield phase


def claim_prefix(out: Path, stamp: str) -> Path:
    """A prefix for a run's files that no other has, also of a run that ends in the same second: its report is made.

    Raises:
        ParityError: it cannot be made.
    """
    number, name = 1, stamp
    while True:
        try:
            (out / f"{name}_report.md").touch(exist_ok=False)
        except FileExistsError:
            number += 1
            name = f"{stamp}-{number}"
        except OSError as error:
            raise _unwritable(error, out) from None
        else:
            return out / name


def write_results(phases: list[Phase], prefix: Path, *, plots: bool) -> list[Path]:
    """Write one JSON file per phase, the report, and the plots if wanted; returns the paths.

    Raises:
        ParityError: a file cannot be written.
    """
    texts = {f"{phase.name}.json": to_json(phase_record(phase)) + "\n" for phase in phases}
    texts["report.md"] = render_markdown(phases, prefix.name, plots=plots)
    paths = []
    try:
        for name, text in texts.items():
            path = prefix.with_name(f"{prefix.name}_{name}")
            path.write_text(text, encoding="utf-8")
            paths.append(path)
        return paths + (draw_plots(phases, prefix) if plots else [])
    except OSError as error:
        raise _unwritable(error, prefix.parent) from None


def _unwritable(error: OSError, out: Path) -> ParityError:
    where = error.filename or out  # a full disk names no file
    return ParityError(f"--out: {where}: {error.strerror}; name a directory that can be written")


def _tell_written(paths: list[Path]) -> str:
    report = next(path for path in paths if path.suffix == ".md")
    kinds = [sum(path.suffix == suffix for path in paths) for suffix in (".json", ".png")]
    return f"wrote {report}; beside it {kinds[0]} JSON files" + (f" and {kinds[1]} plots" if kinds[1] else "")


def _document(phases: list[Phase], stamp: str) -> dict[str, object]:
    return {"run": stamp, "phases": [phase_record(phase) for phase in phases]}


def _report_epoch(config: Config, method: str, epoch: Epoch) -> None:
    fired = f", {epoch.fired} steps fired" if epoch.train else ""
    print(
        f"{config.name} {method}: epoch {epoch.number} of at most {config.max_epochs}, "
        f"test accuracy {epoch.test.accuracy:.1%}{fired}, {epoch.seconds:.1f} s",
        file=sys.stderr,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run, and turn expected trouble into one line on standard error. Returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        _obey(words)
        if sys.stdout is not None:  # None where it is closed
            sys.stdout.flush()  # here, so that a closed pipe and a full disk are noticed while they can be told
    except (ParityError, TrackerError) as error:
        print(f"sparse_parity: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        trouble = f"{error.filename or 'standard output'}: {error.strerror}"
        print(f"sparse_parity: {trouble}; mend that and run the same command again", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sparse_parity: interrupted", file=sys.stderr)
        return 130
    return 0


def _obey(words: list[str]) -> None:
    if words[:1] == ["reproduce"]:
        reproduce(words[1:])
    elif words[:1] == ["run"] or not words or words[0].startswith("-"):
        run(words[1:] if words[:1] == ["run"] else words)
    else:
        raise ParityError(f"{words[0]}: there is no such command; choose run or reproduce, and see --help")


def _drop_output() -> None:
    """Python flushes once more as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
