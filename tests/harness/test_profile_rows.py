"""The profile in the briefing: the incumbent's, once an incumbent, only for proposers that read it."""

from dataclasses import replace

import pytest

from harness import experiment
from harness.brief import brief
from harness.profiling import rows
from harness.profiling.rows import profile_rows
from harness.run import Wanted
from harness.run.opening import open_run
from tests.harness.bench import TINY, learner, net
from tests.harness.project import ROOT, make_project

SEED = "5eed"
PROMPTS = ROOT / "prompts"


def test_the_rows_say_where_the_ard_comes_from_and_are_the_same_again():
    found = profile_rows(net(), TINY, SEED)
    assert found[0].startswith(f"standard: the first {TINY.n_train} samples; ARD ")
    assert found[1].startswith("The ARD comes from W1 ")
    assert any("for w, v in zip(row, values):" in line for line in found)
    assert len(found) == 6 + rows.BUFFERS + rows.LINES
    assert profile_rows(net(), TINY, SEED) == found
    assert profile_rows(net(), TINY, "5eed5eed") != found


def test_the_rows_of_a_net_that_moves_much_are_of_fewer_samples():
    large = replace(TINY, n_bits=200, n_train=100_000)
    samples = int(profile_rows(net(hidden=200), large, SEED)[0].split("the first ")[1].split(" ")[0].replace(",", ""))
    assert rows.PROBE < samples < 200


def test_a_program_that_cannot_be_profiled_is_one_line():
    assert profile_rows(learner(step='state["w"][99] = 1.0'), TINY, SEED) == [
        "There is no profile: IndexError: list assignment index out of range (sparse_parity/methods/small.py:7)"
    ]


@pytest.fixture
def run(tmp_path):
    root = make_project(tmp_path)
    with open_run(root, Wanted(run="one", task="tiny", proposer="scripted", seed=1, budget=1)) as opened:
        experiment.run_baseline(opened, lambda _: None)
        yield opened


def test_a_proposer_that_reads_no_prose_costs_no_profile(run):
    assert "No profile was taken." in brief(run, run.incumbent(), PROMPTS).prompt


def test_a_model_is_told_the_profile_of_the_incumbent_which_is_taken_once(run):
    run.settings = replace(run.settings, proposer="claude")
    incumbent = run.incumbent()
    prompt = brief(run, incumbent, PROMPTS).prompt
    program = run.bench.program(incumbent.sources)
    assert "\n".join(profile_rows(program, run.bench.task, incumbent.screen_seed)) in prompt
    again = brief(run, replace(incumbent, sources={}), PROMPTS)
    assert again.prompt.count("The ARD comes from") == 1  # not taken again
