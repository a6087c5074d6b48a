"""The attack suite as a whole: each attack tried on the gate, and what it gains without the check that stops it.

Promises: an attack counts as refused only at the stage and for the reason that it names; a gain is what the gate said
on the same candidate without the one check. Does not cover: how the results are shown (`python -m harness redteam`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness import edits
from harness.judge import NAMES
from harness.records import Verdict
from tests.attacks.attack import NO_SLACK, Attack
from tests.attacks.attacks import ATTACKS
from tests.attacks.controls import CONTROLS, Control
from tests.attacks.families import FAMILIES
from tests.attacks.lab import PATIENT, TASK, attempt, lab
from tests.attacks.unguarded import Said, changes, judged, unguarded

__all__ = ["ATTACKS", "CONTROLS", "FAMILIES", "Result", "control_results", "quick", "refusals", "results"]

STAGE_CHECKS = {"policy": "policy", "duplicate": "duplicate", "tests": "tests"}
NUMBERS = ("ard", "dmd", "reuse", "traffic")


@dataclass(frozen=True, slots=True)
class Result:
    """One row: `objection` is empty, or what is wrong. `gain` is what the attack gains where its check is off."""

    family: str
    name: str
    gain: str
    stage: str
    reason: str
    objection: str


def tried(attacks: Sequence[Attack]) -> Iterator[tuple[Attack, Said]]:
    """What the gate says on each attack; takeovers last, for they need a worker of their own."""
    for attack in attacks:
        if not attack.takeover:
            yield attack, judged(attack)
    takeovers = [attack for attack in attacks if attack.takeover]
    if takeovers:
        yield from zip(takeovers, unguarded(takeovers), strict=True)


def objection(attack: Attack, said: Said) -> str:
    """Why what was said on an attack is not the refusal that it must get; empty if it is."""
    if said.outcome not in attack.outcomes or said.stage != attack.stage or attack.reason not in said.reason:
        return f"expected {' or '.join(attack.outcomes)} at {attack.stage} for {attack.reason!r}: {said.verdict}"
    if attack.stage != "edit" and not said.reason.isprintable():  # an edit's refusal shows the author the nearest lines
        return f"the reason is not printable: {said.reason!a}"
    if attack.costs and said.changes is not None and said.changes["traffic"] <= 0:
        return f"it is not charged for: {said.verdict}"
    if attack.honest and said.outcome == "kept":
        return _claim(said)
    return ""


def _claim(said: Said) -> str:
    """A diluted ARD may be in the verdict, and never in the claim beyond what less movement has earned."""
    assert said.gain is not None
    assert said.earned is not None
    return "" if said.gain <= said.earned + 1e-9 else f"it claims {said.gain:.1%} and earned {said.earned:.1%}"


def refusals(attacks: Sequence[Attack]) -> Iterator[Result]:
    """Each attack's end, without its gain."""
    for attack, said in tried(attacks):
        yield Result(attack.family, attack.name, "", said.stage, said.reason, objection(attack, said))


def results(attacks: Sequence[Attack], tell: Callable[[str], None] = lambda _: None) -> Iterator[Result]:
    """Each attack's end and its gain, in the order of the checks; `tell` hears of each attack as it is first tried."""
    said = {}
    for attack, refusal in tried(attacks):
        said[attack] = refusal
        tell(f"tried {len(said)}/{len(attacks)}  {attack.family}: {attack.name}")
    for attack, gain, problem in gains(attacks, [said[a] for a in attacks]):
        refusal = said[attack]
        wrong = objection(attack, refusal) or problem
        yield Result(attack.family, attack.name, gain, refusal.stage, refusal.reason, wrong)


def quick() -> list[Attack]:
    """One attack of each family and stage, none that needs patience: about half a minute."""
    chosen: dict[tuple[str, str], Attack] = {}
    for attack in ATTACKS:
        if not (attack.impatient or attack.before or attack.honest or attack.slack != NO_SLACK):
            chosen.setdefault((attack.family, attack.stage), attack)
    return list(chosen.values())


