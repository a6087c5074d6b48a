"""`python -m sparse_parity reproduce`: runs the claims, tells progress, prints the table."""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sparse_parity.arguments import Parser
from sparse_parity.plots import require_matplotlib
from sparse_parity.protocol import ParityError
from sparse_parity.report import to_json
from sparse_parity.reproduction.claim import Claim, Row, judge, pass_over_claim
from sparse_parity.reproduction.figures import draw_figures
from sparse_parity.reproduction.keep import Kept, digest_code, keep, read_kept
from sparse_parity.reproduction.registry import find_claims
from sparse_parity.reproduction.table import as_document, render_markdown, render_terminal

DESCRIPTION = """\
Runs the claims of the documents that this project was created from, and says of each whether it holds: reproduced,
within noise, artefact, wrong, or not run. Every number under "ours" is computed here. Prints a table to standard
output and progress to standard error; nothing is written unless asked for."""

EPILOG = """\
examples:
  python -m sparse_parity reproduce --fast                  what takes seconds: under a minute in all
  python -m sparse_parity reproduce --claim R3-9.1          one claim
  python -m sparse_parity reproduce --keep kept.jsonl       everything, about 40 minutes; stop it and go on
  python -m sparse_parity reproduce --fast --json | jq .    one JSON document

Exit code 1 if a number of ours differs from its reference."""


def build_parser() -> Parser:
    """The flags."""
    parser = Parser("python -m sparse_parity reproduce", description=DESCRIPTION, epilog=EPILOG)
    add = parser.add_argument
    add("--claim", action="append", default=[], metavar="ID", help="only this claim (may be given again)")
    add("--fast", action="store_true", help="leave out the claims that take minutes")
    add("--json", action="store_true", help="print one JSON document instead of the table")
    add("--out", type=Path, metavar="FILE.md", help="also write the table as markdown")
    add("--keep", type=Path, metavar="FILE", help="keep slow claims' values here, and use those already kept")
    add("--plots", type=Path, metavar="DIR", help="draw what the claims show as PNG")
    return parser


def reproduce(argv: Sequence[str]) -> None:
    """Parse, run, print, write.

    Raises:
        ParityError: bad input, or a claim's numbers differ from its reference.
    """
    args = build_parser().parse_args(argv)
    claims = find_claims(args.claim)
    if args.plots:
        require_matplotlib()
    rows = list(run_claims(claims, fast=args.fast, kept=args.keep))
    print(to_json(as_document(rows)) if args.json else render_terminal(rows))
    written = [_write(args.out, render_markdown(rows))] if args.out else []
    written += draw_figures(rows, args.plots) if args.plots else []
    if written:
        print("wrote " + " ".join(map(str, written)), file=sys.stderr)
    differing = [row.claim.id for row in rows if row.verdict == "differs"]
    if differing:
        raise ParityError(f"our numbers differ from the reference: {', '.join(differing)}")


@dataclass(frozen=True, slots=True)
class _Progress:
    """Says a line of progress, with the claim it belongs to."""

    label: str

    def __call__(self, line: str) -> None:
        print(f"{self.label}: {line}", file=sys.stderr, flush=True)


def run_claims(claims: Sequence[Claim], *, fast: bool, kept: Path | None) -> Iterator[Row]:
    """Run the claims in order, yielding each row as it ends; `fast` passes over those that take minutes."""
    known = read_kept(kept) if kept else {}
    for number, claim in enumerate(claims, start=1):
        if claim.study is None or (fast and claim.minutes):
            yield pass_over_claim(claim)
            continue
        digest = digest_code(claim.modules)
        found = known.get((claim.id, digest))
        if found is None:
            found = _run(claim, digest, _Progress(f"{number}/{len(claims)} {claim.id}"))
            if kept and claim.minutes:
                keep(kept, found)
        yield judge(claim, found.values, found.seconds)


def _run(claim: Claim, digest: str, say: _Progress) -> Kept:
    assert claim.study is not None
    say("running" + (f", about {claim.minutes:.0f} min" if claim.minutes else ""))
    begun = time.perf_counter()
    values = claim.study(say)
    return Kept(claim.id, digest, values, time.perf_counter() - begun)


def _write(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ParityError(f"--out: {path}: {error.strerror}; name a file that can be written") from None
    return path
