"""Ways to forge a recorded run, and what `python -m harness verify` says of each.

`PYTHONPATH=. python tests/harness/forgeries.py [--json]` records a small run with the real loop, forges a copy of it in
each way, and prints a table: the forgery, the exit code, and the line that found it. What nobody can find without
measuring is found by `--rerun`. Exit code 1 if a forgery was not found, or not named as it must be.

A forger can write every file and every ref, and rebuild the hash chain. Some leave the branch alone, so that its
commits speak against them, some take it away as well, and some publish the whole run anew, as the loop would.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from harness import edits, finding, judge
from harness import task as tasks
from harness.finding.evidence import evidence_json
from harness.git import Repository
from harness.ledger import tip_of
from harness.records import Edit, Experiment, Lapse, Opinion, Slack, Verdict
from harness.run import editable_files
from tests.harness.audited import (
    CHAMPION,
    DISCARDED,
    FUSED_IMPORT,
    KEPT,
    KEPT_AGAIN,
    NULL,
    POLICY,
    RUN,
    UNMATCHED,
    chained,
    changed,
    copy_of,
    forge,
    ledger_file,
    record_run,
    rows_of,
    with_pair,
)
from tests.harness.project import commit_all, git, harness

BRANCH = f"refs/heads/research/{RUN}"
EVIDENCE = f"results/{RUN}/0001.json"
Forger = Callable[[Path], None]


@dataclass(frozen=True)
class Forgery:
    """One way to lie. `named` begins the line that finds it; `rerun`: the row that must be measured again for that."""

    name: str
    apply: Forger
    named: str
    rerun: int | None = None


@dataclass(frozen=True)
class Found:
    """What verify said of a forgery; `line` is the one that names it as it must be named, or the first one."""

    forgery: str
    exit_code: int
    line: str
    is_named: bool


# -- tools of the forger ----------------------------------------------------------------------------------------------


def rewritten(change: Callable[[list[Experiment]], list[Experiment]], *, keep_branch: bool = False) -> Forger:
    """The local ledger written anew, chain and all; the branch gone unless it is to be kept."""

    def apply(root: Path) -> None:
        tip = git(root, "rev-parse", BRANCH)
        forge(root, change(rows_of(root)))
        if keep_branch:
            git(root, "update-ref", BRANCH, tip)

    return apply


def lines(change: Callable[[list[bytes]], list[bytes]]) -> Forger:
    """The local ledger's lines changed, and its hashes left as they are."""

    def apply(root: Path) -> None:
        path = ledger_file(root)
        path.write_bytes(b"".join(change(path.read_bytes().splitlines(keepends=True))))

    return apply


def merged(path: str, before: str, after: str) -> Forger:
    """One file of the merged run changed in the working tree; a `*` in its path stands for what fits."""

    def apply(root: Path) -> None:
        git(root, "merge", "--quiet", f"research/{RUN}")
        (place,) = root.glob(path)
        text = place.read_text()
        assert before in text, f"{before!r} is not in {place}"
        place.write_text(text.replace(before, after, 1))

    return apply


def republish(root: Path, rows: list[Experiment]) -> None:
    """Publish rows as the loop would have: ledger, branch, evidence, findings and discoveries, all consistent."""
    repository = Repository.open(root)
    tip = rows[0].commit
    git(root, "update-ref", BRANCH, tip)
    for number in range(1, len(rows)):
        row = rows[number] = replace(rows[number], parent=tip)
        if row.kind == "proposal" and row.verdict.outcome == "kept":
            ledger = chained(rows[: number + 1])
            tip = _published(repository, row, tip, ledger)
    ledger_file(root).write_bytes(chained(rows))