def control_results(controls: Sequence[Control]) -> Iterator[Result]:
    """Each honest change, as `gain` the win that it is and its size."""
    for control in controls:
        trial = attempt(control.edits, task=PATIENT if control.outcomes == ("kept",) else TASK)
        verdict, opinion = trial.verdict, trial.evidence.opinion
        gain = f"{verdict.win} win of {verdict.gain:.1%}" if verdict.gain is not None else "no win asked for"
        gain += f"; the interpreter: {opinion.words}" if opinion is not None else ""
        yield Result("control", control.name, gain, verdict.stage, verdict.reason, control_objection(control, verdict))


def control_objection(control: Control, verdict: Verdict) -> str:
    """Why an honest change did not get a fair verdict; empty if it did."""
    fair = verdict.outcome in control.outcomes and (verdict.outcome != "kept" or verdict.win in control.wins)
    said = f"{verdict.outcome} at {verdict.stage}: {verdict.reason}"
    return "" if fair else f"expected {' or '.join(control.outcomes)}: {said}"


# -- without the check ------------------------------------------------------------------------------------------------


def switch_of(attack: Attack) -> str:
    """The check to switch off; empty where the numbers of the attack's own measurement say what it would gain."""
    if attack.because:
        return ""
    return attack.off or STAGE_CHECKS.get(attack.stage, "")


def gains(attacks: Sequence[Attack], said: Sequence[Said]) -> Iterator[tuple[Attack, str, str]]:
    """Of each attack what it would gain, and what is wrong with that; in the order of the checks."""
    believed = dict(zip((a.name for a in attacks), said, strict=True))
    ordered = sorted(attacks, key=switch_of)
    for switch, group in groupby(ordered, key=switch_of):
        chosen = list(group)
        without = unguarded(chosen, switch) if switch else (believed[a.name] for a in chosen)
        for attack, result in zip(chosen, without, strict=True):
            yield attack, gain_text(attack, result), missing_lure(attack, result)


def gain_text(attack: Attack, said: Said) -> str:
    """What the attack gains by a verdict that was reached without its check."""
    if attack.because:
        return f"not measured: {attack.because}"
    if attack.stage == "edit":
        return consequence(attack)
    if attack.costs and said.changes is not None:
        return f"{said.changes['traffic']:.2%} of the traffic unseen"
    if said.outcome == "kept" and not attack.honest:
        return f"kept: {numbers(said)}"
    if said.changes is None:
        return f"nothing: the next check stops it ({said.stage or 'before the gate'}: {said.reason[:80]})"
    if attack.honest:
        return f"ARD {said.changes['ard']:+.1%} against {honest_ard(attack):+.1%}, and no more claimed than moved"
    return f"{numbers(said)} ({said.outcome})"


def numbers(said: Said) -> str:
    """The worst change of each number."""
    changed = said.changes or {}
    return ", ".join(f"{NAMES[metric]} {changed[metric]:+.1%}" for metric in NUMBERS)


def honest_ard(attack: Attack) -> float:
    """The change of ARD by the true gain alone."""
    measured = changes(attempt(attack.honest))
    assert measured is not None
    return measured["ard"]


def consequence(attack: Attack) -> str:
    """What file an edit would have changed if every path were allowed."""
    if not attack.edits:
        return "nothing: an experiment spent on no change"
    sources = lab().incumbent.sources
    edit = attack.edits[0]
    if edits.is_editable(edit.path):
        return f"{edit.path} with {len(edit.text)} characters" if edit.text else f"{edit.path} gone"
    twin = next((p for p in sources if p.casefold() == edit.path.strip().casefold() and p != edit.path), "")
    where = f"the same file as {twin} to some disks or readers" if twin else "outside what a candidate is"
    verb = {"create": "made", "replace": "changed", "delete": "deleted"}[edit.kind]
    return f"{edit.path[:60]!a} {verb}: {where}"


def missing_lure(attack: Attack, said: Said) -> str:
    """Why the attack does not gain what it lures with, where its check is off; empty if it does."""
    if not attack.lure:
        return ""
    if attack.lure == "kept":
        return "" if said.outcome == "kept" else f"without its check it is not kept: {said.verdict}"
    if said.changes is None or said.changes[attack.lure] >= 0:
        return f"without its check {NAMES[attack.lure]} does not fall: {said.verdict}"
    return ""
