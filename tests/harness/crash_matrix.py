"""Kill the loop at each passage of a crash point, go on with the same command, and compare with a run nobody killed.

`PYTHONPATH=. python tests/harness/crash_matrix.py [--proposer claude] [--apart] [--every N] [--again] [--json]` prints
a row a passage: the point, the experiment at work, and what came out other than in the uninterrupted run: ledger,
branch, refs, findings, evidence, working tree, locks, processes, temporary files; then how often each point was tried
and how often all was the same. `--again` kills the second command too, at one of the points that it passes first.

A run is killed once in each experiment, at its first points in the first round, at its second ones in the second, and
goes on each time, so that a round costs little more than a run. `--apart` has a run for every single kill, which begins
with a copy of the project as a kill at the experiment's beginning left it. Every kill is a SIGKILL of the real command,
and every run goes to its end.
"""

import argparse
import json
import re
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from harness.crash_points import ASKING
from tests.harness.loops import copy_project, make_user_project
from tests.harness.run_state import differences
from tests.harness.scripts import EVERY_END
from tests.harness.sittings import Scripted, ledger_of, paid

HARNESS = Path(__file__).resolve().parents[2] / "harness"
PAID_BUDGET = 3
EARLY = 10  # a kill while recovering comes at one of this many first passages


@dataclass(frozen=True)
class Start:
    """A project as it is when an experiment begins, and the points that the command passes from there to its end.

    `opening` of them come before the experiment, `length` belong to it; experiment 0 has the run's beginning.
    """

    root: Path
    experiment: int
    passed: tuple[str, ...]
    opening: int
    length: int


@dataclass(frozen=True)
class Outcome:
    """What became of one trial; `differs` names what was not as in the uninterrupted run."""

    point: str
    experiment: int
    passage: int
    differs: tuple[str, ...]


def points_in_source(folder):
    """The names of the points in the code below a folder; that of a stage up to its dash."""
    reach = re.compile(r'crash_points\.reach\(f?"([a-z-]+)')
    return {name for path in folder.rglob("*.py") for name in reach.findall(path.read_text())}


def uninterrupted(project, folder, how):
    """The final state of a run that nobody killed, and the points that it passed."""
    root = copy_project(project, folder)
    how.begin(root)
    whole = how.sit(root)
    assert (whole.done.returncode, whole.done.stderr) == (0, ""), whole.done.stderr
    return how.state(root), whole.passed


def starts(project, folder, how, passed):
    """A start for each experiment of a run that passes these points, made as the next one is asked for."""
    borders = [at for at, name in enumerate(passed) if name == ASKING] + [len(passed)]
    yield Start(project, 0, tuple(passed), 0, borders[0])
    root, at = _killed(project, folder / "1", how, borders[0] + 1), 0
    _, whole = uninterrupted(root, folder / "opening", how)
    opening = whole.index(ASKING)
    for at in range(1, len(borders)):
        length = borders[at] - borders[at - 1]
        ahead = (*whole[:opening], *passed[borders[at - 1] :])
        yield Start(root, at, ahead, opening, length)
        if at + 1 < len(borders):
            root = _killed(root, folder / str(at + 1), how, opening + length + 1)


def _killed(project, folder, how, kill_at):
    root = copy_project(project, folder)
    how.begin(root)
    assert how.sit(root, kill_at).passed[-1] == ASKING
    return root


def passages(start):
    """The numbers of the passages to try: those of the experiment, and once those of opening a run that was begun."""
    return range(1 if start.experiment in {0, 1} else start.opening + 1, start.opening + start.length + 1)


def try_passage(start, folder, how, number, expected, then=()):
    """Kill at that passage, and the commands after it at those of `then`; then run to the end and compare."""
    root = copy_project(start.root, folder)
    how.begin(root)
    sittings, kept, wrongs = [], ledger_of(root), []
    for kill_at in (number, *then, 0):
        sittings.append(how.sit(root, kill_at))
        now = ledger_of(root)
        wrongs += ["a row was lost"] * (not now.startswith(kept))
        kept = now
    first, last = sittings[0], sittings[-1]
    assert first.was_killed, f"passage {number} was not reached: {first.done.stderr}"
    assert first.passed[-1] == start.passed[number - 1], "the run did not pass the points of the uninterrupted one"
    if (last.done.returncode, last.done.stderr) != (0, ""):
        return Outcome(first.passed[-1], start.experiment, number, (f"stopped: {last.done.stderr.strip()}",))
    differs = (*differences(expected, how.state(root)), *wrongs, *how.wrongs(root, sittings))
    return Outcome(first.passed[-1], start.experiment, number, differs)