def _published(repository: Repository, row: Experiment, tip: str, ledger: bytes) -> str:
    paths, last = finding.paths(row), ledger.splitlines(keepends=True)[-1]
    row = replace(row, tip=json.loads(last)["tip"])
    before = (repository.file_bytes(tip, "DISCOVERIES.md") or b"").decode()
    files: dict[str, str | None] = {
        **editable_files(repository, row.commit),
        paths.evidence: evidence_json(row),
        paths.finding: finding.render(row, repository.diff(row.parent, row.commit, ["sparse_parity"])),
        "DISCOVERIES.md": finding.add_bullet(before, finding.bullet(row)),
        f"results/{RUN}/ledger.jsonl": ledger.decode(),
    }
    trailers = f"Ardent-Run: {RUN}\nArdent-Experiment: {row.number}\nArdent-Tip: {tip_of(last)}\n"
    date = int(datetime.fromisoformat(row.started).timestamp() + row.seconds)
    return repository.commit(tip, files, f"{finding.headline(row)}\n\n{trailers}", BRANCH, tip, date=date)


# -- what is forged ---------------------------------------------------------------------------------------------------


def less_moved(rows: list[Experiment], number: int) -> list[Experiment]:
    """Candidates that moved a tenth less, and the verdict that follows from it."""
    pairs = tuple(
        replace(pair, candidate=replace(pair.candidate, dmd=pair.candidate.dmd * 0.9))
        for pair in rows[number].evidence.confirm
    )
    return changed(rows, number, evidence_confirm=pairs)


def judged_anew(root: Path, rows: list[Experiment], number: int, looks: int) -> list[Experiment]:
    """The rows with the verdict of one derived from what it holds now."""
    row = rows[number]
    verdict = judge.confirm(row.evidence.confirm, row.evidence.slack, tasks.load(root, "tiny").rules, looks)
    assert verdict is not None
    return [replace(each, verdict=verdict) if each is row else each for each in rows]


def made_up(root: Path) -> None:
    """Numbers that nobody measured, in everything that there is: rows, branch, findings, hashes."""
    republish(root, judged_anew(root, less_moved(rows_of(root), KEPT_AGAIN), KEPT_AGAIN, looks=2))


def made_up_without_a_branch(root: Path) -> None:
    forge(root, judged_anew(root, less_moved(rows_of(root), KEPT_AGAIN), KEPT_AGAIN, looks=2))


def made_up_opinion(root: Path) -> None:
    rows = rows_of(root)
    republish(root, changed(rows, KEPT_AGAIN, evidence_opinion=Opinion(agrees=True, words="agrees, believe me")))


def other_code_on_the_branch(root: Path) -> None:
    """A commit with the right trailers and other code."""
    message = git(root, "log", "-1", "--format=%B", BRANCH)
    git(root, "switch", "--quiet", f"research/{RUN}")
    champion = root / CHAMPION
    champion.write_text(champion.read_text().replace('"hidden": 8', '"hidden": 9'))
    git(root, "reset", "--quiet", "--soft", "HEAD~1")
    commit_all(root, message)
    git(root, "switch", "--quiet", "main")


def rebased(root: Path) -> None:
    (root / "notes.txt").write_text("work of mine\n")
    commit_all(root, "Work of mine")
    git(root, "switch", "--quiet", f"research/{RUN}")
    git(root, "rebase", "--quiet", "main")
    git(root, "switch", "--quiet", "main")


def merged_and_rewritten(root: Path) -> None:
    """A clone that has only what was merged, its ledger and evidence rewritten: the merged commits know better."""
    git(root, "merge", "--quiet", "--no-ff", "--no-edit", f"research/{RUN}")
    git(root, "branch", "--quiet", "-D", f"research/{RUN}")
    rows = changed(rows_of(root), DISCARDED, hypothesis="I knew it would be worse.")
    shutil.rmtree(ledger_file(root).parent)
    (root / "results" / RUN / "ledger.jsonl").write_bytes(chained(rows))


