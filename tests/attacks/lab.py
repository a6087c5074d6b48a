"""Where attacks are tried: the real gate on a task of 8 bits, with 24 hidden units to beat."""

from dataclasses import dataclass, replace
from functools import cache

from harness import edits, gate
from harness.gate import Bench, Context, Incumbent, Trial
from harness.judge import slack_after
from harness.records import Edit, Evidence, Slack, Verdict
from harness.settings import Task
from tests.attacks.attack import Attack
from tests.harness.bench import TINY, champion, editable, tiny_bench

TASK = replace(TINY, memory_mb=256, rules=replace(TINY.rules, first_look=3, max_instances=4))
PATIENT = replace(TASK, rules=TINY.rules)  # the default task's rules: 5 to 16 instances
IMPATIENT = replace(TASK, time_limit_s=2, tests_time_limit_s=3)  # for what never ends

TESTS = "tests/"
CONTRACT = "test_contract_method.py"  # the other files test the package around the candidate


@dataclass(frozen=True, slots=True)
class Lab:
    """A bench, and what every attack has to beat."""

    bench: Bench
    incumbent: Incumbent


@cache
def lab() -> Lab:
    """The bench with the champion measured. Once a process: it takes about a tenth of a second."""
    whole = tiny_bench(TASK)
    about_candidates = {p: t for p, t in whole.trusted.items() if not p.startswith(TESTS) or p.endswith(CONTRACT)}
    bench = replace(whole, trusted=about_candidates)
    sources = editable(champion(hidden=24, lr=0.1, wd=0.01))
    seed, measured = gate.measure_baseline(sources, bench, "attacks")
    return Lab(bench, Incumbent("baseline", sources, seed, measured, Slack()))


def incumbent_with(changed: tuple[Edit, ...]) -> Incumbent:
    """The champion with these edits, measured; the champion itself without any."""
    place = lab()
    if not changed:
        return place.incumbent
    sources = edits.apply(place.incumbent.sources, changed)
    seed, measured = gate.measure_baseline(sources, place.bench, "rivals")
    return Incumbent("rival", sources, seed, measured, Slack())


def attempt(
    proposed: tuple[Edit, ...],
    incumbent: Incumbent | None = None,
    task: Task = TASK,
    context: Context | None = None,
) -> Trial:
    """What the gate makes of these edits, as the loop would run it."""
    place = lab()
    rival = incumbent or place.incumbent
    try:
        sources = edits.apply(rival.sources, proposed)
    except edits.EditError as error:
        return Trial(Verdict("invalid", "edit", str(error)), Evidence(), "", ())
    tried = {edits.normal_hash(rival.sources): 0}
    bench = replace(place.bench, task=task)
    return gate.judge_candidate(sources, rival, bench, context or Context("attacks/1", tried, 0))


def attempt_attack(attack: Attack) -> Trial:
    """What the gate makes of an attack, after the proposals that came before it in its run."""
    task = IMPATIENT if attack.impatient else PATIENT if attack.slack != Slack() else TASK
    incumbent = replace(lab().incumbent, slack=attack.slack)
    tried, confirmed = {edits.normal_hash(incumbent.sources): 0}, 0
    for number, proposed in enumerate(attack.before, 1):
        trial = attempt(proposed, incumbent, task, Context(f"attacks/{number}", dict(tried), confirmed))
        tried.setdefault(trial.tree_sha256, number)
        confirmed += trial.verdict.looks > 0
        if trial.verdict.outcome == "kept":
            sources = edits.apply(incumbent.sources, proposed)
            confirmed_on = trial.evidence.confirm
            pair, slack = confirmed_on[-1], slack_after(incumbent.slack, trial.verdict, confirmed_on)
            incumbent = Incumbent("kept", sources, pair.seed, pair.candidate, slack)
    context = Context(f"attacks/{len(attack.before) + 1}", tried, confirmed)
    return attempt(attack.edits, incumbent, task, context)
