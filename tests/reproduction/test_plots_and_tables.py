"""What the plots draw and the tables print is what was measured: each curve, bar and cell, read back."""

import json
from dataclasses import replace

import pytest

from sparse_parity.config import EXP_A, THREE_BIT
from sparse_parity.data import draw_instance
from sparse_parity.metrics import Score
from sparse_parity.pipeline import ArdRow, Phase, TrainingRow, account
from sparse_parity.plots import plot_phases
from sparse_parity.report import compare_trainings, phase_record, render_markdown, tabulate, to_json
from sparse_parity.reproduction.claim import Row
from sparse_parity.reproduction.figures import FIGURES
from sparse_parity.reproduction.registry import find_claims
from sparse_parity.reproduction.table import as_document, count_verdicts
from sparse_parity.reproduction.table import render_markdown as render_claims
from sparse_parity.subjects import published
from sparse_parity.training import Epoch, Training

EPOCHS = (
    Epoch(1, Score(0.9, 0.61), Score(0.8, 0.52), 17, 30.5, 1.0),
    Epoch(2, Score(0.3, 0.93), Score(0.2, 0.91), 9, 44.0, 1.0),
    Epoch(3, Score(0.1, 0.99), Score(0.05, 0.97), 2, 46.0, 1.0),
)


@pytest.fixture(scope="module")
def phases():
    trained = [
        TrainingRow(config, "standard", config.hp, Training(EPOCHS, draw_instance(config), {}), 1.5)
        for config in (THREE_BIT, EXP_A)
    ]
    accounts = [row for config in (THREE_BIT, EXP_A) for row in account(published(config))]
    return [Phase("train", 3.0, tuple(trained)), Phase("ard", 1.0, tuple(accounts))]


@pytest.fixture(scope="module")
def figures(phases):
    return plot_phases(phases)


def bars(axes):
    """Width or height of each bar by the tick that it stands at, in order; several series one after the other."""
    labels = [label.get_text() for label in axes.get_yticklabels()]
    return labels, [[bar.get_width() for bar in container] for container in axes.containers]


@pytest.mark.parametrize(
    ("name", "heights"),
    [("loss", [0.8, 0.2, 0.05]), ("accuracy", [0.52, 0.91, 0.97]), ("progress", [30.5, 44.0, 46.0])],
)
def test_a_curve_goes_through_its_epochs_by_samples_seen(figures, name, heights):
    for axes, samples in zip(figures[name].axes, (20, 500), strict=True):
        line = axes.get_lines()[0]
        assert list(line.get_xdata()) == [samples, 2 * samples, 3 * samples]
        assert list(line.get_ydata()) == heights


def test_a_bar_of_ard_stands_at_the_name_of_its_method(figures):
    ards = ((10640, 10219, 10219, 9674), (17976, 17741, 17741, 17299))
    for axes, wanted in zip(figures["ard"].axes, ards, strict=True):
        labels, (widths,) = bars(axes)
        names = ("standard", "fused", "perlayer", "perlayer, as published")
        assert {label: round(width) for label, width in zip(labels, widths, strict=True)} == dict(
            zip(names, wanted, strict=True)
        )


def test_a_bar_of_a_buffer_is_its_mean_distance(figures, phases):
    labels, series = bars(figures["buffers"].axes[1])
    rows = [row for row in phases[1].rows if isinstance(row, ArdRow) and row.config == EXP_A]
    assert len(rows) == len(series) == 4
    for row, widths in zip(rows, series, strict=True):
        means = {buffer.name: buffer.average or 0.0 for buffer in row.summary.buffers}
        assert dict(zip(labels, widths, strict=True)) == {label: means.get(label, 0.0) for label in labels}
    assert dict(zip(labels, series[0], strict=True))["W2"] == 22387.0  # claim A-W2


def draw(name, *values):
    claims, function = FIGURES[name]
    assert len(claims) == len(values)
    return function(*values)


def test_hidden_progress_is_drawn_from_its_three_series():
    accuracies, movements, shares = (0.5, 0.6, 0.99), (10.0, 30.0, 40.0), (1.0, 1.1, 1.5)
    values = tuple(v for epoch in zip(accuracies, movements, shares, strict=True) for v in epoch)
    top, bottom = draw("hidden_progress", values).axes
    assert list(top.get_lines()[0].get_ydata()) == [50.0, 60.0, 99.0]
    moved, ahead = bottom.get_lines()
    assert list(moved.get_ydata()) == [25.0, 75.0, 100.0]
    assert list(ahead.get_ydata()) == pytest.approx([0.0, 10.0, 50.0])


def test_the_whole_run_is_drawn_beside_a_stamped_step():
    figure = draw("whole_run", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 3.5), (2.5, 24, 18, 9), (0.46, 0, 0, 0, 0, 0.965))
    axes = figure.axes[0]
    assert [bar.get_height() for bar in axes.containers[0]] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert set(axes.get_lines()[0].get_ydata()) == {2.5}
    assert "46 % in the first, 96.5 %" in axes.get_xlabel()


def test_gains_stand_at_their_sizes():
    axes = draw("gains", (9.1, 4.0, 3.9), (3.8, 1.3, 1.2)).axes[0]
    heights = [[bar.get_height() for bar in container] for container in axes.containers]
    assert heights == [[9.1, 3.8], [4.0, 1.3], [3.9, 1.2]]
    assert [label.get_text()[:2] for label in axes.get_xticklabels()] == ["3 ", "20"]


def test_tables_show_the_last_epoch_the_solving_one_and_reads_before_writes(phases):
    (three, of_three), (twenty, of_twenty) = tabulate(phases)
    assert (three, twenty) == (THREE_BIT, EXP_A)
    assert of_three[0] == ("standard", "10,639.62", "24", "18", "34,022", "2", "97.0%")
    assert of_twenty[3] == ("perlayer, as published", "17,298.57", "15", "13", "47,566", "-", "-")
    trained = dict(compare_trainings(phases))
    assert trained[20] == [("standard", "500", "0.1", "500", "3", "1,500", "2", "97.0%", "1.50")]
    report = render_markdown(phases, "now", plots=True)
    assert "| 2 | 0.3000 | 93.0% | 91.0% | 9 | 44.0 |" in report
    assert report.count("| 2 | 0.3000 | 93.0% | 91.0% | 9 | 44.0 |") == 2
    assert all(f"![{name}](now_{name}.png)" in report for name in plot_phases(phases))


def test_what_diverged_is_null_in_the_record(phases):
    row = phases[0].rows[0]
    diverged = replace(EPOCHS[0], test=Score(float("inf"), 0.5), movement=float("nan"))
    training = replace(row.training, epochs=(diverged, *EPOCHS[1:]))
    record = phase_record(Phase("train", 1.0, (replace(row, training=training),)))
    first = json.loads(to_json(record))["rows"][0]["epochs"][0]
    assert (first["test"]["loss"], first["movement"], first["test"]["accuracy"]) == (None, None, 0.5)


def test_a_claims_row_has_its_numbers_and_its_verdict_and_both_are_counted():
    claims = find_claims(["A-20x", "ENERGY"])
    rows = [Row(claims[0], (20.0,), "our twenty", "differs", 1.0), Row(claims[1], (), "-", "wrong", 0.0)]
    assert count_verdicts(rows) == "2 claims: 1 differs, 1 wrong"
    line = next(line for line in render_claims(rows).splitlines() if line.startswith("| A-20x"))
    assert line.split(" | ")[3:6] == ["20", "our twenty", "differs"]
    record = as_document(rows)["rows"][0]
    assert (record["values"], record["ours"], record["published"]) == ([20.0], "our twenty", "20")