def refused_by_another_python(rows: list[Experiment]) -> list[Experiment]:
    """Code that the policy refuses, said to have passed it, on a Python that nobody here has to compare with."""
    verdict = Verdict("invalid", "tests", "they failed")
    seconds = (("policy", 0.1), ("duplicate", 0.0), ("tests", 1.0))
    other = {"environment": "Python 9.9.9; meter compiled", "verdict": verdict, "seconds_by_stage": seconds}
    return [replace(row, **other) if row.number == POLICY else row for row in rows]


def hidden_from_the_meter(root: Path) -> None:
    """A win of code that the policy refuses, under another harness, all published anew where no secret is known."""
    repository, rows = Repository.open(root), rows_of(root)
    row, path = rows[KEPT_AGAIN], "sparse_parity/methods/fused.py"
    before = editable_files(repository, row.commit)
    edit = Edit("replace", path, FUSED_IMPORT, f"import os\n{FUSED_IMPORT}")
    after = edits.apply(before, [edit])
    commit = repository.commit(row.commit, {path: after[path]}, "Hidden", "refs/experiments/hidden", None)
    every = (*row.edits, edit)
    own = {"edits": every, "edits_sha256": edits.edits_hash(every), "commit": commit}
    rows = changed(rows, KEPT_AGAIN, tree_sha256=edits.normal_hash(after), **own)
    republish(root, [replace(each, harness_sha256="0" * 64) for each in rows])
    ledger_file(root).with_name("run.json").unlink()


def seeds_exchanged(rows: list[Experiment]) -> list[Experiment]:
    return with_pair(rows, KEPT_AGAIN, 1, seed="5e" * 32)


def with_a_lapse(rows: list[Experiment]) -> list[Experiment]:
    """A bad pair becomes a lapse of the incumbent's."""
    *others, last = rows[KEPT].evidence.confirm
    lapse = Lapse(len(others), last.seed, last.candidate, "the incumbent ran out of memory")
    return changed(rows, KEPT, evidence_confirm=tuple(others), evidence_lapses=(lapse,))


def kept_row(rows: list[Experiment], number: int) -> list[Experiment]:
    return changed(rows, number, verdict_outcome="kept", verdict_win="ard", verdict_gain=0.1)


def without(number: int) -> Callable[[list], list]:
    return lambda rows: rows[:number] + rows[number + 1 :]


def cheaper(rows: list[Experiment]) -> list[Experiment]:
    return changed(rows, DISCARDED, cost=replace(rows[DISCARDED].cost, dollars=-1.0))


def foreseen(rows: list[Experiment]) -> list[Experiment]:
    """The prediction written after the fact."""
    known = replace(rows[DISCARDED].prediction, direction="higher", size=1.5)
    return changed(rows, DISCARDED, prediction=known)


