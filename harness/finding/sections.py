"""The sections of a finding that the numbers write: tables, the prediction's fate, surprises, open questions.

Promises: pure functions of the experiment's row to markdown lines; every number is rendered by
`references`.
Does not cover: the proposer's words (`prose`), and how the sections are put together (`finding`).
"""

import re
from collections.abc import Mapping

from harness import predictions
from harness.finding.prose import show_code
from harness.finding.references import (
    HEADLINE,
    MUST_GAIN,
    NOT_MEASURED,
    Facts,
    Figure,
    Quantity,
    change_text,
    effect_of,
    gain_of,
    gain_text,
    pair_change,
)
from harness.records import METRICS, Effect, Experiment, Metric, Prediction

INSTANCE_ROWS = 16

LABELS: Mapping[Quantity, str] = {
    "ard": "ARD (average reuse distance)",
    "dmd": "DMD (data movement distance)",
    "reuse": "reuse (sum of reuse distances)",
    "traffic": "traffic (reads and writes)",
    "accuracy": "test accuracy",
    "samples": "samples to solve",
}
UNITS: Mapping[Quantity, str] = {
    "ard": "accesses",
    "dmd": "√depth, summed",
    "reuse": "accesses",
    "traffic": "accesses",
    "accuracy": "of the test samples",
    "samples": "training samples",
}


def short_label(metric: Quantity) -> str:
    """A metric's name without its explanation."""
    return LABELS[metric].partition(" (")[0]


def fence(text: str, language: str) -> list[str]:
    """A fenced block that its content cannot close: longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", *text.rstrip("\n").split("\n"), fence]


def code_span(text: str) -> str:
    """Text as a code span on one line."""
    return f"`{show_code(text).replace(chr(10), ' ').replace('`', chr(39))}`"


def story(experiment: Experiment, facts: Facts) -> list[str]:
    """The table that tells the story: means, changes and intervals from the verdict's effects, and how to read it."""
    figures, verdict = facts.figures, experiment.verdict
    rows = [
        f"| to solve {code_span(experiment.task)} | unit | incumbent | candidate | change | interval of the change |",
        "|---|---|--:|--:|--:|--:|",
    ]
    for metric in METRICS:
        cells = [figures[f"{metric}.{part}"].text for part in ("before", "after", "change")]
        interval = f"{figures[f'{metric}.low'].text} to {figures[f'{metric}.high'].text}"
        judged = effect_of(verdict, metric) is not None
        rows.append(_row([LABELS[metric], UNITS[metric], *cells, interval if judged else NOT_MEASURED]))
    samples = [figures[f"samples.{part}"].text for part in ("before", "after", "change")]
    solved = [figures["solved.before"].text, figures["solved.after"].text]
    rows.append(_row([LABELS["samples"], UNITS["samples"], *samples, "not judged"]))
    return [*rows, _row(["solved", "instances", *solved, "–", "–"]), "", _reading(experiment, facts)]


def _reading(experiment: Experiment, facts: Facts) -> str:
    """How the table was made, and which way is better."""
    instances, looks = facts.figures["instances"].text, facts.figures["looks"].text
    compared = "the same predictions, bit for bit" if experiment.verdict.exact else "predictions differ"
    return (
        f"Means over {instances} fresh instances, drawn after the candidate was frozen, each measured with both sides "
        f"({compared}); geometric, but for accuracy and samples. Less is better, but for accuracy. Intervals are of "
        f"the mean change, at the gate's level for the run's candidate number {looks} to be confirmed (docs/gate.md). "
        "Rounded towards the worse."
    )


def summary(experiment: Experiment, facts: Facts) -> list[str]:
    """What is claimed of the table, what was predicted and what came of it, and how to measure it again."""
    win, figures = experiment.verdict.win, facts.figures
    due = MUST_GAIN[win] if win else ()
    shown = ", ".join(_with_interval(metric, figures) for metric in due)
    least = "the smallest gain of what had to fall" if len(due) > 1 else "the gain"
    claimed = f"**Claimed:** {figures['gain.claimed'].text}, {least}: {shown}."
    predicted = f"**Predicted before the evaluation:** {' '.join(prediction_lines(experiment, facts))}"
    again = f"`python -m harness verify --run {experiment.run} --rerun {experiment.number}`"
    return [f"- {claimed}", f"- {predicted}", f"- **Measure it again:** {again}"]


