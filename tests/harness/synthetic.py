"""A recorded run as long as one likes that nobody measured: its ledger is a valid chain, each verdict the judge's.

Measurements are drawn, and `python -m harness verify` finds nothing against it; it is for trying what reads ledgers.
"""

import random
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from harness import finding, judge
from harness import task as tasks
from harness.edits import edits_hash
from harness.finding.evidence import evidence_json
from harness.ledger import FIRST_TIP, encode, tip_of
from harness.records import Cost, Edit, Evidence, Opinion, Pair, Prediction, Slack, Verdict
from harness.verify.rows import NULL_STAGES, STAGES
from tests.harness.factories import make_diff, make_experiment, make_measurement

RUN = "synthetic"
DEATHS = (
    ("propose", "the reply held no proposal: it ended in the middle of an edit"),
    ("edit", "edit 1 (replace in sparse_parity/champion.py): the text to search for does not occur"),
    ("policy", "sparse_parity/methods/mine.py:7: lambda is not allowed, write a function"),
    ("tests", "tests/sparse_parity/test_contract.py: test_weights_stay_finite: AssertionError"),
)


@dataclass
class Incumbent:
    """What the next candidate meets: its cost relative to the first one, the pair known to both, its tree and slack."""

    cost: float
    pair: Pair
    tree: str
    slack: Slack


class Synthetic:
    """Draws rows one after another; everything follows from the seed."""

    def __init__(self, seed, task, run, proposer):
        self.random = random.Random(seed)
        self.task, self.run, self.proposer = task, run, proposer
        self.looks = self.proposals = self.nulls = 0
        measured = self.measured(1.0)
        first = Pair(self.hex(), measured, measured)
        self.incumbent = Incumbent(1.0, first, self.hex(), Slack())

    def hex(self):
        return f"{self.random.getrandbits(256):064x}"

    def measured(self, cost):
        """A training that costs so much."""
        noise = self.random.lognormvariate(0, 0.02)
        drawn = self.with_answers()
        steps = drawn.samples / 4000
        counts = {"ard_distance": 3.4e9 * cost, "ard_reads": 4.5e6, "reads": 5.1e6 * cost, "writes": 1.2e6 * cost}
        scaled = {name: round(value * steps * noise) for name, value in counts.items()}
        scaled["ard_reads"] = min(scaled["ard_reads"], scaled["reads"])
        moved = {"dmd": 6.9e7 * cost * steps * noise, "reuse": round(2.3e9 * cost * steps * noise)}
        return replace(drawn, **scaled, **moved, predict_traffic=600.0 * cost, peak_cells=420)

    def cheaper(self, measured, factor):
        """The same training, answers and all, whose every access costs a little less."""
        factor *= self.random.lognormvariate(0, 0.0002)
        names = ("ard_distance", "reads", "writes", "reuse")
        counts = {name: round(getattr(measured, name) * factor) for name in names}
        reads = min(measured.ard_reads, counts["reads"])
        predict = measured.predict_traffic * min(1.0, factor)
        return replace(measured, **counts, ard_reads=reads, dmd=measured.dmd * factor, predict_traffic=predict)

    def with_answers(self):
        """Answers and steps to solution of one instance, before any cost."""
        total = self.task.n_test
        bits = (1 << total) - 1
        for at in self.random.sample(range(total), int(total * self.random.uniform(0.02, 0.04))):
            bits &= ~(1 << at)
        most = self.task.max_epochs * self.task.n_train
        samples = min(most - self.task.check_every, self.task.check_every * self.random.randint(14, 18))
        return make_measurement(
            samples=samples,
            test_correct=bits.bit_count(),
            test_total=total,
            test_bits=f"{bits:0{-(-total // 4)}x}",
            predictions_sha256=self.hex(),
            seconds=self.random.uniform(0.3, 0.6),
        )

    def baseline(self):
        verdict = Verdict("kept", "screen", "the baseline: what the run started from")
        row = self.row(0, "baseline", verdict, Evidence(screen=(self.incumbent.pair,)))
        return replace(row, title="baseline", hypothesis="", why="", edits=(), edits_sha256="", prediction=None,
                       commit=row.parent, tree_sha256=self.incumbent.tree,
                       seconds_by_stage=(("screen", 9.0),))  # fmt: skip

    def next_row(self, number):
        """A null row where one is due, else a proposal."""
        every = self.task.rules.null_every
        if every and self.proposals // every > self.nulls:
            self.nulls += 1
            return self.null(number)
        self.proposals += 1
        fate = self.random.random()
        if fate < 0.25:
            return self.dead(number, *self.random.choice(DEATHS))
        return self.tried(number, *self.candidate(fate))

    def candidate(self, fate):
        """How a candidate's cost compares, and whether it leaves the predictions alone."""
        if fate < 0.5:
            return self.random.uniform(2.0, 9.0), False
        if fate < 0.9:
            return self.random.uniform(0.97, 1.4), False
        return self.random.uniform(0.96, 0.999), True

    def dead(self, number, stage, reason):
        row = self.row(number, "proposal", Verdict("invalid", stage, reason), Evidence(slack=self.incumbent.slack))
        if stage == "propose":
            return replace(row, title="no usable proposal", hypothesis="", why="", edits=(), edits_sha256="",
                           prediction=None, commit="", tree_sha256="", seconds_by_stage=())  # fmt: skip
        return replace(row, commit="", tree_sha256="") if stage == "edit" else row

    def null(self, number):
        row = self.tried(number, 1.0, exact=False, kind="null")
        return replace(row, title="null row: the incumbent with other random numbers", hypothesis="", why="", edits=(),
                       edits_sha256="", prediction=None, commit="", tree_sha256=self.incumbent.tree)  # fmt: skip

    def tried(self, number, factor, exact, kind="proposal"):
        """Measured until the judge decides."""
        held, rules = self.incumbent, self.task.rules
        known = held.pair.candidate
        mine = self.cheaper(known, factor) if exact else self.measured(held.cost * factor)
        screen = Pair(held.pair.seed, mine, known)
        verdict, pairs, opinion = judge.screen(screen, rules), [], None
        if verdict is None:
            self.looks += kind == "proposal"
            looks = self.looks if kind == "proposal" else self.looks + 1
            while verdict is None:
                rival = self.measured(held.cost)
                candidate = self.cheaper(rival, factor) if exact else self.measured(held.cost * factor)
                pairs.append(Pair(self.hex(), candidate, rival))
                verdict = judge.confirm(pairs, held.slack, rules, looks)
        if verdict.outcome == "kept":
            opinion = Opinion(agrees=True, words="agrees on 2 instances: 126 steps, 147,686 accesses")
        row = self.row(number, kind, verdict, Evidence((screen,), tuple(pairs), held.slack, (), opinion))
        if kind == "proposal" and verdict.outcome == "kept":
            slack = judge.slack_after(held.slack, verdict, pairs)
            self.incumbent = Incumbent(held.cost * factor, pairs[-1], row.tree_sha256, slack)
        return row

    def row(self, number, kind, verdict, evidence):
        """A whole row, as the loop would write it."""
        hidden = self.random.randint(8, 64)
        edits = (Edit("replace", "sparse_parity/champion.py", '"hidden": 500', f'"hidden": {hidden}'),)
        stages = NULL_STAGES if kind == "null" else STAGES
        reached = stages[: stages.index(verdict.stage) + 1] if verdict.stage in stages else ()
        return make_experiment(
            run=self.run,
            number=number,
            kind=kind,
            title=f"hidden 500 to {hidden}, and the update in the order of its reads",
            hypothesis=f"With hidden {hidden} less is read in every step, and the task is solved in as many steps.",
            why="Each unit is read and written once a sample; {gain.dmd} less moves.",
            prediction=Prediction("dmd", "lower", 0.1),
            edits=edits,
            edits_sha256=edits_hash(edits),
            tree_sha256=self.hex(),
            parent="3d" * 20,
            commit=self.hex()[:40],
            verdict=verdict,
            evidence=evidence,
            proposer=self.proposer,
            model=self.proposer,
            cost=Cost(1, 9_000, 700, 0.031, 6_000) if self.proposer == "claude" else Cost(),
            task=self.task.name,
            task_sha256=tasks.task_hash(self.task),
            started=f"2026-11-22T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}+00:00",
            seconds=round(0.3 + 2.5 * len(reached), 3),
            seconds_by_stage=tuple((stage, round(0.4 + at, 3)) for at, stage in enumerate(reached)),
        )


