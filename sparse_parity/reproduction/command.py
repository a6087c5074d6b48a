"""`python -m sparse_parity reproduce`: runs the claims, tells progress, prints the table."""

import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sparse_parity.arguments import Parser
from sparse_parity.protocol import ParityError
from sparse_parity.report import to_json
from sparse_parity.reproduction.claim import Claim, Row, Study, judge, name_study, pass_over_claim
from sparse_parity.reproduction.files import check_places, write_files
from sparse_parity.reproduction.keep import Kept, digest_code, keep, open_kept, read_kept
from sparse_parity.reproduction.registry import find_claims
from sparse_parity.reproduction.table import as_document, render_terminal
from sparse_parity.terminal import measure_width

DESCRIPTION = """\
Runs the claims of the documents that this project was created from, and says of each whether it holds: reproduced,
within noise, artefact, wrong, or not run. Every number under "ours" is computed here. Prints a table to standard
output and progress to standard error. Values of claims that take minutes are kept in a file as they are measured, so
that the same command goes on where it was stopped; values made by other code or arguments are measured again."""

EPILOG = """\
examples:
  python -m sparse_parity reproduce --fast                  what takes seconds: under a minute in all
  python -m sparse_parity reproduce --claim R3-9.1          one claim
  python -m sparse_parity reproduce                         everything, about 50 minutes; stop it and go on
  python -m sparse_parity reproduce --fast --json | jq .    one JSON document

Exit code 1 if a number of ours differs from its reference."""


KEPT = Path("reproduction-kept.jsonl")


def build_parser() -> Parser:
    """The flags."""
    parser = Parser("python -m sparse_parity reproduce", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    only = "only this claim, or these if given again; results/reproduction.md has all"
    add("--claim", action="append", default=[], metavar="ID", help=only)
    add("--fast", action="store_true", help="leave out the claims that take minutes")
    add("--reduced", action="store_true", help="slow claims at a smaller size, where not kept in full; told")
    add("--json", action="store_true", help="print one JSON document instead of the table")
    add("--out", type=Path, metavar="FILE.md", help="also write the table as markdown, and FILE.json with all digits")
    add("--keep", type=Path, metavar="FILE", help=f"keeps the values of slow claims, also for --fast (default: {KEPT})")
    add("--plots", type=Path, metavar="DIR", help="draw what the claims show as PNG")
    return parser


def reproduce(argv: Sequence[str]) -> None:
    """Parse, run, print, write.

    Raises:
        ParityError: bad input, or a claim's numbers differ from its reference.
    """
    args = build_parser().parse_args(argv)
    claims = find_claims(args.claim)
    if args.fast and args.reduced and not args.keep:
        raise ParityError("--reduced measures slow claims and --fast leaves them out; leave one of them out")
    check_places(args.out, args.plots)
    slow = not args.fast and any(claim.minutes for claim in claims)
    kept = args.keep or (KEPT if slow else None)
    rows = list(_run_or_tell(claims, fast=args.fast, kept=kept, reduced=args.reduced))
    try:  # first the files: who reads the table may stop reading
        write_files(rows, args.out, args.plots)
    finally:
        print(to_json(as_document(rows)) if args.json else render_terminal(rows, measure_width()))
    differing = [row.claim.id for row in rows if row.verdict == "differs"]
    if differing:
        raise ParityError(f"our numbers differ from the reference: {', '.join(differing)}")


@dataclass(frozen=True, slots=True)
class _Progress:
    """Says a line of progress, with the claim it belongs to."""

    label: str

    def __call__(self, line: str) -> None:
        print(f"{self.label}: {line}", file=sys.stderr, flush=True)


def _run_or_tell(claims: Sequence[Claim], *, fast: bool, kept: Path | None, reduced: bool) -> Iterator[Row]:
    try:
        yield from run_claims(claims, fast=fast, kept=kept, reduced=reduced)
    except KeyboardInterrupt:
        if kept:
            print(f"each part that ended is kept in {kept}; the same command goes on", file=sys.stderr)
        raise


def run_claims(
    claims: Sequence[Claim], *, fast: bool, kept: Path | None, reduced: bool = False
) -> Iterator[Row]:
    """Run the claims in order, yielding each row as it ends.

    Args:
        claims: in order.
        fast: pass over slow claims that are not kept.
        kept: the file of kept values.
        reduced: where a slow claim is not kept in full, take its smaller size.
    """
    known = {}
    if kept:
        open_kept(kept)
        known = read_kept(kept)
    for number, named in enumerate(claims, start=1):
        claim = named.reduce() if reduced and named.reduced and _missing_parts(named, known) else named
        missing = _missing_parts(claim, known)
        if claim.study is None or (fast and claim.minutes and missing):
            yield pass_over_claim(claim, missing)
            continue
        label = f"{number}/{len(claims)} {claim.id}"
        found = list(_run_parts(claim, label, known, kept if claim.minutes else None))
        values = tuple(value for part in found for value in part.values)
        note = next((part.note for part in found if part.note), "")
        row = judge(claim, claim.gather(values), sum(part.seconds for part in found), note)
        yield replace(row, kept=len(claim.parts) - missing if claim.minutes else 0)


def _missing_parts(claim: Claim, known: Mapping[tuple[str, str], Kept]) -> int:
    digest = digest_code(claim.modules) if claim.minutes else ""
    return sum((_key(claim, study), digest) not in known for study in claim.parts)


def _key(claim: Claim, study: Study) -> str:
    return f"{claim.id}: {name_study(study)}"


def _run_parts(
    claim: Claim, label: str, known: Mapping[tuple[str, str], Kept], path: Path | None
) -> Iterator[Kept]:
    digest = digest_code(claim.modules)
    for number, study in enumerate(claim.parts, start=1):
        name = _key(claim, study)
        found = known.get((name, digest)) if claim.minutes else None  # what takes seconds is never kept
        if found is None:
            part = f", part {number} of {len(claim.parts)}" if len(claim.parts) > 1 else ""
            found = _run(study, name, digest, _Progress(label + part), claim.minutes)
            if path:
                keep(path, found)
        yield found


def _run(study: Study, name: str, digest: str, say: _Progress, minutes: float) -> Kept:
    say("running" + (f", about {minutes:.0f} min in all" if minutes else ""))
    begun = time.perf_counter()
    with _pulse(say):
        values = study(say)
    return Kept(name, digest, values, time.perf_counter() - begun)


@contextmanager
def _pulse(say: _Progress, every: float = 60.0) -> Iterator[None]:
    """Say each minute that the work goes on; some studies have nothing to say for two."""
    ended = threading.Event()
    begun = time.perf_counter()

    def tell() -> None:
        while not ended.wait(every):
            say(f"at it for {time.perf_counter() - begun:.0f} s")

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