def _with_interval(metric: Metric, figures: Mapping[str, Figure]) -> str:
    low, high = figures[f"{metric}.low"].text, figures[f"{metric}.high"].text
    return f"{short_label(metric)} {figures[f'{metric}.change'].text} ({low} to {high})"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def instances(experiment: Experiment) -> list[str]:
    """The change on each instance, the first INSTANCE_ROWS of them."""
    pairs = experiment.evidence.confirm
    rows = [
        "| instance | ARD | DMD | reuse | traffic | test accuracy | solved |",
        "|---|--:|--:|--:|--:|--:|---|",
    ]
    for index, pair in enumerate(pairs[:INSTANCE_ROWS], start=1):
        changes = [pair_change(metric, pair) for metric in METRICS]
        cells = [
            "–" if change is None else change_text(metric, change)
            for metric, change in zip(METRICS, changes, strict=True)
        ]
        solved = f"{_yes(pair.incumbent.solved)} → {_yes(pair.candidate.solved)}"
        rows.append(_row([str(index), *cells, solved]))
    left_out = len(pairs) - INSTANCE_ROWS
    return [*rows, "", f"{left_out} more are in the evidence."] if left_out > 0 else rows


def _yes(flag: bool) -> str:  # noqa: FBT001  # a word for a cell
    return "yes" if flag else "no"


def prediction_lines(experiment: Experiment, facts: Facts) -> list[str]:
    """What was predicted, what was measured, and whether the one came true in the other."""
    prediction = experiment.prediction
    if prediction is None:
        return ["nothing."]
    effect = effect_of(experiment.verdict, prediction.metric)
    said = predicted_text(prediction)
    if effect is None:
        return [f"{said}. It was not measured."]
    figures = facts.figures
    low, high = figures[f"{effect.metric}.low"].text, figures[f"{effect.metric}.high"].text
    measured = f"Measured: {figures[f'{effect.metric}.change'].text} ({low} to {high})."
    return [f"{said}. {measured} {_came_true(prediction, effect, predictions.fate(experiment))}"]


def predicted_text(prediction: Prediction) -> str:
    """What was predicted in a few words: `DMD lower by 80.0 %`."""
    size = "" if prediction.size is None else f" by {gain_text(prediction.metric, abs(prediction.size))}"
    return f"{short_label(prediction.metric)} {prediction.direction}{size}"


def _came_true(prediction: Prediction, effect: Effect, fate: predictions.Fate) -> str:
    if fate == "undecided":
        return "Undecided: the change is inside the noise."
    if fate != "true":
        return "It did not come true."
    if prediction.direction == "same":
        return "It came true: no change beyond the noise."
    if prediction.size is None:
        return "The direction came true; no size was predicted."
    compared = "at least" if abs(effect.change) >= abs(prediction.size) else "less than"
    return f"The direction came true; the size is {compared} what was predicted."


def surprises(experiment: Experiment, facts: Facts) -> list[str]:
    """What a reader of the claim would not expect, in sentences."""
    figures, changes = facts.figures, facts.changes
    found = []
    if experiment.verdict.win == "movement" and changes.get("ard", 0) > 0:
        ard = figures["ard.change"].text
        found.append(f"ARD rose ({ard}) although less data moves.")
    if changes.get("accuracy", 0) and experiment.verdict.win != "accuracy":
        noise = ", inside its interval" if _inside_noise(experiment, "accuracy") else ""
        found.append(f"Test accuracy moved: {figures['accuracy.change'].text}{noise}.")
    if changes.get("samples", 0):
        before, after = figures["samples.before"].text, figures["samples.after"].text
        change = figures["samples.change"].text
        found.append(f"The samples to solve changed: {before} to {after} ({change}).")
    against = _against(experiment)
    if against:
        found.append(f"{against} of {figures['instances'].text} instances went the other way.")
    if not all(pair.candidate.solved and pair.incumbent.solved for pair in experiment.evidence.confirm):
        before, after = figures["solved.before"].text, figures["solved.after"].text
        found.append(f"Instances solved: incumbent {before}, candidate {after}.")
    return found or ["Nothing that the numbers show."]


def _against(experiment: Experiment) -> int:
    """Instances on which the headline metric got worse."""
    if experiment.verdict.win is None:
        return 0
    metric = HEADLINE[experiment.verdict.win]
    changes = (pair_change(metric, pair) for pair in experiment.evidence.confirm)
    return sum(gain_of(metric, change) < 0 for change in changes if change is not None)


def _inside_noise(experiment: Experiment, metric: Metric) -> bool:
    effect = effect_of(experiment.verdict, metric)
    return effect is not None and effect.low <= 0 <= effect.high and effect.low != effect.high


def open_questions(experiment: Experiment, facts: Facts) -> list[str]:
    """What the numbers leave open, in sentences."""
    noisy = [LABELS[metric] for metric in METRICS if _inside_noise(experiment, metric)]
    missing = [LABELS[metric] for metric in METRICS if metric not in facts.changes]
    found = [f"Did {label} change? The interval holds zero." for label in noisy]
    found += [f"What became of {label}? It was not judged." for label in missing]
    if experiment.verdict.win == "movement" and facts.changes.get("ard", 0) > 0:
        found.append("Which lines carry the longer mean distance?")
    return [*found, f"Does it hold on a task other than {code_span(experiment.task)}?"]