def make_rows(count, task, seed=1, run=RUN, proposer="search", tree=""):
    """A baseline and `count` experiments, null rows among them. `tree`: of the baseline, for runs that share one."""
    drawn = Synthetic(seed, task, run, proposer)
    drawn.incumbent = replace(drawn.incumbent, tree=tree or drawn.incumbent.tree)
    return [drawn.baseline(), *(drawn.next_row(number) for number in range(1, count + 1))]


def write_run(root: Path, rows):
    """The run as a merged one lies in a working tree: ledger, evidence, findings and bullets. The rows as chained."""
    folder = root / "results" / rows[0].run
    folder.mkdir(parents=True)
    (root / "findings").mkdir(exist_ok=True)
    lines, chained, tip = [], [], FIRST_TIP
    for row in rows:
        chained.append(replace(row, tip=tip))
        lines.append(encode(chained[-1]))
        tip = tip_of(lines[-1])
    (folder / "ledger.jsonl").write_bytes(b"".join(lines))
    page = root / "DISCOVERIES.md"
    discoveries = page.read_text("utf-8") if page.exists() else ""
    for row in chained:
        if row.kind == "proposal" and row.verdict.outcome == "kept":
            paths = finding.paths(row)
            (root / paths.evidence).write_text(evidence_json(row), "utf-8")
            (root / paths.finding).write_text(finding.render(row, make_diff()), "utf-8")
            discoveries = finding.add_bullet(discoveries, finding.bullet(row))
    page.write_text(discoveries, "utf-8")
    return chained


def tree_of(text):
    """A tree's hash that no other text gives."""
    return sha256(text.encode()).hexdigest()
