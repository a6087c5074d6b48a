"""The tests stage: the trusted tests on a candidate's sources, in a child that leaves nothing behind."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from harness import contract
from tests.harness.bench import METHODS, TINY, champion, editable, trusted

MINE = METHODS + "mine.py"
STANDARD = trusted()[METHODS + "standard.py"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Temporary directories are made in here."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def problem(method_text, task=TINY, files=None):
    sources = editable(champion("mine", hidden=8, lr=0.1, wd=0.01)) | {MINE: method_text}
    return contract.run(files or trusted(), sources, task)


def changed(old, new):
    assert STANDARD.count(old) == 1
    return STANDARD.replace(old, new)


def test_published_methods_pass(folder):
    for method in ("standard", "fused", "perlayer"):
        assert contract.run(trusted(), editable(champion(method, hidden=8, lr=0.1, wd=0.01)), TINY) == ""
    assert list(folder.iterdir()) == []


def test_new_method_file_passes():
    assert problem(STANDARD) == ""


FAILING = {
    "test_step_returns_nothing": ("    update_layer2(state, dW2, db2, hp, tracker)\n", "    return 1.0\n"),
    "test_predict_changes_no_state": (
        "    _, _, out = forward(state, x)\n",
        "    _, _, out = forward(state, x)\n    state['b2'] += 1.0\n",
    ),
    "test_predict_returns_one_finite_float": ("    return out\n", "    return 1\n"),
    "test_predicting_between_steps_changes_no_learning": ("    dout = -y\n", "    dout = -y\n    x[0] = 3.0\n"),
    "test_no_list_of_the_state_is_held_twice": (
        "    dout = -y\n",
        "    dout = -y\n    state['W1'][0] = state['W1'][1]\n",
    ),
}


@pytest.mark.parametrize(("name", "change"), FAILING.items())
def test_failing_test_is_named_in_one_line(name, change):
    said = problem(changed(*change))
    assert name in said
    assert "\n" not in said
    assert said.startswith(("FAILED", "ERROR"))


def test_error_of_the_candidate_is_told(folder):
    said = problem(changed("    dout = -y\n", "    dout = -y / 0.0\n"))
    assert "ZeroDivisionError" in said
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("text", ["def (", "import nothing_there\n", ""])
def test_method_that_cannot_be_imported_is_told(text):
    assert problem(text)


def test_champion_that_names_no_method_is_told():
    sources = editable(champion("nowhere", hidden=8))
    assert "nowhere" in contract.run(trusted(), sources, TINY)


def test_hang_is_killed_at_the_time_limit(folder):
    said = problem(changed("    dout = -y\n", "    while True:\n        pass\n"), replace(TINY, tests_time_limit_s=2))
    assert said == "over the time limit of 2 s"
    assert list(folder.iterdir()) == []


def test_candidate_cannot_bring_its_own_tests_or_package_files():
    """What a proposal may edit comes from the candidate alone; everything else is the trusted copy."""
    lenient = trusted() | {"sparse_parity/methods/standard.py": "broken (", "sparse_parity/champion.py": "broken ("}
    assert contract.run(lenient, editable(champion(hidden=8, lr=0.1, wd=0.01)), TINY) == ""


def test_deleted_method_is_not_brought_back_from_the_trusted_copy():
    sources = editable(champion("perlayer", hidden=8, lr=0.1, wd=0.01))
    del sources[METHODS + "fused.py"]
    assert contract.run(trusted(), sources, TINY) == ""
    del sources[METHODS + "perlayer.py"]
    assert "perlayer" in contract.run(trusted(), sources, TINY)


def test_user_configuration_and_plugins_take_no_part(folder, monkeypatch):
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n")
    (folder / "conftest.py").write_text("raise SystemExit('a conftest from above ran')\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    assert problem(STANDARD) == ""


def test_no_test_is_not_passed():
    files = {path: text for path, text in trusted().items() if not path.startswith(contract.TESTS)}
    assert problem(STANDARD, files=files)


def test_our_own_process_does_not_load_the_candidate():
    script = (
        "import sys\n"
        "from harness import contract\n"
        "from tests.harness.bench import TINY, champion, editable, trusted\n"
        "assert contract.run(trusted(), editable(champion(hidden=8, lr=0.1, wd=0.01)), TINY) == ''\n"
        "print([m for m in sys.modules if m.startswith('sparse_parity')])\n"
    )
    root = Path(contract.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
