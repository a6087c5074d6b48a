"""Whatever a user gets wrong, and whatever state a repository is in: one line with the fix, and nothing lost."""

import json
import random
import resource
import shutil
import subprocess
from functools import partial

import pytest

from harness.cli import loop_arguments
from harness.errors import ArdentError
from tests.harness.loops import (
    TASK,
    assert_refused,
    branch_subjects,
    copy_project,
    read_until,
    rows_of,
    run_folder,
    run_loop,
    scripted,
    snapshot,
    started_loop,
)
from tests.harness.project import CHAMPION, TINY, git
from tests.harness.scripts import KEPT, POLICY, create, proposal, replace

ONE = (*TASK, "--budget", "1")


def assert_refused_without_a_trace(root, arguments, *words):
    """Refused in one line, with no run, branch or ref begun and the user's files as they were."""
    before = snapshot(root)
    assert_refused(run_loop(root, *arguments), *words)
    assert snapshot(root) == before
    assert git(root, "for-each-ref", "refs/heads/research", "refs/experiments") == ""


def commit_change(root):
    git(root, "add", "--all")
    git(root, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--message=A change")


# -- flags ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--budget", "--help")),
        (("--budget", "0"), ("--budget", "'0'", "at least 1")),
        (("--budget", "-1"), ("--budget",)),
        (("--budget", "x"), ("--budget", "'x'", "at least 1")),
        (("--budget", "1.5"), ("--budget",)),
        ((*ONE, "--seed", "-1"), ("--seed",)),
        ((*ONE, "--seed", "x"), ("--seed",)),
        ((*ONE, "--max-hours", "0"), ("--max-hours",)),
        ((*ONE, "--max-hours", "nan"), ("--max-hours",)),
        ((*ONE, "--max-usd", "-1"), ("--max-usd",)),
        ((*ONE, "--colour", "red"), ("--colour", "--help")),
    ],
    ids=lambda value: " ".join(value) or "none",
)
def test_a_flag_whose_value_makes_no_sense_is_named(arguments, words):
    with pytest.raises(ArdentError) as refusal:
        loop_arguments(list(arguments))
    assert all(word in str(refusal.value) for word in words)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--budget", "0"), ("--budget", "'0'", "at least 1")),
        (("--budget", "1", "--task", "nosuch"), ("--task nosuch", "parity20, tiny")),
        (("--budget", "1", "--task", "../tasks/tiny"), ("--task", "tiny")),
        ((*ONE, "--proposer", "nosuch"), ("--proposer", "nosuch", "search")),
        ((*ONE, "--proposer", "scripted"), ("--script",)),
        ((*ONE, "--proposer", "replay"), ("--replay",)),
        ((*ONE, "--proposer", "replay", "--replay", "nosuch"), ("--replay nosuch", "no such run")),
        ((*ONE, "--proposer", "replay", "--replay", "../x"), ("--replay ../x", "no such run")),
        ((*ONE, "--script", "x.yaml"), ("--script",)),
        ((*ONE, "--run", "a/b"), ("--run 'a/b'", "lower-case")),
        ((*ONE, "--run", ""), ("--run ''",)),
    ],
    ids=" ".join,
)
def test_what_the_flags_name_must_be_there(project, arguments, words):
    assert_refused_without_a_trace(project, arguments, *words)


def test_a_ceiling_in_dollars_for_a_model_without_a_price_is_refused_before_anything_is_measured(project):
    arguments = (*ONE, "--proposer", "claude", "--model", "nosuch", "--max-usd", "1")
    done = run_loop(project, *arguments, environment={"ANTHROPIC_API_KEY": "k" * 20})
    assert_refused(done, "--max-usd", "nosuch", "price")
    assert git(project, "branch", "--list", "research/*") == ""


