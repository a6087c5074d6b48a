"""`python -m harness check`: every number of the findings and of DISCOVERIES.md, compared with its evidence.

Promises: a finding is rendered again from the evidence that its front matter names, and each line that differs is
named; nothing is changed, unless --write asks for findings and bullets to be rendered again. Does not cover: whether
the evidence is true (`python -m harness verify`), and a reviewer's section.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import finding
from harness.cli import Parser
from harness.commands import counted
from harness.commands.published import experiment_diff, finding_diff, shown_diff
from harness.errors import ArdentError, BadInputError
from harness.finding.discoveries import DISCOVERIES
from harness.finding.evidence import read_evidence
from harness.finding.prose import show_code
from harness.git import Repository
from harness.records import Experiment

FINDINGS = "findings"
_EVIDENCE = re.compile(r'evidence: "(results/[A-Za-z0-9][A-Za-z0-9._-]*/\d{4,9}\.json)"')


@dataclass(frozen=True, slots=True)
class Finding:
    """One file of findings/. `evidence` is None when it cannot be read; `problems` then says why, as the check does.

    Attributes:
        name: path to show, relative to the project where it lies in it.
    """

    name: str
    evidence: Experiment | None
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of it. `bullets`: how many of the loop's there are; None if DISCOVERIES.md was not asked for.

    Attributes:
        written: names of the files that were rendered again.
    """

    written: tuple[str, ...]
    findings: tuple[Finding, ...]
    bullets: int | None
    problems: tuple[str, ...]


def main(argv: list[str], root: Path) -> int:
    """Check all findings and DISCOVERIES.md, or only the files named. 0 if every number is rendered, else 1."""
    parser = Parser(prog="python -m harness check", description=_ABOUT)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: all findings and DISCOVERIES.md")
    parser.add_argument("--write", action="store_true", help="first render them again; a reviewer's words stay")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    arguments = parser.parse_args(argv)
    repository = Repository.open(root, allow_in_progress=True)
    checked = _check(repository, [path.resolve() for path in arguments.files], is_written=arguments.write)
    print(_document(checked) if arguments.json else "\n".join(_told(checked)))
    return int(bool(checked.problems))


def _check(repository: Repository, files: list[Path], *, is_written: bool) -> Checked:
    """Check these files, or everything; render them again before if `is_written`."""
    root, everything = repository.root, finding_files(repository.root)
    written = write_findings(repository, files or everything) if is_written else []
    asked = [path for path in files if path != root / DISCOVERIES] if files else everything
    findings = [check_finding(repository, path) for path in asked]
    bullets, problems = None, [line for one in findings for line in one.problems]
    if not files or root / DISCOVERIES in files:
        known = findings if asked == everything else [check_finding(repository, path) for path in everything]
        bullets, wrong = _discoveries(root, known)
        problems += wrong
    return Checked(tuple(written), tuple(findings), bullets, tuple(problems))


def _told(checked: Checked) -> Iterator[str]:
    yield from (f"{name}: rendered again" for name in checked.written)
    notes = [note for one in checked.findings for note in one.notes]
    yield from map(show_code, [*checked.problems, *notes, *_summary(checked)])


def _document(checked: Checked) -> str:
    findings = [
        {
            "file": one.name,
            "evidence": None if one.evidence is None else finding.paths(one.evidence).evidence,
            "problems": one.problems,
            "notes": one.notes,
        }
        for one in checked.findings
    ]
    document = {"command": "check", "holds": not checked.problems, "findings": findings, "bullets": checked.bullets}
    document |= {"problems": checked.problems, "written": checked.written}
    return json.dumps(document, indent=2, allow_nan=False)


def finding_files(root: Path) -> list[Path]:
    """All findings of the working tree."""
    return sorted((root / FINDINGS).glob("*.md"))


def check_all(repository: Repository) -> list[str]:
    """Everything that the command without arguments names."""
    findings = [check_finding(repository, path) for path in finding_files(repository.root)]
    return [*(line for one in findings for line in one.problems), *_discoveries(repository.root, findings)[1]]


_ABOUT = (
    "Render every finding again from its evidence and name each line that differs, as file:line. "
    "Exit code 0: every number stands in the evidence; 1: one does not."
)


