"""What a run leaves on its research branch: a commit for each kept experiment, and one with the rest of the ledger.

Promises: a kept experiment becomes exactly one commit with code, evidence, finding, discovery and ledger, the same
commit however often a crash makes it be made; publishing again what was published changes nothing. Does not cover: what
people decide about it afterwards (`commands.decided`).
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from harness import crash_points, finding
from harness.errors import ArdentError
from harness.finding.discoveries import DISCOVERIES
from harness.finding.evidence import evidence_json
from harness.run import Run, kept
from harness.run.branch import is_closed, refuse_checkout
from harness.run.commits import trailers
from harness.run.names import ledger_path
from harness.sandbox import printable


def publish_pending(run: Run) -> None:
    """Commit the last row's finding if it was kept and is not on the branch yet.

    Raises:
        ArdentError: the branch has moved to other code, or cannot be written.
    """
    last = run.ledger.rows[-1:]
    if not kept(last):
        return
    (row,) = last
    tip, paths = run.tip(), finding.paths(row)
    if _text_at(run, tip, paths.evidence) == evidence_json(row):
        return
    if run.code(tip) != run.code(row.parent):
        raise ArdentError(f"{run.branch} moved while experiment {row.number} ran; see git reflog {run.branch}")
    changes = changes_between(run.code(row.parent), run.code(row.commit)) | {
        paths.evidence: evidence_json(row),
        paths.finding: finding.render(row, run.repository.diff(row.parent, row.commit, ["sparse_parity"])),
        DISCOVERIES: finding.add_bullet(_text_at(run, tip, DISCOVERIES), finding.bullet(row)),
    }
    _commit(run, tip, f"{finding.headline(row)}\n\n{printable(row.verdict.reason)}", changes)


def close(run: Run) -> None:
    """Commit the rows after the last kept experiment, so that a merge brings the whole ledger."""
    tip = run.tip()
    if not is_closed(run.repository, run.settings, run.ledger.tip):
        _commit(run, tip, f"Ledger of run {run.settings.run}: {len(run.ledger.rows)} rows", {})


def discoveries(run: Run, commit: str) -> str:
    """DISCOVERIES.md at a commit, empty where there is none."""
    return _text_at(run, commit, DISCOVERIES)


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str | None]:
    """What turns the one set of files into the other: path to text, None where a file goes."""
    changed: dict[str, str | None] = {p: t for p, t in after.items() if before.get(p) != t}
    return changed | {p: None for p in before if p not in after}


def _commit(run: Run, tip: str, message: str, changes: Mapping[str, str | None]) -> None:
    """Advance the branch by one commit with the ledger as it is, dated by its last row: made again, it is the same."""
    crash_points.reach("publishing")
    refuse_checkout(run.repository, run.settings.run, "run")
    row = run.ledger.rows[-1]
    files: dict[str, str | Path | None] = {**changes, ledger_path(row.run): run.ledger.path}
    date = int(datetime.fromisoformat(row.started).timestamp() + row.seconds)
    named = trailers(row.run, row.number, run.ledger.tip)
    run.repository.commit(tip, files, f"{message}\n\n{named}", run.ref, tip, date=date)


def _text_at(run: Run, commit: str, path: str) -> str:
    """The text of a file at a commit, empty when there is none."""
    try:
        return (run.repository.file_bytes(commit, path) or b"").decode("utf-8")
    except UnicodeDecodeError:
        raise ArdentError(f"{path} on {run.branch}: not UTF-8; convert it in a commit on that branch") from None
