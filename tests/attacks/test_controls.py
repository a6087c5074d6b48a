"""What is honest is measured, and kept where it must be."""

import pytest

from tests.attacks.controls import CONTROLS
from tests.attacks.lab import PATIENT, TASK, attempt


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_honest_change_is_measured_and_has_a_fair_verdict(control):
    trial = attempt(control.edits, task=PATIENT if control.outcomes == ("kept",) else TASK)
    verdict = trial.verdict
    said = f"{verdict.outcome} at {verdict.stage}: {verdict.reason}"
    assert verdict.outcome in control.outcomes, said
    assert trial.evidence.screen, said
    if verdict.outcome == "kept":
        assert verdict.win in control.wins, said
        assert verdict.gain >= (TASK.rules.exact_gain if verdict.exact else TASK.rules.min_gain)
