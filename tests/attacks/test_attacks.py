"""Every attack ends where and why it must; and what it would have won where one number alone is believed."""

import pytest

from harness.judge import VALUES
from tests.attacks.attacks import ATTACKS
from tests.attacks.lab import IMPATIENT, TASK, attempt


def fell(trial, metric):
    """Whether the metric fell on every instance that was measured."""
    pairs = trial.evidence.confirm or trial.evidence.screen
    return bool(pairs) and all(VALUES[metric](p.candidate) < VALUES[metric](p.incumbent) for p in pairs)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: f"{attack.family}: {attack.name}")
def test_attack_is_refused_where_and_why_it_must(attack):
    trial = attempt(attack.edits, task=IMPATIENT if attack.family == "breaking" else TASK)
    said = f"{trial.verdict.outcome} at {trial.verdict.stage}: {trial.verdict.reason}"
    assert trial.verdict.outcome in attack.outcomes, said
    assert trial.verdict.stage == attack.stage, said
    assert attack.reason in trial.verdict.reason, said
    if attack.stage != "edit":  # an edit's refusal shows the author the nearest lines
        assert trial.verdict.reason.isprintable(), said
    if attack.lure:
        assert fell(trial, attack.lure), f"no lure: {said}"


def test_names_are_unique_and_every_family_is_there():
    names = [attack.name for attack in ATTACKS]
    assert len(set(names)) == len(names)
    assert {attack.family for attack in ATTACKS} == {
        "tampering", "hidden", "dilution", "predict", "foresight", "breaking", "outside", "repeat",
    }  # fmt: skip
