"""`python -m sparse_parity`: the table, the files, strict JSON, bad input in one line, and a quiet Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sparse_parity
from sparse_parity.__main__ import claim_prefix
from sparse_parity.pipeline import TrainingRow, run_phases, track_batch
from sparse_parity.plots import CURVES, draw_curves
from sparse_parity.protocol import read_champion
from sparse_parity.subjects import THREE_BATCH, as_configured
from sparse_parity.terminal import align

ROOT = Path(sparse_parity.__file__).parent.parent
COMMAND = [sys.executable, "-m", "sparse_parity"]
METHODS = ["standard", "fused", "perlayer", "grokfast", "minibatch", "sign_sgd", "forward_forward"]
PHASES = ["data", "train_3bit", "ard_3bit", "train_20bit", "ard_20bit", "ard_20bit_larger"]


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT)}


def run(*arguments, cwd):
    command = [*COMMAND, *arguments]
    options = {"cwd": cwd, "env": environment(), "capture_output": True, "text": True}
    return subprocess.run(command, timeout=600, check=False, **options)


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    cwd = tmp_path_factory.mktemp("run")
    return run("--method", "standard", cwd=cwd), cwd / "results"


def test_table_shows_perlayer_recorded_fully_and_as_published(finished):
    process, _ = finished
    assert process.returncode == 0, process.stderr
    rows = [line.split() for line in process.stdout.splitlines()]
    assert ["standard", "17,976.40", "24", "18", "51,073", "6", "96.5%"] in rows
    assert ["perlayer", "17,740.88", "24", "18", "51,073", "-", "-"] in rows
    assert ["perlayer,", "as", "published", "17,298.57", "15", "13", "47,566", "-", "-"] in rows
    assert ["standard", "10,639.62", "24", "18", "34,022", "2", "100.0%"] in rows


def test_files_are_one_json_per_phase_a_report_and_five_plots(finished):
    _, results = finished
    stamp = next(results.glob("*_report.md")).name.removesuffix("_report.md")
    assert {path.name for path in results.iterdir()} == {
        f"{stamp}_report.md",
        *(f"{stamp}_{phase}.json" for phase in PHASES),
        *(f"{stamp}_{plot}.png" for plot in ("loss", "accuracy", "progress", "ard", "buffers")),
    }
    for path in results.glob("*.json"):
        assert strict(path.read_text(encoding="utf-8"))["phase"] in path.name
    for path in results.glob("*.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_report_names_every_training_and_its_epochs(finished):
    _, results = finished
    report = next(results.glob("*_report.md")).read_text(encoding="utf-8")
    assert "| standard | 17,976.40 | 24 | 18 | 51,073 |" in report
    assert "perlayer, as published | 9,674.18 | 15 | 13 | 27,015 |" in report


def test_the_report_is_told_and_progress_goes_to_standard_error(finished):
    process, results = finished
    report = next(results.glob("*_report.md")).relative_to(results.parent)
    assert process.stdout.splitlines()[-1] == f"wrote {report}; beside it {len(PHASES)} JSON files and 5 plots"
    assert "epoch 1 of at most 50, test accuracy" in process.stderr
    assert "epoch 1" not in process.stdout


def test_json_is_one_strict_document_and_writes_nothing(tmp_path):
    process = run("--quick", "--json", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert [phase["phase"] for phase in strict(process.stdout)["phases"]] == [p for p in PHASES if p != "train_20bit"]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_run_compares_every_method_of_the_documents(tmp_path):
    process = run(cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    report = next((tmp_path / "results").glob("*_report.md")).read_text(encoding="utf-8")
    for heading in ("## All trainings at 3 bits", "## All trainings at 20 bits"):
        table = report.partition(heading)[2].partition("##")[0]
        rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
        assert [row[0] for row in rows] == METHODS
        assert all(row[6] != "-" for row in rows), "each is solved"
    assert {path.name.split("_", 1)[1] for path in (tmp_path / "results").glob("*.json")} == {
        f"{phase}.json" for phase in [*PHASES, "others_3bit", "others_20bit"]
    }
    assert all(f"{name}.png)" in report for name in ("loss", "accuracy", "progress", "ard", "buffers"))


def test_a_batch_is_accounted_for_with_its_update():
    summary = track_batch(as_configured("minibatch", THREE_BATCH))
    assert summary.writes > 32 * 13  # every step stamps 8 buffers and sums; the last one changes four
    by_name = {buffer.name: buffer for buffer in summary.buffers}
    assert len(by_name["W1"].distances) == 33  # forward in each of the 32 samples, and once to be changed


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--method", "no_such"], "no_such"),
        (["--method", "../champion"], "choose from"),
        (["--nonsense"], "--nonsense"),
        (["--method", ""], "choose from"),
        (["--out", "file"], "--out: file is a file; name a directory"),
        (["--out", "file/inside"], "--out: file is a file; name a directory"),
        (["--out", "/proc"], "--out: /proc: "),
        (["--method", "fused", "--quick"], "leave one of them out"),
        (["rum"], "rum: there is no such command; choose run or reproduce"),
    ],
)
def test_bad_input_is_told_in_one_line_and_leaves_nothing(tmp_path, arguments, complaint):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    process = run(*arguments, cwd=tmp_path)
    assert process.returncode == 1
    assert complaint in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_two_runs_at_once_keep_their_files_apart(tmp_path):
    names = [claim_prefix(tmp_path, "20260101T000000Z").name for _ in range(3)]
    assert names == ["20260101T000000Z", "20260101T000000Z-2", "20260101T000000Z-3"]


def test_a_reader_that_stops_reading_costs_no_file(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [*COMMAND, "--quick", "--no-plots", "--out", "made"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), stdout=writer, stderr=subprocess.PIPE, timeout=60, check=False
    )
    os.close(writer)
    assert done.returncode == 1
    assert b"Error" not in done.stderr
    assert len(list((tmp_path / "made").iterdir())) == len(PHASES)  # no training at 20 bits, and a report


def test_a_full_disk_behind_standard_output_is_told_in_one_line(tmp_path):
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, "reproduce", "--claim", "R3-standard"],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        "sparse_parity: standard output: No space left on device; mend that and run the same command again"
    ]


def test_a_disk_that_fills_up_is_told_in_one_line_after_the_table(tmp_path):
    small = ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh"]  # 4 or 8 kB a file, as the shell counts; one needs 12 kB
    done = subprocess.run(
        [*small, *COMMAND, "--quick", "--no-plots", "--out", "made"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    told = "sparse_parity: --out: made: File too large; name a directory that can be written"
    assert done.stderr.splitlines()[-1] == told
    assert "10,639.62" in done.stdout


@pytest.mark.parametrize("width", [44, 60, 80])
def test_tables_fit_a_narrow_terminal_and_lose_nothing(width):
    head = ("method", "reads", "writes", "epochs to solve", "test accuracy")
    rows = [head, ("perlayer, as published", "15", "13", "2", "100.0%"), ("fused", "24", "18", "2", "70.0%")]
    lines = align(rows, width)
    assert all(len(line) <= width for line in lines)
    words = " ".join(lines)
    assert all(cell in words for row in rows for cell in row)


def test_ticks_are_plain_numbers_on_short_and_on_long_axes(tmp_path):
    phases = list(run_phases(read_champion(), scope="quick", report=lambda *_: None))
    trainings = [row for phase in phases for row in phase.rows if isinstance(row, TrainingRow)]
    for curve in CURVES.values():
        figure = draw_curves(trainings, *curve)
        figure.savefig(tmp_path / "drawn.png")
        for axis in (figure.axes[0].xaxis, figure.axes[0].yaxis):
            shown = [label.get_text() for label in axis.get_ticklabels(which="both") if label.get_text()]
            assert len(shown) > 1
            assert not [text for text in shown if "$" in text or "e" in text]  # powers of ten


def test_help_names_every_flag(tmp_path):
    process = run("--help", cwd=tmp_path)
    assert process.returncode == 0
    assert all(flag in process.stdout for flag in ("--method", "--quick", "--no-plots", "--json", "--out"))


def test_interrupt_ends_quietly_with_130(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "--no-plots"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first phase is over, so training has begun
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "Traceback" not in rest
    assert rest.endswith("interrupted\n")
