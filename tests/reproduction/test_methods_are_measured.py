"""Every method of the package can be what the gate measures, and all that descend start from the same net."""

import random
from dataclasses import replace

import pytest

from harness.measure import Measurement, measure
from harness.task import draw
from sparse_parity.model import init_mlp
from sparse_parity.protocol import list_methods, load_method
from tests.harness.bench import TINY, net

HP = {"hidden": 6, "lr": 0.05, "wd": 0.01}
DESCENDING = [name for name in list_methods() if name != "forward_forward"]


@pytest.mark.parametrize("name", list_methods())
def test_method_runs_as_the_champion_under_the_meter(name):
    task = replace(TINY, max_epochs=1)
    found = measure(net(name, **HP), draw(task, "5eed"), task)
    assert isinstance(found, Measurement), found.reason


@pytest.mark.parametrize("name", DESCENDING)
def test_its_net_is_the_shared_one_value_for_value_and_all_else_is_zero(name):
    state = load_method(name).init(20, 3, HP, random.Random(1))
    shared = init_mlp(20, HP, random.Random(1))
    assert {part: state[part] for part in shared} == shared
    fresh = [value for part, value in state.items() if part not in shared]
    assert set(str(fresh)) <= set("[], 0.")
