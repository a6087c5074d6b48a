"""Realistic rows for tests. Every function takes the fields to change and gives a whole, valid record."""

from dataclasses import replace

from harness.records import (
    Cost,
    Edit,
    Effect,
    Evidence,
    Experiment,
    Measurement,
    Pair,
    Prediction,
    Verdict,
)


def make_measurement(**changes):
    """A solved 20-bit training with hidden 500, about as the metric counts it."""
    measurement = Measurement(
        solved=True,
        samples=6_000,
        test_correct=1_911,
        test_total=2_000,
        ard_distance=4_321_987_654,
        ard_reads=161_803_398,
        reads=170_141_183,
        writes=52_414_321,
        dmd=9_876_543_210.123,
        reuse=4_012_345_678,
        predict_traffic=32_541.0,
        peak_cells=22_024,
        predictions_sha256="ab" * 32,
        test_bits="f7" * 250,
        seconds=4.2,
    )
    return replace(measurement, **changes)


def scale_measurement(measurement, factor, **changes):
    """The same training with every cost times `factor`."""
    return replace(
        measurement,
        ard_distance=round(measurement.ard_distance * factor),
        reads=round(measurement.reads * factor),
        writes=round(measurement.writes * factor),
        dmd=measurement.dmd * factor,
        reuse=round(measurement.reuse * factor),
        **changes,
    )


def make_pair(seed="c0ffee0123456789", candidate=None, incumbent=None):
    """One instance; unless told, the candidate moves an eighth of the incumbent's data."""
    incumbent = incumbent or make_measurement()
    return Pair(seed=seed, candidate=candidate or scale_measurement(incumbent, 0.125), incumbent=incumbent)


def make_effects(**changes):
    """Effects of a movement win in which ARD rose. `dmd=-0.5` sets a change; its interval keeps its width."""
    before = {"ard": 26_711.4, "dmd": 9_876_543_210.123, "reuse": 4.012e9, "traffic": 222_555_504.0}
    wanted = {
        "ard": 0.0312,
        "dmd": -0.8739,
        "reuse": -0.8812,
        "traffic": -0.8754,
        "accuracy": 0.0042,
    } | changes
    effects = [
        Effect(
            metric,
            level,
            level * (1 + wanted[metric]),
            wanted[metric],
            wanted[metric] - 0.0123,
            wanted[metric] + 0.0137,
        )
        for metric, level in before.items()
    ]
    moved = wanted["accuracy"]
    return (*effects, Effect("accuracy", 0.9555, 0.9555 + moved, moved, moved - 0.0061, moved + 0.0059))


def make_verdict(**changes):
    """A kept movement win."""
    verdict = Verdict(
        outcome="kept",
        stage="confirm",
        reason="DMD, reuse and traffic all lower by at least the minimum gain",
        win="movement",
        gain=0.8739,
        exact=False,
        looks=3,
        effects=make_effects(),
    )
    return replace(verdict, **changes)


def make_edits():
    return (
        Edit("replace", "sparse_parity/champion.py", search='"hidden": 500,', text='"hidden": 64,'),
        Edit(
            "replace",
            "sparse_parity/methods/fused.py",
            search="h2 = 0.1 * w",
            text="h2 = 0.1 * w  # 99 faster",
        ),
    )


def make_evidence(instances=5):
    pairs = tuple(make_pair(seed=f"{number:016x}") for number in range(instances))
    return Evidence(screen=(make_pair(),), confirm=pairs)


def make_experiment(**changes):
    """Experiment 7 of run `main`: kept, hidden 500 to 64."""
    experiment = Experiment(
        run="main",
        number=7,
        kind="proposal",
        title="hidden 500 to 64",
        hypothesis="A layer of 64 units still finds the parity, and moves less data.",
        why="DMD goes from {dmd.before} to {dmd.after}: {gain.dmd} lower. Most of the 500 rows are dead.",
        prediction=Prediction("dmd", "lower", 0.8),
        edits=make_edits(),
        edits_sha256="1f" * 32,
        tree_sha256="2e" * 32,
        parent="3d" * 20,
        commit="",
        verdict=make_verdict(),
        evidence=make_evidence(),
        proposer="search",
        model="tpe",
        prompt_sha256="4c" * 32,
        cost=Cost(calls=1, input_tokens=1_200, output_tokens=340, dollars=None),
        task="parity20",
        task_sha256="5b" * 32,
        harness_sha256="6a" * 32,
        environment="CPython 3.11.7, compiled meter, linux, landlock",
        started="2025-03-04T05:06:07+00:00",
        seconds=61.5,
        seconds_by_stage=(("tests", 8.25), ("screen", 9.5), ("confirm", 43.75)),
        tip="70" * 32,
    )
    return replace(experiment, **changes)


def make_diff():
    return (
        "diff --git a/sparse_parity/champion.py b/sparse_parity/champion.py\n"
        "--- a/sparse_parity/champion.py\n"
        "+++ b/sparse_parity/champion.py\n"
        "@@ -3,3 +3,3 @@\n"
        ' "method": "fused",\n'
        '-"hidden": 500,\n'
        '+"hidden": 64,\n'
    )