# -- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("tasks/tiny.yaml", "n_bits: [", ("tasks/tiny.yaml:", "not valid YAML")),
        ("tasks/tiny.yaml", "", ("tasks/tiny.yaml", "empty")),
        ("tasks/tiny.yaml", TINY + "colour: red\n", ("tasks/tiny.yaml: colour", "unknown")),
        ("tasks/tiny.yaml", TINY.replace("n_bits: 10", "n_bits: 0"), ("tasks/tiny.yaml: n_bits", "between")),
        ("prompts/search_space.yaml", None, ("search_space.yaml", "missing")),
        ("prompts/search_space.yaml", "hidden: {type: int, low: 9, high: 8}\n", ("search_space.yaml", "hidden")),
        ("prompts/search_space.yaml", "hidden: {type: int, low: 8, high: 9, step: 1}\n", ("hidden", "step")),
    ],
    ids=lambda value: None if isinstance(value, tuple) else str(value)[-30:],
)
def test_a_malformed_file_is_named_with_its_field(project, path, text, words):
    if text is None:
        (project / path).unlink()
    else:
        (project / path).write_text(text)
    assert_refused_without_a_trace(project, ONE, *words)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("s.yaml", None, ("s.yaml", "missing")),
        ("s.yaml", "title: [", ("s.yaml", "line")),
        ("s.jsonl", '{"title": 1}', ("s.jsonl", "line 1", "title")),
    ],
    ids=["missing", "no YAML", "a wrong field"],
)
def test_a_malformed_script_is_named_with_its_line(project, tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text)
    arguments = (*ONE, "--proposer", "scripted", "--script", tmp_path / name)
    assert_refused_without_a_trace(project, arguments, *words)


@pytest.mark.parametrize("name", ["system.md", "experiment.md"])
def test_a_missing_prompt_is_named_and_the_run_goes_on_when_it_is_back(begun, name):
    prompt = begun / "prompts" / name
    text = prompt.read_text()
    prompt.unlink()
    assert_refused(run_loop(begun, *scripted(begun, [POLICY])), name, "missing")
    prompt.write_text(text)
    assert run_loop(begun, *scripted(begun, [POLICY])).returncode == 0


# -- the repository -------------------------------------------------------------------------------------------------


def test_a_folder_without_a_repository_is_refused(project):
    shutil.rmtree(project / ".git")
    assert_refused(run_loop(project, *ONE), "not a git repository", "git init")


def test_a_repository_without_a_commit_is_refused(project):
    shutil.rmtree(project / ".git")
    git(project, "init", "--quiet")
    assert_refused(run_loop(project, *ONE), "no commit yet")


def test_a_project_below_the_top_of_another_repository_is_refused(project):
    shutil.rmtree(project / ".git")
    git(project.parent, "init", "--quiet")
    git(project.parent, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "x")
    assert_refused(run_loop(project, *ONE), "not the top of its repository")


def test_the_middle_of_a_merge_is_refused(project):
    git(project, "checkout", "--quiet", "-b", "other")
    (project / "a.txt").write_text("theirs\n")
    commit_change(project)
    git(project, "checkout", "--quiet", "main")
    user = ("-c", "user.name=A", "-c", "user.email=a@b")
    git(project, *user, "merge", "--quiet", "--no-ff", "--no-commit", "other")
    assert_refused_without_a_trace(project, ONE, "in the middle of a merge", "git merge --abort")


def test_a_shallow_clone_is_refused(project, tmp_path):
    commit_change_of_champion(project)
    git(project, "clone", "--quiet", "--depth=1", f"file://{project}", str(tmp_path / "shallow"))
    for name in ("memory_trace.sha256", *(path.name for path in (project / "harness").glob("*.so"))):
        shutil.copy(project / "harness" / name, tmp_path / "shallow" / "harness" / name)
    assert_refused(run_loop(tmp_path / "shallow", *ONE), "shallow", "git fetch --unshallow")


def commit_change_of_champion(root):
    (root / CHAMPION).write_text((root / CHAMPION).read_text().replace('"hidden": 32', '"hidden": 20'))
    commit_change(root)


@pytest.mark.parametrize("missing", ["tests/sparse_parity", "sparse_parity/model.py", "sparse_parity/champion.py"])
def test_a_baseline_without_its_tests_or_its_model_is_refused(project, missing):
    git(project, "rm", "--quiet", "-r", missing)
    commit_change(project)
    assert_refused_without_a_trace(project, ONE, missing, "is missing")


def test_a_baseline_that_breaks_the_policy_is_refused_and_the_mended_one_is_taken(project):
    method = project / "sparse_parity" / "methods" / "standard.py"
    text = method.read_text()
    method.write_text(text.replace("\nfrom ", "\nimport json\nfrom ", 1))
    commit_change(project)
    arguments = scripted(project, [POLICY], run=None)
    assert_refused_without_a_trace(project, arguments, "the baseline", "import json", "mend it and commit first")
    method.write_text(text)
    commit_change(project)
    done = run_loop(project, *arguments)
    assert done.returncode == 0, done.stderr
    assert rows_of(project, "tiny-1")[0]["commit"] == git(project, "rev-parse", "HEAD")


