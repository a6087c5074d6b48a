"""The loop's commits on a research branch: what each says of the ledger that it brought.

Promises: what `trailers` writes at the end of a message is what `published_commits` reads there. Does not cover:
whether the rows that they name are those of the ledger (`branch`, `python -m harness verify`).
"""

import re
from dataclasses import dataclass

from harness.git import Repository

_TRAILERS = re.compile(r"Ardent-Run: (?P<run>\S+)\nArdent-Experiment: (?P<number>\d{1,9})\nArdent-Tip: (?P<tip>\S+)")


@dataclass(frozen=True, slots=True)
class PublishedCommit:
    """A commit of the loop, and the row that it names: the last one of its ledger, whose tip is `tip`."""

    sha: str
    number: int
    tip: str


def trailers(run: str, number: int, tip: str) -> str:
    """The last paragraph of a commit's message."""
    return f"Ardent-Run: {run}\nArdent-Experiment: {number}\nArdent-Tip: {tip}\n"


def published_commits(
    repository: Repository, run: str, stop: str, tip: str, *, merged: bool = True
) -> tuple[PublishedCommit, ...]:
    """The loop's commits of a run from `tip` down to `stop`, those of merged branches unless `merged` is False."""
    found = []
    for sha, message in repository.log_messages(repository.resolve(stop), repository.resolve(tip), merged=merged):
        named = _TRAILERS.fullmatch(message.rpartition("\n\n")[2])
        if named and named["run"] == run:
            found.append(PublishedCommit(sha, int(named["number"]), named["tip"]))
    return tuple(found)
