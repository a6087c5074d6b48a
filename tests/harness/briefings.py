"""Briefings and ledgers for the tests of the proposers: small, whole, and valid."""

from dataclasses import replace

from harness.records import Briefing, Cost, Edit, Evidence, Prediction, Proposal, Verdict
from harness.settings import GateRules, Task
from tests.harness.factories import make_experiment, make_measurement, make_pair

CHAMPION = '''"""What the gate measures: METHOD and HYPERPARAMETERS, as literals."""

METHOD = "standard"
HYPERPARAMETERS = {"hidden": 500, "lr": 0.1, "wd": 0.01}
'''
CHAMPION_PATH = "sparse_parity/champion.py"
FUSED = "def step(state, x, y, hp, tracker):\n    h = 0.1\n"

RULES = GateRules(
    wins=("ard", "movement", "accuracy"),
    min_gain=0.005,
    alpha=0.05,
    exact_gain=0.0002,
    exact_spread=0.25,
    guard_level=0.05,
    first_look=5,
    max_instances=16,
    screen_margin=0.5,
    accuracy_tolerance=0.02,
    traffic_tolerance=0.01,
    predict_tolerance=0.01,
    null_every=10,
)
TASK = Task("parity20", 20, 3, 500, 1000, 2000, 0.95, 125, 20, 3000, 300.0, 1024, 60.0, RULES)


def make_proposal(**changes):
    edit = Edit("replace", CHAMPION_PATH, '"hidden": 500', '"hidden": 64')
    proposal = Proposal(
        "hidden 500 to 64", "Fewer units.", "Less to move.", Prediction("dmd", "lower", 0.3), (edit,)
    )
    return replace(proposal, **changes)


def make_briefing(experiments=(), number=None, champion=CHAMPION, **changes):
    briefing = Briefing(
        system="You are a researcher.",
        prompt="Propose.",
        sources={CHAMPION_PATH: champion, "sparse_parity/methods/fused.py": FUSED},
        incumbent=make_measurement(),
        experiments=tuple(experiments),
        number=len(experiments) + 1 if number is None else number,
        remaining=10,
    )
    return replace(briefing, **changes)


def make_row(number, **changes):
    """A discarded proposal that cost nothing."""
    wanted = {
        "number": number,
        "cost": Cost(),
        "verdict": Verdict("discarded", "screen", "no gain"),
        **changes,
    }
    return make_experiment(**wanted)


def make_baseline(dmd=1e9):
    pair = make_pair(candidate=make_measurement(dmd=dmd), incumbent=make_measurement(dmd=dmd))
    return make_row(
        0, kind="baseline", title="baseline", edits=(), prediction=None, evidence=Evidence((pair,))
    )


def record(reply, number, dmd, outcome="discarded", *, solved=True):
    """The ledger row of a reply whose candidate measured `dmd`."""
    proposal = reply.proposal
    pair = make_pair(candidate=make_measurement(dmd=dmd, solved=solved))
    evidence = Evidence() if outcome == "invalid" else Evidence(screen=(pair,))
    return make_row(
        number,
        title=proposal.title,
        hypothesis=proposal.hypothesis,
        why=proposal.why,
        prediction=proposal.prediction,
        edits=proposal.edits,
        verdict=Verdict(outcome, "screen", "measured"),
        evidence=evidence,
    )


def accept(proposal):
    del proposal
    return ""