def test_a_baseline_that_fails_its_own_tests_is_refused(project):
    (project / CHAMPION).write_text((project / CHAMPION).read_text().replace('"lr": 0.1', '"lr": 1e200'))
    commit_change(project)
    assert_refused_without_a_trace(project, ONE, "the baseline fails the tests", "finite")


# -- the branch -----------------------------------------------------------------------------------------------------


def test_a_branch_of_that_name_without_a_run_is_refused(project):
    git(project, "branch", "research/x")
    done = run_loop(project, *ONE, "--run", "x")
    assert_refused(done, "branch research/x exists", "git branch -D research/x")


def test_the_name_of_a_merged_run_is_not_used_again_in_a_fresh_clone(recorded, tmp_path):
    git(recorded, "merge", "--quiet", "research/x")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(recorded), str(clone))
    for built in (recorded / "harness").glob("memory_trace.*"):
        shutil.copy(built, clone / "harness")
    assert_refused(run_loop(clone, *ONE, "--run", "x"), "--run x", "results/x/ledger.jsonl is committed already")
    git(clone, "mv", "results/x", "results/tiny-1")
    identity = ("-c", "user.name=U", "-c", "user.email=u@localhost")
    git(clone, *identity, "commit", "--quiet", "--message", "The merged run under the first default name")
    done = run_loop(clone, *scripted(clone, [POLICY], run=None))
    assert "run tiny-2 begins" in done.stdout, done.stderr


def test_a_branch_named_research_is_refused(project):
    git(project, "branch", "research")
    assert_refused(run_loop(project, *ONE), "the branch named research", "git branch -m research")


def test_a_branch_that_a_worktree_has_checked_out_is_refused(begun):
    git(begun, "worktree", "add", "--quiet", str(begun.parent / "look"), "research/x")
    assert_refused(run_loop(begun, *scripted(begun, [POLICY])), "research/x is checked out in", "look")
    git(begun, "worktree", "remove", str(begun.parent / "look"))
    assert run_loop(begun, *scripted(begun, [POLICY])).returncode == 0


