"""What is honest is measured, and kept where it must be."""

import pytest

from harness.records import Effect, Verdict
from tests.attacks.controls import CONTROLS, Control
from tests.attacks.lab import TASK
from tests.attacks.suite import attempt_control, control_objection


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_honest_change_is_measured_and_has_a_fair_verdict(control):
    trial = attempt_control(control)
    verdict = trial.verdict
    said = f"{verdict.outcome} at {verdict.stage}: {verdict.reason}"
    assert not control_objection(control, verdict)
    assert trial.evidence.screen, said
    if verdict.outcome == "kept":
        assert len(trial.evidence.confirm) == 16 or control.outcomes != ("kept",), said
        assert verdict.gain >= (TASK.rules.exact_gain if verdict.exact else TASK.rules.min_gain)


def test_control_is_objected_to_for_another_win_another_direction_or_other_predictions():
    effects = (Effect("ard", 10.0, 9.0, -0.1, -0.11, -0.09), Effect("dmd", 10.0, 9.9, -0.01, -0.03, 0.01))
    kept = Verdict("kept", "confirm", "a reason", "ard", 0.1, effects=effects)
    assert not control_objection(Control("x", (), ("kept",), ("ard",), ("ard",)), kept)
    assert "for movement" in control_objection(Control("x", (), ("kept",), ("movement",)), kept)
    assert "a fall of DMD" in control_objection(Control("x", (), ("kept",), ("ard",), ("ard", "dmd")), kept)
    assert "same predictions" in control_objection(Control("x", (), ("kept",), same_predictions=True), kept)
