"""`python -m sparse_parity`: the table, the files, strict JSON, bad input in one line, and a quiet Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import sparse_parity

ROOT = Path(sparse_parity.__file__).parent.parent
COMMAND = [sys.executable, "-m", "sparse_parity"]
PHASES = ["data", "train_3bit", "ard_3bit", "train_20bit", "ard_20bit", "ard_20bit_larger"]


def environment():
    return os.environ | {"PYTHONPATH": str(ROOT)}


def run(*arguments, cwd):
    command = [*COMMAND, *arguments]
    options = {"cwd": cwd, "env": environment(), "capture_output": True, "text": True}
    return subprocess.run(command, timeout=120, check=False, **options)


def strict(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    cwd = tmp_path_factory.mktemp("run")
    return run("--plots", cwd=cwd), cwd / "results"


def test_table_shows_perlayer_recorded_fully_and_as_published(finished):
    process, _ = finished
    assert process.returncode == 0, process.stderr
    rows = [line.split() for line in process.stdout.splitlines()]
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


def test_written_paths_are_told_and_progress_goes_to_standard_error(finished):
    process, results = finished
    told = process.stdout.splitlines()[-1]
    assert all(path.name in told for path in results.iterdir())
    assert "epoch 1, test accuracy" in process.stderr
    assert "epoch 1, test accuracy" not in process.stdout


def test_json_is_one_strict_document_and_writes_nothing(tmp_path):
    process = run("--json", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert [phase["phase"] for phase in strict(process.stdout)["phases"]] == PHASES
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--method", "no_such"], "no_such"),
        (["--method", "../champion"], "choose from"),
        (["--nonsense"], "--nonsense"),
        (["--out", "file/inside"], "--out"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, arguments, complaint):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    process = run(*arguments, cwd=tmp_path)
    assert process.returncode == 1
    assert complaint in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""


def test_help_names_every_flag(tmp_path):
    process = run("--help", cwd=tmp_path)
    assert process.returncode == 0
    assert all(flag in process.stdout for flag in ("--method", "--full", "--plots", "--json", "--out"))


def test_interrupt_ends_quietly_with_130(tmp_path):
    with subprocess.Popen(
        [*COMMAND, "--full"], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first phase is over, so training has begun
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "Traceback" not in rest
    assert rest.endswith("interrupted\n")