def test_a_branch_that_is_checked_out_during_an_experiment_is_not_moved_under_its_user(begun):
    look = begun.parent / "look"
    with started_loop(begun, *scripted(begun, [KEPT])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        git(begun, "worktree", "add", "--quiet", str(look), "research/x")
        _, error = loop.communicate(timeout=60)
    assert loop.returncode == 1
    assert b"research/x is checked out in" in error
    assert git(look, "status", "--porcelain") == ""
    assert len(rows_of(begun, "x")) == 2  # what was measured is not lost
    git(begun, "worktree", "remove", str(look))
    again = run_loop(begun, *scripted(begun, [KEPT]))
    assert (again.returncode, again.stderr) == (0, "")
    assert branch_subjects(begun, "x") == ["Half the hidden units"]


def test_a_branch_that_is_gone_can_be_restored_as_the_error_says(recorded):
    tip = git(recorded, "rev-parse", "research/x~1")
    git(recorded, "branch", "--quiet", "-D", "research/x")
    command = scripted(recorded, [KEPT, POLICY, POLICY])
    refused = run_loop(recorded, *command)
    assert_refused(refused, "research/x: the branch is gone", "git branch research/x ")
    words = refused.stderr.split("restore it with: ")[1].split("; ")[0].split()
    git(recorded, *words[1:])
    assert git(recorded, "rev-parse", "research/x") == tip
    assert run_loop(recorded, *command).returncode == 0
    assert branch_subjects(recorded, "x") == ["Half the hidden units", "Ledger of run x: 4 rows"]


def test_a_branch_whose_code_was_changed_is_refused(recorded):
    git(recorded, "switch", "--quiet", "--force", "research/x")
    (recorded / CHAMPION).write_text((recorded / CHAMPION).read_text().replace('"hidden": 16', '"hidden": 20'))
    commit_change(recorded)
    git(recorded, "switch", "--quiet", "main")
    done = run_loop(recorded, *scripted(recorded, [KEPT, POLICY, POLICY]))
    assert_refused(done, "research/x does not hold the code of experiment 1")


def test_a_branch_that_was_moved_back_too_far_is_refused(recorded):
    command = scripted(recorded, [KEPT, POLICY, POLICY])
    git(recorded, "update-ref", "refs/heads/research/x", "main")
    assert_refused(run_loop(recorded, *command), "research/x does not hold the code of experiment 1")


def test_a_users_own_commit_on_the_branch_is_kept_and_built_upon(recorded):
    git(recorded, "switch", "--quiet", "--force", "research/x")
    (recorded / "REVIEW.md").write_text("Read and liked.\n")
    commit_change(recorded)
    git(recorded, "switch", "--quiet", "main")
    again = proposal("Half of them again", replace('"hidden": 16', '"hidden": 8'))
    done = run_loop(recorded, *scripted(recorded, [KEPT, POLICY, again]))
    assert done.returncode == 0, done.stderr
    assert branch_subjects(recorded, "x")[2] == "A change"
    assert git(recorded, "show", "research/x:REVIEW.md") == "Read and liked."


# -- the run's files ------------------------------------------------------------------------------------------------


def more(root):
    """Arguments that go on with the run `x`."""
    return scripted(root, [KEPT, POLICY, POLICY])


def ledger_of(root):
    return run_folder(root, "x") / "ledger.jsonl"


def test_an_edited_ledger_is_named_with_its_line(recorded):
    text = ledger_of(recorded).read_text()
    ledger_of(recorded).write_text(text.replace("Half the hidden units", "Half the hidden unitz"))
    assert_refused(run_loop(recorded, *more(recorded)), "ledger.jsonl: line 2", "edited")


def test_rows_cut_from_the_end_of_the_ledger_are_missed_and_can_be_restored_as_the_error_says(recorded):
    whole = ledger_of(recorded).read_bytes()
    ledger_of(recorded).write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    refused = run_loop(recorded, *more(recorded))
    assert_refused(refused, "experiment 2 is missing", "git show")
    command = refused.stderr.split("restore it with: ")[1]
    subprocess.run(["bash", "-c", command], cwd=recorded, check=True)
    assert ledger_of(recorded).read_bytes() == whole
    assert run_loop(recorded, *more(recorded)).returncode == 0


def test_a_lost_ledger_does_not_begin_the_run_again(recorded):
    ledger_of(recorded).unlink()
    assert_refused(run_loop(recorded, *more(recorded)), "branch research/x exists", "no record")


def test_a_torn_last_line_is_set_aside_said_so_and_nothing_else_is_lost(begun):
    whole = ledger_of(begun).read_bytes()
    ledger_of(begun).write_bytes(whole + b'{"schema": 1, "torn')
    done = run_loop(begun, *scripted(begun, [POLICY]))
    assert done.returncode == 0
    assert "the last line was torn off by a crash" in done.stdout
    assert ledger_of(begun).read_bytes().startswith(whole)
    assert len(rows_of(begun, "x")) == 2


@pytest.mark.parametrize(
    "damage",
    [("{", "}"), ('"seed"', '"sead"'), ('"secret": "', '"secret": "x')],
    ids=["no JSON", "a field gone", "no secret"],
)
def test_damaged_settings_are_named(begun, damage):
    settings = run_folder(begun, "x") / "run.json"
    settings.write_text(settings.read_text().replace(*damage))
    assert_refused(run_loop(begun, *scripted(begun, [POLICY])), "x/run.json", "--run NAME")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--task", "tiny", "--proposer", "search"), ("--proposer", "scripted")),
        (("--task", "parity20", "--proposer", "scripted"), ("--task tiny",)),
        (("--task", "tiny", "--proposer", "scripted", "--seed", "2"), ("--seed", "1")),
    ],
    ids=["proposer", "task", "seed"],
)
def test_a_run_goes_on_only_as_it_began(begun, arguments, words):
    script = scripted(begun, [POLICY])[-3] if "scripted" in arguments else None
    extra = ("--script", script) if script else ()
    assert_refused(run_loop(begun, *arguments, *extra, "--run", "x", "--budget", "1"), *words)


def test_a_changed_task_is_refused_for_a_run_that_was_measured_on_the_old_one(begun):
    (begun / "tasks" / "tiny.yaml").write_text(TINY.replace("min_gain: 0.005", "min_gain: 0.004"))
    assert_refused(run_loop(begun, *scripted(begun, [POLICY])), "another version of tasks/tiny.yaml")


