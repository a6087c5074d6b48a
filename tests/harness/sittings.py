"""One start of the loop's command, with a kill at a passage of a crash point or without: scripted, or with a model.

A sitting says how the command ended, which points it passed, and what it did that it must not: ask for a proposal that
it had, or pay for a reply that was on the disk.
"""

import re
import subprocess
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

from harness.crash_points import VARIABLE
from harness.git import Repository
from harness.redteam import note_passed
from tests.harness.loops import TASK, processes_of, rows_of, run_folder, run_loop, scripted, wait_until
from tests.harness.messages_server import KEY, serve
from tests.harness.researcher import Researcher
from tests.harness.run_state import LOST, final_state, whole_lines

KILLED = -9
REPLY = re.compile(r"(\d{4})-(\d+)-[0-9a-f]+\.reply\.json")


@dataclass(frozen=True)
class Sitting:
    """How one start of the command ended."""

    done: subprocess.CompletedProcess
    passed: list[str]

    @property
    def was_killed(self):
        return self.done.returncode == KILLED


def sit(root, arguments, kill_at, environment):
    """Run the command to its end, or to that passage of a crash point; None: without such points."""
    log = root.parent / "passed"
    log.unlink(missing_ok=True)
    points = {} if kill_at is None else {VARIABLE: f"{kill_at} {log}"}
    done = run_loop(root, *arguments, environment={**points, **environment})
    wait_until(lambda: processes_of(root) == [])  # what candidate code ran dies with its parent
    return Sitting(done, log.read_text().splitlines() if log.exists() else [])


@dataclass(frozen=True)
class Scripted:
    """Proposals from a script: free, so that one may be asked for again if its row was not on the disk."""

    entries: list
    run: str = "x"

    def sit(self, root, kill_at=0):
        return sit(root, scripted(root, self.entries), kill_at, {})

    def state(self, root):
        return final_state(root, self.run)

    def begin(self, root):
        """Nothing was asked yet."""

    def wrongs(self, root, sittings):
        """What the sittings of one run did that they must not."""
        del root
        kills = sum(sitting.was_killed for sitting in sittings)
        answers = Counter(name for sitting in sittings for name in sitting.passed)["answered"]
        return ("a proposal was asked for again",) if answers > len(self.entries) + kills else ()


class Paid:
    """A model behind a real socket, whose every reply costs money."""

    run = "x"

    def __init__(self, server, budget):
        self._server = server
        self._budget = budget
        self._twice = set()

    def begin(self, root):
        note_passed(Repository.open(root))  # the attacks have tests of their own
        self._server.answer, self._twice = Researcher(outage=None), set()

    def sit(self, root, kill_at=0):
        on_disk = self._replies(root)
        asked = len(self._server.answer.asked)
        arguments = ("--proposer", "claude", "--run", self.run, "--seed", "1", "--budget", self._budget)
        environment = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": self._server.address}
        sitting = sit(root, (*TASK, *arguments, "--max-usd", "9"), kill_at, environment)
        self._twice |= on_disk & set(self._server.answer.asked[asked:])
        return sitting

    def state(self, root):
        return final_state(root, self.run, LOST)

    def wrongs(self, root, sittings):
        costs = [row["cost"] for row in rows_of(root, self.run)]
        billed = sum(cost["calls"] + cost["lost_calls"] for cost in costs)
        paid, kills = self._server.answer.paid, sum(sitting.was_killed for sitting in sittings)
        wrongs = [f"{len(self._twice)} replies on disk were paid again"] * bool(self._twice)
        wrongs += ["a paid reply is on no bill"] * (billed < paid)
        lost = sum(cost["lost_calls"] for cost in costs)
        wrongs += ["the bill has more than one lost call a kill"] * (lost > kills)
        return tuple(wrongs)

    def _replies(self, root):
        """(experiment, turn) of the replies that are on the disk."""
        folder = run_folder(root, self.run) / "transcripts"
        found = (REPLY.fullmatch(path.name) for path in folder.glob("*.reply.json"))
        return {(int(name[1]), int(name[2])) for name in found if name}


@contextmanager
def paid(budget):
    """A model on loopback, and runs of that many of its proposals."""
    with serve(answer=Researcher(outage=None)) as server:
        yield Paid(server, budget)


def ledger_of(root, run="x"):
    """The whole lines of the run's ledger on the disk."""
    return whole_lines(run_folder(root, run) / "ledger.jsonl")


__all__ = ["KILLED", "Paid", "Scripted", "Sitting", "ledger_of", "paid", "sit"]
