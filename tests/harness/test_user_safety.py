"""The user's repository while the loop runs: his work stays as it is, and the loop goes on or stops with one line.

Random users are `random_users.py`, of which here is a short session; what they found stands below it.
"""

import os
import shutil

import pytest

from harness import contract
from harness.errors import ArdentError
from harness.ledger import write_durably
from tests.harness.loops import assert_refused, processes_of, read_until, run_folder, run_loop, scripted, started_loop
from tests.harness.project import git, harness
from tests.harness.random_users import GENTLE, ROUGH, Random, Start, changes, start_with, state_of
from tests.harness.scripts import KEPT, POLICY, UNUSABLE

SEED = 7


def test_a_user_at_work_loses_nothing_and_does_not_stop_the_loop(begun):
    start = start_with(begun, Random(SEED), SEED, [POLICY, KEPT, UNUSABLE], GENTLE, gentle=True)
    assert start.wrong == [], start
    assert start.actions


@pytest.mark.parametrize("name", ["delete the run's folder", "write into the ledger", "a broken configuration"])
def test_rough_handling_between_two_starts_is_one_line(begun, name):
    ROUGH[name](begun, Random(SEED))
    before = state_of(begun)
    done = run_loop(begun, *scripted(begun, [POLICY]))
    assert_refused(done)
    assert changes(before, state_of(begun), []) == []
    assert processes_of(begun) == []


def test_a_changed_byte_of_the_users_is_noticed(begun):
    before = state_of(begun)
    (begun / ".git" / "config").write_text("[user]\n")
    (begun / "mine.txt").write_text("")
    assert changes(before, state_of(begun), ["look"]) == ["the loop changed .git/config, mine.txt after ['look']"]
    assert Start(1).wrong == []


# -- what they found --------------------------------------------------------------------------------------------------


def test_tests_whose_files_vanish_are_no_verdict_on_the_candidate(tmp_path):
    folder = tmp_path / "gone"
    assert not contract._is_whole(folder, {"a.py": ""})
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.py").write_text("")
    assert contract._is_whole(folder, {"deep/a.py": ""})
    assert "say nothing" in str(contract._disturbed(folder))


def test_a_private_folder_that_is_gone_is_told_with_its_fix(tmp_path):
    with pytest.raises(ArdentError, match="something else removed it or its folder; restore that, or begin another"):
        write_durably(tmp_path / "gone" / "run.json", b"{}")


def test_the_loop_stops_with_one_line_when_its_folder_is_deleted_under_it(begun):
    with started_loop(begun, *scripted(begun, [KEPT, POLICY])) as loop:
        read_until(loop.stdout, "Half the hidden units")
        shutil.rmtree(run_folder(begun, "x"))
        _, err = loop.communicate(timeout=120)
    assert loop.returncode == 1, err
    (line,) = err.decode().splitlines()
    assert line.startswith("error: ")


@pytest.mark.parametrize("removed", ["prune --expire=now", "one tree"])
def test_a_commit_that_prune_takes_before_it_is_on_a_ref_is_made_again(begun, removed):
    """A git that prunes, all or a part, when the first commit was made and no ref has it."""
    bin_ = begun.parent / "bin"
    bin_.mkdir()
    real, marker = shutil.which("git"), bin_ / "pruned"
    there = f'{real} -C "{begun}"'
    take = f"{there} prune --expire=now"
    if removed == "one tree":  # of the commit, which is the last but three of update-ref's arguments
        take = f'for a; do sha=$last; last=$a; done; t=$({there} rev-parse "$sha:findings"); '
        take += f'rm -f "{begun}/.git/objects/$(echo $t | cut -c1-2)/$(echo $t | cut -c3-)"'
    once = f'*" update-ref "*refs/heads/research/x*) [ -e "{marker}" ] || {{ {take}; touch "{marker}"; }} ;;'
    (bin_ / "git").write_text(f'#!/bin/sh\ncase " $* " in {once} esac\nexec {real} "$@"\n')
    (bin_ / "git").chmod(0o755)
    done = run_loop(begun, *scripted(begun, [KEPT]), environment={"PATH": f"{bin_}:{os.environ['PATH']}"})
    assert (done.returncode, done.stderr) == (0, "")
    assert marker.exists()
    assert git(begun, "fsck", "--connectivity-only") == ""
    assert harness(begun, "verify", "--run", "x").returncode == 0