def test_a_harness_that_changed_between_two_sittings_is_refused(begun):
    with (begun / "harness" / "gate.py").open("a") as file:
        file.write("# a change\n")
    done = run_loop(begun, *scripted(begun, [POLICY]))
    assert_refused(done, "harness/", "undo that change")
    assert done.stdout == ""  # before anything was asked or measured


def test_a_harness_that_changes_during_an_experiment_stops_the_run_before_it_is_recorded(begun):
    with started_loop(begun, *scripted(begun, [KEPT])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        with (begun / "harness" / "gate.py").open("a") as file:
            file.write("# a change\n")
        _, error = loop.communicate(timeout=60)
    assert loop.returncode == 1
    assert b"harness/ is not what run x was measured with" in error
    assert len(rows_of(begun, "x")) == 1
    changed = begun / "harness" / "gate.py"
    changed.write_text(changed.read_text().removesuffix("# a change\n"))
    again = run_loop(begun, *scripted(begun, [KEPT]))
    assert (again.returncode, again.stderr) == (0, "")


def test_a_meter_older_than_its_source_is_refused(project):
    with (project / "harness" / "memory_trace.py").open("a") as file:
        file.write("# a change\n")
    assert_refused(run_loop(project, *ONE), "memory_trace.py", "pip install -e .")


# -- the disk -------------------------------------------------------------------------------------------------------


def limit_files(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


# Too large for a commit, and refused by the policy before anything else would write it.
LARGE = proposal("Noise", create("sparse_parity/methods/noise.py", f"# {random.Random(1).randbytes(20_000).hex()}\n"))

LONG = {**KEPT, "why": "Because. " * 800, "hypothesis": "It is. " * 800}


@pytest.mark.parametrize(
    ("size", "entries", "words"),
    [
        (0, [KEPT], ("lock", "free disk space")),
        (2_000, [KEPT], ("tests", "File too large", "free disk space")),
        (12_000, [LONG], ("ledger.jsonl", "free disk space")),
        (16_000, [LARGE, KEPT], ("git fast-import", "free disk space", "no ref was moved")),
    ],
    ids=["for the lock", "for the tests", "for a row", "for a commit"],
)
def test_a_full_disk_is_one_line_and_the_run_goes_on_when_there_is_space(begun, size, entries, words):
    """No file may grow beyond `size` bytes."""
    before = ledger_of(begun).read_bytes()
    full = run_loop(begun, *scripted(begun, entries), preexec_fn=partial(limit_files, size))
    assert_refused(full, *words)
    assert ledger_of(begun).read_bytes().startswith(before)
    done = run_loop(begun, *scripted(begun, entries))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows_of(begun, "x")) == 1 + len(entries)
    assert branch_subjects(begun, "x") == ["Half the hidden units"]


def test_a_private_folder_that_cannot_be_made_is_one_line(project):
    shutil.rmtree(project / ".git" / "ardent", ignore_errors=True)
    (project / ".git" / "ardent").write_text("in the way")
    assert_refused(run_loop(project, *ONE), "ardent")


# -- replay ---------------------------------------------------------------------------------------------------------


def test_a_replay_on_another_task_is_refused(recorded):
    arguments = ("--task", "parity20", "--proposer", "replay", "--replay", "x", "--budget", "2")
    assert_refused(run_loop(recorded, *arguments), "--replay x", "--task tiny")


def test_a_replay_that_has_ended_says_so(recorded):
    done = run_loop(recorded, *TASK, "--proposer", "replay", "--replay", "x", "--budget", "3")
    assert_refused(done, "run x has ended after 2 proposals")


def test_a_run_can_be_replayed_in_a_clone_that_merged_it(recorded, tmp_path):
    clone = copy_project(recorded, tmp_path / "clone")
    shutil.rmtree(clone / ".git" / "ardent")
    git(clone, "merge", "--quiet", "--ff-only", "research/x")
    arguments = (*TASK, "--proposer", "replay", "--replay", "x", "--budget", "2", "--seed", "1")
    assert run_loop(clone, *arguments).returncode == 0
    seeds = [json.dumps(row["evidence"]).count('"seed"') for row in rows_of(clone, "tiny-1")]
    assert seeds == [json.dumps(row["evidence"]).count('"seed"') for row in rows_of(recorded, "x")]
    assert [row["evidence"]["screen"][0]["seed"] for row in rows_of(clone, "tiny-1")[:2]] == [
        row["evidence"]["screen"][0]["seed"] for row in rows_of(recorded, "x")[:2]
    ]