def _summary(checked: Checked) -> list[str]:
    count, bullets = len(checked.findings), checked.bullets
    if checked.problems:
        return []
    if not count and not bullets:
        return ["no findings here: the loop has kept nothing on this branch yet"]
    parts = [counted(count, "finding"), *([] if bullets is None else [counted(bullets, "bullet")])]
    return [f"{', '.join(parts)}: every number is rendered from its evidence"]


def check_finding(repository: Repository, path: Path) -> Finding:
    """One finding against the evidence that it names."""
    name = str(path.relative_to(repository.root)) if path.is_relative_to(repository.root) else str(path)
    try:
        text = path.read_text("utf-8")
        evidence = _evidence(repository.root, text)
        due = finding.paths(evidence).finding
        diff = experiment_diff(repository, evidence)
        found = finding.check(text, evidence, finding_diff(text) if diff is None else diff)
    except OSError as error:
        raise BadInputError(f"{name}: {error.strerror}; name a file of {FINDINGS}/") from None
    except (ArdentError, ArithmeticError, ValueError) as error:  # evidence may hold values that no meter gives
        return Finding(name, None, (f"{name}:1: {error}",))
    problems = [f"{name}:{what}" for what in found]
    if Path(due).name != path.name:
        problems.append(f"{name}:1: is named otherwise than its evidence says: {due}")
    note = f"{name}: note: its commits are not in this repository, so the diff was taken as it stands in the finding"
    return Finding(name, evidence, tuple(problems), (note,) if diff is None else ())


def write_findings(repository: Repository, files: list[Path]) -> list[str]:
    """Render these findings and their bullets again where they are not what the evidence says; the names written.

    What a reviewer decided and wrote stays. One without readable evidence is left for the check to name.
    """
    discoveries, written = repository.root / DISCOVERIES, []
    before = bullets = discoveries.read_text("utf-8") if discoveries.exists() else ""
    for path in files:
        one = check_finding(repository, path)
        if one.evidence is None:
            continue
        text = path.read_text("utf-8")
        again = finding.keep_review(finding.render(one.evidence, shown_diff(repository, one.evidence, text)), text)
        if again != text:
            _replace(path, again)
            written.append(one.name)
        bullets = finding.add_bullet(bullets, _bullet(path, one.evidence))
    if bullets != before:
        _replace(discoveries, bullets)
        written.append(DISCOVERIES)
    return written


def _replace(path: Path, text: str) -> None:
    """The whole new text or the whole old one, whatever happens: a review must not be lost half-way."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, "utf-8")
    temporary.replace(path)


def _bullet(path: Path, evidence: Experiment) -> str:
    """The bullet as it must be, struck where the finding says that it was rejected."""
    status = finding.read_review(path.read_text("utf-8")).status
    return finding.bullet(evidence, is_rejected=status == "rejected")


def _evidence(root: Path, text: str) -> Experiment:
    """The evidence that the front matter names.

    Raises:
        BadInputError: it names none, or that file is missing or damaged.
    """
    lines = text.split("\n")
    end = next((at for at, line in enumerate(lines[1:], start=1) if line == "---"), 0) if lines[0] == "---" else 0
    named = [match[1] for line in lines[:end] if (match := _EVIDENCE.fullmatch(line))]
    if len(named) != 1:
        raise BadInputError('evidence: the front matter must say once: evidence: "results/<run>/<number>.json"')
    place = root / named[0]
    try:
        return read_evidence(place.read_text("utf-8"), named[0])
    except OSError as error:
        raise BadInputError(f"evidence: {named[0]}: {error.strerror}; restore it from git") from None


def _discoveries(root: Path, findings: list[Finding]) -> tuple[int, tuple[str, ...]]:
    """How many bullets of the loop there are, and what is wrong with them."""
    known = {one.name: one.evidence for one in findings if one.evidence is not None}
    path = root / DISCOVERIES
    try:
        text = path.read_text("utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{DISCOVERIES}: cannot be read ({error}); restore it from git") from None
    due = {name: _bullet(root / name, evidence) for name, evidence in known.items()}
    problems = [f"{DISCOVERIES}:{what}" for what in finding.check_discoveries(text, due)]
    listed = finding.listed_sources(text)
    missing = [name for name, evidence in known.items() if Path(finding.paths(evidence).finding).name not in listed]
    problems += [f"{DISCOVERIES}:1: has no bullet of {name}" for name in missing]
    return len(known) - len(missing), tuple(problems)

