"""Proposals from a file: for tests, demonstrations, and ideas that a person wrote down.

Promises: which document comes next follows from the number of proposal rows in the ledger, so a killed run
goes on where it was. The file is checked whole before the first experiment; the fields are those of the
records.
Does not cover: whether an edit applies; the gate says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInputError, ProposerPausedError
from harness.proposers import JudgeProposal
from harness.proposers.answer import AnswerError, prompt_sha256, read_proposal
from harness.proposers.documents import read_json_lines, read_yaml
from harness.records import Briefing, Cost, Experiment, Proposal, Reply
from harness.totals import Tally, total

WHAT = "the script of proposals"


@dataclass(frozen=True, slots=True)
class ScriptedProposer:
    """Answers with the entries of a script, in order. An entry that is text stands for an unusable reply."""

    path: Path
    entries: tuple[Proposal | str, ...]
    name: str = "scripted"

    @classmethod
    def open(cls, path: Path | None) -> "ScriptedProposer":
        """Read and check `path`: .jsonl holds one document a line, .yaml one between `---` lines. Raises
        BadInputError.
        """
        if path is None:
            raise BadInputError("--script: is missing; name a .yaml or .jsonl file of proposals")
        entries = tuple(_read_entry(path, where, raw) for where, raw in _read_documents(path))
        if not entries:
            raise BadInputError(f"{path}: no documents; write at least one proposal")
        return cls(path, entries)

    def propose(self, briefing: Briefing, judge_proposal: JudgeProposal) -> Reply:
        """The next entry of the script. Raises ProposerPausedError when it has ended."""
        del judge_proposal  # a script cannot mend its edits
        index = count_proposals(briefing.experiments)
        if index >= len(self.entries):
            raise ProposerPausedError(
                f"{self.path}: the script has ended after {len(self.entries)} proposals; add more to go on"
            )
        entry = self.entries[index]
        proposal, error = (None, entry) if isinstance(entry, str) else (entry, "")
        return Reply(proposal, self.name, self.name, prompt_sha256(briefing), Cost(), error)


def count_proposals(experiments: Sequence[Experiment]) -> int:
    """How many proposals the ledger holds: neither the baseline nor null rows."""
    return total(experiments, Tally).proposals


def _read_documents(path: Path) -> list[tuple[str, object]]:
    if path.suffix == ".jsonl":
        return [(f"line {number}", raw) for number, raw in read_json_lines(path, WHAT)]
    if path.suffix in {".yaml", ".yml"}:
        return [(f"document {number}", raw) for number, raw in enumerate(read_yaml(path, WHAT), start=1)]
    raise BadInputError(f"{path}: a script ends in .yaml or .jsonl; rename the file")


def _read_entry(path: Path, where: str, raw: object) -> Proposal | str:
    if isinstance(raw, dict) and set(raw) == {"error"}:
        if isinstance(raw["error"], str) and raw["error"]:
            return raw["error"]
        raise BadInputError(f"{path}: {where}: error: must be text, and not empty")
    try:
        return read_proposal(raw, strict=True)
    except AnswerError as error:
        raise BadInputError(f"{path}: {where}: {error}") from None
