"""Every row of a ledger judged again, from the values that it recorded and from the rows before it.

Promises: pure; a problem names its row and field. A measured verdict is derived from the recorded pairs, by the judge
as it is now or by the one of schema 1 (`editions`); what ended earlier is checked against what such a row must look
like. Does not cover: the hash chain (`ledger`), files, commits and code (`commands.verify`), and whether the values
were ever measured (`--rerun`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Experiment, Verdict
from harness.settings import Task
from harness.verify.comparison import differences
from harness.verify.rows import Draws, Past, check_baseline, check_pairs, check_setting, check_shape
from harness.verify.verdicts import derive

__all__ = ["Checked", "Draws", "Problem", "check_rows", "differences"]


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not hold. `row` is None for what concerns the whole run."""

    row: int | None
    field: str
    what: str

    def __str__(self) -> str:
        where = "" if self.row is None else f"row {self.row}: "
        return f"{where}{self.field}: {self.what}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a ledger.

    Attributes:
        derived: rows whose verdict the judge, or the duplicate rule, gave again.
        consistent: rows that ended before there was anything to derive from (or the baseline), and look as they must.
    """

    problems: tuple[Problem, ...]
    derived: int
    consistent: int


def check_rows(rows: Sequence[Experiment], task: Task, draws: Draws | None = None) -> Checked:
    """Judge every row again. `task` is the one that the rows were measured with, `draws` is None where unknown."""
    if not rows:
        return Checked((), 0, 0)
    problems = [Problem(0, *found) for found in check_baseline(rows[0], task, draws)]
    if problems:
        return Checked(tuple(problems), 0, 0)
    pair, tree = rows[0].evidence.screen[0], rows[0].tree_sha256
    past = Past(pair, tree, trees={tree: 0}, seeds={pair.seed})
    derived = 0
    for row in rows[1:]:
        verdict, found = _check_row(row, rows[0], past, task, draws)
        problems += [Problem(row.number, *one) for one in found]
        derived += verdict is not None
        past.add(row, verdict, task.rules)
    return Checked(tuple(problems), derived, len(rows) - derived)


def _check_row(
    row: Experiment, first: Experiment, past: Past, task: Task, draws: Draws | None
) -> tuple[Verdict | None, list[tuple[str, str]]]:
    """The verdict derived again (None where there is nothing to derive it from), and what is wrong with the row."""
    found, misshapen = list(check_setting(row, first, past, task.rules)), list(check_shape(row, task))
    if misshapen:
        return None, found + misshapen
    verdict, wrong = derive(row, past, task.rules)
    return verdict, [*found, *check_pairs(row, past, draws), *wrong]