LOCAL = "the local ledger: ledger.jsonl: "
OTHER = f"ledger: research/{RUN} has another row there "
FORGERIES = [
    # lines edited, hashes left
    Forgery("a value edited, chain not rebuilt", lines(lambda ls: [ls[0], ls[1].replace(b'"looks":1', b'"looks":2'),
            *ls[2:]]), f"row {KEPT}: verdict.looks: recorded 2, is 1 in research/{RUN}"),
    Forgery("a row removed", lines(without(3)), LOCAL + "line 4: 1 removed before it"),
    Forgery("two rows exchanged", lines(lambda ls: [*ls[:3], ls[4], ls[3], *ls[5:]]), LOCAL + "line 4: out of order"),
    Forgery("a row duplicated", lines(lambda ls: [*ls[:4], ls[3], *ls[4:]]), LOCAL + "line 5: a copy of line 4"),
    Forgery("the last row torn off", lines(lambda ls: [*ls[:-1], ls[-1][:200]]), LOCAL + "line 10: torn off"),
    # chain rebuilt, branch left
    Forgery("rows cut off the end", lines(lambda ls: ls[:-1]), f"row {KEPT_AGAIN}: ledger: research/{RUN} has rows"),
    Forgery("a prediction written after the fact", rewritten(foreseen, keep_branch=True),
            f"row {DISCARDED}: {OTHER}(prediction.direction: recorded 'higher', is 'lower')"),
    Forgery("a cost lowered", rewritten(cheaper, keep_branch=True),
            f"row {DISCARDED}: {OTHER}(cost.dollars: recorded -1.0, is 0.0)"),
    Forgery("a null row hidden, the branch left", rewritten(without(NULL), keep_branch=True), f"row {NULL}: {OTHER}"),
    # chain rebuilt, branch taken away
    Forgery("a null row hidden, the branch gone", rewritten(without(NULL)), f"row {NULL}: kind: recorded 'proposal'"),
    Forgery("a value edited, chain rebuilt", rewritten(lambda rows: less_moved(rows, KEPT)),
            f"row {KEPT}: verdict.effects[1].change: recorded"),
    Forgery("discarded turned into kept", rewritten(lambda rows: kept_row(rows, DISCARDED)),
            f"row {DISCARDED}: verdict.outcome: recorded 'kept', which the stage screen never gives"),
    Forgery("inconclusive turned into kept", rewritten(lambda rows: kept_row(rows, NULL)),
            f"row {NULL}: verdict.outcome: recorded 'kept', is 'inconclusive'"),
    Forgery("a refusal turned into a win", rewritten(lambda rows: [replace(r, verdict=Verdict("kept", "confirm", "win",
            "ard", 0.5, looks=2)) if r.number == POLICY else r for r in rows]),
            f"row {POLICY}: evidence.screen: 0 pairs, and kept at confirm has 1"),
    Forgery("an instance not drawn from the secret", rewritten(seeds_exchanged),
            f"row {KEPT_AGAIN}: evidence.confirm[1].seed: not the seed that follows from"),
    Forgery("a slack of one's own", rewritten(lambda rows: changed(rows, KEPT_AGAIN, evidence_slack=Slack(dmd=-0.2))),
            f"row {KEPT_AGAIN}: evidence.slack.dmd: recorded -0.2, is 0.0"),
    Forgery("the incumbent of another row", rewritten(lambda rows: changed(rows, DISCARDED,
            evidence_screen=rows[KEPT].evidence.screen)),
            f"row {DISCARDED}: evidence.screen[0].seed: recorded"),
    Forgery("a bad pair turned into a lapse", rewritten(with_a_lapse), f"row {KEPT}: verdict"),
    Forgery("the second opinion left out", rewritten(lambda rows: changed(rows, KEPT, evidence_opinion=None)),
            f"row {KEPT}: verdict.outcome: recorded 'kept', is"),
    Forgery("one look less", rewritten(lambda rows: changed(rows, KEPT_AGAIN, verdict_looks=1)),
            f"row {KEPT_AGAIN}: verdict.looks: recorded 1, is 2"),
    Forgery("other edits than were measured", rewritten(lambda rows: changed(rows, DISCARDED, edits=rows[KEPT].edits)),
            f"row {DISCARDED}: edits_sha256: recorded"),
    Forgery("the commit of another candidate", rewritten(lambda rows: changed(rows, DISCARDED,
            commit=rows[KEPT].commit)),
            f"row {DISCARDED}: commit: {{}} does not hold the parent's code with the edits"),
    Forgery("another harness for one row", rewritten(lambda rows: changed(rows, UNMATCHED, harness_sha256="0" * 64)),
            f"row {UNMATCHED}: harness_sha256: recorded '000"),
    Forgery("a refusal turned into failing tests", rewritten(refused_by_another_python),
            f"row {POLICY}: verdict.stage: the policy refuses this code: "),
    # what was published
    Forgery("a kept commit with other code", other_code_on_the_branch, f"row {KEPT_AGAIN}: commit: "),
    Forgery("the branch moved to main", lambda root: git(root, "update-ref", BRANCH, "refs/heads/main"),
            f"row {KEPT}: commit: kept, and research/{RUN} has no commit of it"),
    Forgery("the branch rebased", rebased, f"row {DISCARDED}: parent: "),
    Forgery("evidence JSON changed", merged(EVIDENCE, '"looks": 1', '"looks": 2'),
            f"row {KEPT}: {EVIDENCE}: verdict.looks: recorded 2, is 1 in the ledger"),
    Forgery("a finding's number changed", merged(f"findings/{RUN}-0001-*.md", "at least 4", "at least 5"),
            f"row {KEPT}: findings/{RUN}-0001-"),
    Forgery("a finding's front matter changed", merged(f"findings/{RUN}-0001-*.md", "experiment: 1", "experiment: 7"),
            f"row {KEPT}: findings/{RUN}-0001-"),
    Forgery("a discovery changed", merged("DISCOVERIES.md", "3 instances", "30 instances"),
            f"row {KEPT}: DISCOVERIES.md: lacks its bullet in the working tree"),
    Forgery("a merged ledger rewritten", merged_and_rewritten,
            f"row {DISCARDED}: hypothesis: recorded 'I knew it would be worse.', is "),
    # made up: consistent in everything that is written down
    Forgery("made-up numbers, the branch gone", made_up_without_a_branch,
            f"row {KEPT}: commit: kept, and neither research/{RUN} nor the working tree has its finding"),
    Forgery("made-up numbers, all published anew", made_up,
            "    evidence.confirm[0].candidate.dmd: recorded ", KEPT_AGAIN),
    Forgery("a win of code that the policy refuses", hidden_from_the_meter,
            f"experiment {KEPT_AGAIN} of run {RUN}: DISAGREE: measured, and the policy refuses", KEPT_AGAIN),
    Forgery("a made-up second opinion", made_up_opinion, "    evidence.opinion.words: recorded ", KEPT_AGAIN),
]


