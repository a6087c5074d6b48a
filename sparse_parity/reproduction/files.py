"""The files of a reproduction: the table as markdown and as JSON, and the plots.

Promises: a place that cannot be written is told before anything is run. Does not cover: what the files say.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from sparse_parity.places import make_directory, make_room
from sparse_parity.plots import require_matplotlib
from sparse_parity.protocol import ParityError
from sparse_parity.report import to_json
from sparse_parity.reproduction.claim import Row
from sparse_parity.reproduction.figures import draw_figures, name_undrawn
from sparse_parity.reproduction.table import as_document, render_markdown


def check_places(out: Path | None, plots: Path | None) -> None:
    """Raises ParityError now rather than after an hour."""
    if out and out.suffix == ".json":
        raise ParityError(f"--out: {out}: the table is markdown; name {out.with_suffix('.md')}, and both are written")
    if out:
        make_room("--out", out)
        make_room("--out", out.with_suffix(".json"))
    if plots:
        require_matplotlib()
        make_directory("--plots", plots)


def write_files(rows: list[Row], out: Path | None, plots: Path | None) -> None:
    """Write the table and the plots, so far as wanted, and tell on standard error what was written.

    Raises:
        ParityError: a file cannot be written.
    """
    written = list(_write_tables(rows, out)) if out else []
    written += draw_figures(rows, plots) if plots else []
    if written:
        print("wrote " + " ".join(map(str, written)), file=sys.stderr)
    if plots and (undrawn := name_undrawn(rows)):
        print(f"not drawn: {undrawn}", file=sys.stderr)


def _write_tables(rows: list[Row], path: Path) -> Iterator[Path]:
    yield _write_text(path, render_markdown(rows))
    yield _write_text(path.with_suffix(".json"), to_json(as_document(rows)) + "\n")


def _write_text(path: Path, text: str) -> Path:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ParityError(f"--out: {path}: {error.strerror}; name a file that can be written") from None
    return path
