"""A recorded run to audit: one row for nearly every way that an experiment can end; and ways to forge it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from harness.ledger import FIRST_TIP, encode, read, tip_of
from tests.harness.project import HIDDEN, TINY, commit_all, git, make_project, python

RUN = "audit"
HALF, QUARTER = HIDDEN // 2, HIDDEN // 4
KEPT, DISCARDED, POLICY, NULL, DUPLICATE, UNMATCHED, UNUSABLE, KEPT_AGAIN = 1, 2, 3, 4, 5, 6, 7, 9
CHAMPION = "sparse_parity/champion.py"
FUSED_IMPORT = "from sparse_parity.model"


def _champion(before, after):
    return _proposal(f"hidden from {before} to {after}", CHAMPION, f'"hidden": {before},', f'"hidden": {after},')


def _proposal(title, path, search, text):
    edit = {"kind": "replace", "path": path, "search": search, "text": text}
    return {
        "title": title,
        "hypothesis": "Fewer units move less data.",
        "why": "Each unit is read and written for each sample.",
        "prediction": {"metric": "dmd", "direction": "lower", "size": None},
        "edits": [edit],
    }


SCRIPT = [
    _champion(HIDDEN, HALF),
    _champion(HALF, 4 * HALF),
    _proposal("os", "sparse_parity/methods/fused.py", FUSED_IMPORT, f"import os\n{FUSED_IMPORT}"),
    _champion(HALF, HIDDEN),
    _champion(999, 1),
    {"error": "the reply held no proposal"},
    _champion(HALF, QUARTER),
]


def record_run(tmp_path):
    """A project with a finished run of SCRIPT on the task tiny, a null row after every three proposals."""
    root = make_project(tmp_path)
    (root / "tasks" / "tiny.yaml").write_text(TINY.replace("null_every: 0", "null_every: 3"))
    commit_all(root, "Null rows")
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps(document) + "\n" for document in SCRIPT))
    asked = ("--proposer", "scripted", "--script", str(script), "--task", "tiny", "--budget", str(len(SCRIPT)))
    done = python(root, "loop.py", "--run", RUN, "--seed", "1", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    return root


def copy_of(root, tmp_path):
    """The project with its run, to be changed."""
    return Path(shutil.copytree(root, tmp_path / "project", symlinks=True))


def clone_of(root, tmp_path):
    """A clone that has only what its branches reach: a local path would bring every object along."""
    git(tmp_path, "clone", "--quiet", f"file://{root}", "clone")
    return tmp_path / "clone"


def ledger_file(root):
    """The local ledger."""
    return root / ".git" / "ardent" / "runs" / RUN / "ledger.jsonl"


def rows_of(root):
    """Its rows."""
    return list(read(ledger_file(root)))


def chained(rows):
    """The bytes of a ledger with these rows, every number and every hash as if it had been written so."""
    lines, tip = [], FIRST_TIP
    for number, row in enumerate(rows):
        lines.append(encode(replace(row, number=number, tip=tip)))
        tip = tip_of(lines[-1])
    return b"".join(lines)


def forge(root, rows):
    """Write the ledger anew, chain and all, and take away the branch whose commits would contradict it."""
    ledger_file(root).write_bytes(chained(rows))
    git(root, "update-ref", "-d", f"refs/heads/research/{RUN}")


def changed(rows, number, **fields):
    """The rows with fields of one of them replaced; `verdict_x` and `evidence_x` reach into those records."""
    row, own = rows[number], dict(fields)
    for name in ("verdict", "evidence"):
        inner = {k.removeprefix(f"{name}_"): own.pop(k) for k in fields if k.startswith(f"{name}_")}
        own[name] = replace(getattr(row, name), **inner)
    return [replace(row, **own) if other is row else other for other in rows]


def with_pair(rows, number, index, **sides):
    """The rows with one confirm pair of a row changed: `candidate`, `incumbent` or `seed`."""
    pairs = list(rows[number].evidence.confirm)
    pairs[index] = replace(pairs[index], **sides)
    return changed(rows, number, evidence_confirm=tuple(pairs))
