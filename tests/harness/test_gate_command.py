"""`python -m harness gate` on a small project: the working tree against a commit, as the loop does it."""

import json

import pytest

from tests.harness.project import CHAMPION, CHAMPION_TEXT, commit_all, git, harness, make_project, python, set_hidden

COMMANDS = [
    *("doctor", "gate", "profile", "redteam", "status", "report", "verify", "diff", "review", "merge", "check"),
]


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A project that no test changes."""
    return make_project(tmp_path_factory.mktemp("small"))


def gate(project, *arguments):
    return harness(project, "gate", "--task", "tiny", *arguments)


def strict(text):
    def refuse(constant):
        raise AssertionError(constant)

    return json.loads(text, parse_constant=refuse)


def stages(done):
    return [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.endswith(" s")]


def test_half_the_hidden_units_are_kept_with_a_line_a_stage_and_a_table(project):
    set_hidden(project, 16)
    done = gate(project, "--seed", "3")
    assert done.returncode == 0, done.stderr
    assert stages(done) == ["edit", "policy", "duplicate", "tests", "incumbent", "screen", "confirm"]
    for label in ("ARD", "DMD", "reuse", "traffic", "test accuracy", "samples to solve", "solved instances"):
        assert sum(line.startswith(f"  {label}  ") for line in done.stdout.splitlines()) == 1, label
    assert done.stdout.splitlines()[-1].startswith("kept at confirm: ARD win (3 instances): ARD -4")
    assert "--seed" not in done.stdout
    assert git(project, "status", "--porcelain") == f"M {CHAMPION}"  # git() strips the line


def test_twice_the_hidden_units_are_discarded_and_the_table_claims_no_interval(project):
    set_hidden(project, 64)
    done = gate(project, "--seed", "3")
    assert done.returncode == 1
    assert stages(done)[-1] == "screen"
    assert "one instance" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("discarded at screen: a clear loss on one instance")


def test_a_policy_refusal_names_the_line_and_nothing_is_measured(project):
    fused = project / "sparse_parity/methods/fused.py"
    fused.write_text(fused.read_text() + "\nimport os\n")
    done = gate(project)
    line = len(fused.read_text().splitlines())
    assert done.returncode == 1
    assert stages(done) == ["edit", "policy"]
    assert done.stdout.splitlines()[-1].startswith(
        f"invalid at policy: sparse_parity/methods/fused.py:{line}: import os is not allowed"
    )


def test_a_clean_tree_is_invalid_and_costs_no_measurement(project):
    done = gate(project)
    assert done.returncode == 1
    assert stages(done) == ["edit"]
    assert done.stdout.splitlines()[-1].startswith("invalid at edit: no difference to ")


def test_a_comment_alone_is_the_same_code(project):
    (project / CHAMPION).write_text(CHAMPION_TEXT + "# thirty-two units\n")
    done = gate(project)
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("invalid at duplicate: the same code as what it must beat")


def test_a_method_that_the_champion_does_not_reach_is_told_as_such(project):
    methods = project / "sparse_parity/methods"
    (methods / "mine.py").write_text((methods / "fused.py").read_text())
    done = gate(project)
    assert done.returncode == 1
    assert "methods that champion.py does not reach do not count" in done.stdout.splitlines()[-1]


def test_a_change_outside_the_editable_files_is_refused_by_name_even_beside_a_good_one(project):
    set_hidden(project, 16)
    model = project / "sparse_parity/model.py"
    model.write_text(model.read_text() + "\n# faster\n")
    (project / "sparse_parity/extra.py").write_text("x = 1\n")
    done = gate(project)
    assert done.returncode == 1
    assert stages(done) == ["edit"]
    last = done.stdout.splitlines()[-1]
    assert last.startswith("invalid at edit: sparse_parity/extra.py, sparse_parity/model.py: changed")
    assert "commit that as the new baseline first" in last


def test_changed_tests_are_not_the_ones_that_run(project):
    for path in (project / "tests/sparse_parity").glob("test_*.py"):
        path.write_text("def test_all_is_well():\n    pass\n")
    standard = project / "sparse_parity/methods/standard.py"
    looks = "    _, _, out = forward(state, x)\n"
    standard.write_text(standard.read_text().replace(looks, looks + '    state["b2"] += 1.0\n'))
    done = gate(project)
    assert done.returncode == 1
    assert "note: your tests/sparse_parity differs" in done.stdout
    assert stages(done)[-1] == "tests"


def test_json_is_one_strict_document_with_verdict_evidence_and_stages(project):
    set_hidden(project, 16)
    done = gate(project, "--seed", "3", "--json")
    assert done.returncode == 0, done.stderr
    document = strict(done.stdout)
    assert document["verdict"]["outcome"] == "kept"
    assert len(document["evidence"]["confirm"]) == 3
    assert document["stages"][0]["stage"] == "edit"
    assert document["stages"][-1]["result"] == "kept"
    assert document["seed"] == 3
    again = strict(gate(project, "--seed", "3", "--json").stdout)
    assert again["verdict"] == document["verdict"]


def test_json_of_a_refusal_is_strict_too(project):
    done = gate(project, "--json")
    assert done.returncode == 1
    assert strict(done.stdout)["verdict"]["stage"] == "edit"


def test_without_a_seed_the_printed_command_repeats_the_numbers(project):
    set_hidden(project, 64)
    first = gate(project)
    (repeat,) = [line for line in first.stdout.splitlines() if line.startswith("the same instances again: ")]
    words = repeat.split(": ", 1)[1].split()
    assert words[:3] == ["python", "-m", "harness"]
    second = harness(project, *words[3:])
    assert second.stdout.splitlines()[-1] == first.stdout.splitlines()[-1]


def test_against_names_what_must_be_beaten(project):
    set_hidden(project, 16)
    commit_all(project, "Half the hidden units")
    assert "no difference" in gate(project).stdout  # on the default branch HEAD itself must be beaten
    assert gate(project, "--against", "HEAD~1", "--seed", "3").returncode == 0


def test_a_merge_in_progress_does_not_stop_it(project):
    set_hidden(project, 16)
    (project / ".git" / "MERGE_HEAD").write_text(git(project, "rev-parse", "HEAD") + "\n")
    assert gate(project, "--seed", "3").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gate", "--against", "nowhere"], "'nowhere': no such commit"),
        (["gate", "--task", "none"], "--task none: no such task"),
        (["gate", "--seed", "-1"], "is not a whole number"),
        (["gates"], f"no command 'gates'; choose one of: {', '.join(COMMANDS)}"),
        (["check", "--jsn"], "unrecognized arguments: --jsn"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(small, arguments, said):
    done = harness(small, *arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("error: ")
    assert said in done.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_the_commands_are_listed_with_a_line_each(small, arguments):
    done = harness(small, *arguments)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ")]
    assert named == COMMANDS
    assert all(len(line) <= 120 for line in lines)


def test_the_program_passes_exit_codes_on(project):
    set_hidden(project, 16)
    assert python(project, "-m", "harness", "gate", "--task", "tiny", "--seed", "3").returncode == 0
    assert python(project, "-m", "harness").returncode == 0
    done = python(project, "-m", "harness", "gates")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