def one_by_one(project, folder, how, every, first=1, *, again):
    """Try every N-th passage in a run of its own."""
    expected, passed = uninterrupted(project, folder / "whole", how)
    tried = 0
    for start in starts(project, folder / "starts", how, passed):
        for number in passages(start):
            tried += 1
            if tried >= first and (tried - first + 1) % every == 0:
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    then = (1 + tried % EARLY,) if again else ()
                    yield try_passage(start, Path(place), how, number, expected, then)


def in_rounds(project, folder, how, every, first=1, *, again):
    """Try every N-th passage of each experiment: a run with a kill in each of its experiments, and so on."""
    expected, passed = uninterrupted(project, folder / "whole", how)
    borders = [0, *(at for at, name in enumerate(passed) if name == ASKING), len(passed)]
    lengths = [after - before for before, after in pairwise(borders)]
    for number in range(first - 1 + every, max(lengths) + 1, every):
        with tempfile.TemporaryDirectory(dir=folder) as place:
            yield from try_round(copy_project(project, Path(place)), how, number, lengths, expected, again=again)


def try_round(root, how, number, lengths, expected, *, again):
    """Kill at that passage of each experiment that has one, go on each time, and compare at the end."""
    how.begin(root)
    sittings, kept, wrongs, points = [], ledger_of(root), [], {}
    for experiment in (at for at, length in enumerate(lengths) if length >= number):
        sittings.append(how.sit(root, passage_of(root, experiment, number)))
        assert sittings[-1].was_killed, (experiment, number, sittings[-1].done)
        points[experiment] = sittings[-1].passed[-1]
        if again:
            sittings.append(how.sit(root, 1 + (number + experiment) % EARLY))
        wrongs += ["a row was lost"] * (not ledger_of(root).startswith(kept))
        kept = ledger_of(root)
    last = how.sit(root)
    stopped = (last.done.returncode, last.done.stderr) != (0, "")
    if stopped:
        differs = (f"stopped: {last.done.stderr.strip()}",)
    else:
        differs = (*differences(expected, how.state(root)), *wrongs, *how.wrongs(root, [*sittings, last]))
    return [Outcome(point, experiment, number, differs) for experiment, point in points.items()]


def passage_of(root, experiment, number):
    """What tells the next command to die at the n-th point of that experiment, whatever it has to do before."""
    rows = ledger_of(root).count(b"\n")
    return f"{number}/{experiment - max(rows, 1) + 1}" if experiment else number


def table(outcomes):
    """A line for each kind of point: how often it was tried, and what came of it."""
    yield f"{'point':20} {'tried':>6} {'the same':>9}  other than in the uninterrupted run"
    for name in dict.fromkeys(outcome.point for outcome in outcomes):
        of_it = [outcome for outcome in outcomes if outcome.point == name]
        same = sum(not outcome.differs for outcome in of_it)
        other = sorted({words for outcome in of_it for words in outcome.differs})
        yield f"{name:20} {len(of_it):6} {same:9}  {', '.join(other) or '-'}"
    yield f"{'in all':20} {len(outcomes):6} {sum(not outcome.differs for outcome in outcomes):9}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--proposer", choices=("scripted", "claude"), default="scripted")
    parser.add_argument("--apart", action="store_true", help="a run for every kill")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try every N-th passage only")
    parser.add_argument("--first", type=int, default=1, metavar="N", help="begin with the N-th passage")
    parser.add_argument("--again", action="store_true", help="kill the second command too")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    arguments = parser.parse_args()
    model = paid(PAID_BUDGET) if arguments.proposer == "claude" else nullcontext(Scripted(EVERY_END))
    outcomes = []
    with tempfile.TemporaryDirectory() as folder, model as how:
        project = make_user_project(Path(folder))
        trials, chosen = one_by_one if arguments.apart else in_rounds, (arguments.every, arguments.first)
        for outcome in trials(project, Path(folder), how, *chosen, again=arguments.again):
            outcomes.append(outcome)
            if not arguments.json:
                said = ", ".join(outcome.differs) or "the same"
                where = f"experiment {outcome.experiment:2}, passage {outcome.passage:3}"
                print(f"{len(outcomes):4}  {where}  {outcome.point:20} {said}", flush=True)
    print(json.dumps([asdict(outcome) for outcome in outcomes]) if arguments.json else "\n".join(table(outcomes)))
    return int(any(outcome.differs for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