def look(root: Path, forgery: Forgery) -> tuple[Found, ...]:
    """Forge the project at `root`, and have verify look at it; what only measuring finds is looked at twice."""
    commit = rows_of(root)[KEPT].commit[:12]
    forgery.apply(root)
    if forgery.rerun is None:
        return (_look(root, forgery, forgery.named.format(commit)),)
    done = harness(root, "verify")
    before = Found(f"{forgery.name}: without --rerun", done.returncode, _heading(done.stdout), done.returncode == 0)
    return before, _look(root, forgery, forgery.named, "--rerun", str(forgery.rerun))


def _look(root: Path, forgery: Forgery, named: str, *arguments: str) -> Found:
    done = harness(root, "verify", *arguments)
    said = [line.removeprefix(f"run {RUN}: ") for line in done.stdout.splitlines()]
    line = next((line for line in said if line.startswith(named)), None)
    found = Found(forgery.name, done.returncode, (line or said[0]).strip(), line is not None and done.returncode == 1)
    return replace(found, forgery=f"{forgery.name}: --rerun {arguments[1]}") if arguments else found


def _heading(text: str) -> str:
    return text.splitlines()[0].removeprefix(f"run {RUN}: ")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON document, and nothing else")
    as_json = parser.parse_args().json
    found: list[Found] = []
    with tempfile.TemporaryDirectory() as folder:
        recorded = record_run(Path(folder))
        for number, forgery in enumerate(FORGERIES):
            (place := Path(folder) / str(number)).mkdir()
            for one in look(copy_of(recorded, place), forgery):
                found.append(one)
                if not as_json:
                    mark = "" if one.is_named else "NOT NAMED: "
                    print(f"{mark}{one.forgery}\n  {one.exit_code}  {one.line}", flush=True)
    unnamed = sum(not one.is_named for one in found)
    if as_json:
        document = {"forgeries": len(FORGERIES), "unnamed": unnamed, "found": [asdict(one) for one in found]}
        print(json.dumps(document, indent=1))
    else:
        print(f"\n{len(FORGERIES)} forgeries: {f'{unnamed} NOT NAMED' if unnamed else 'each is found and named'}")
    return int(unnamed > 0)


if __name__ == "__main__":
    sys.exit(main())
