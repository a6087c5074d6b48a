"""What the meter does not charge, or charges otherwise than one may think. docs/metric.md lists them all."""

from typing import NamedTuple

import pytest

from harness import rewrite
from tests.harness.trace_forms import FORMS

N = 16


class Counts(NamedTuple):
    """What one step cost."""

    reads: int
    writes: int
    dmd: float
    distance: int


def step_of(body, state="fill", top=""):
    """The counts of one step with that body on a list `w` of N numbers, the sample and the label left out."""
    lines = "".join(f"    {line}\n" for line in body)
    source = f"import math\n{top}\ndef step(w, x, y):\n{lines}"
    meter = FORMS["imported"].meter(2)
    step = rewrite.load({"m": source}, meter)["m"]["step"]
    made = meter.fill((0.5,), N) if state == "fill" else rewrite.load({"m": state}, meter)["m"]["init"]()
    meter.begin_step([1.0, -1.0], 1.0)
    was = meter.counters()
    step(made, meter.input_buffer(), 1.0)
    meter.end_step()
    now = meter.counters()
    names = ("reads", "writes", "dmd", "ard_distance")
    return Counts(*(now[name] - was[name] for name in names))


def test_gotcha_registers_are_free():
    """What is loaded once is used as often as one likes: 32 names a function, 128 along a chain of calls."""
    once = step_of(["a = w[0]", "b = w[1]", "s = a + b"])
    often = step_of(["a = w[0]", "b = w[1]", "s = a + b", *["s = s * a + b * a"] * 50])
    assert often == once
    assert once.reads == 2


def test_gotcha_results_inside_an_expression_are_free():
    """ByteDMD makes each of them a cell: see docs/metric.md for how much that is."""
    assert step_of(["s = ((w[0] + 1.0) * (w[0] - 1.0)) / (w[0] * w[0] + 2.0)"]).reads == 4


def test_gotcha_arithmetic_is_free():
    cheap, dear = step_of(["s = w[0] + 1.0"]), step_of(["s = math.exp(math.sin(w[0]) ** 3.7)"])
    assert cheap == dear


def test_gotcha_the_label_is_a_register():
    """It is written once a step; using it is no read, in as many places as one likes."""
    assert step_of(["s = y * y + y"]).reads == 0


def test_gotcha_constants_of_a_module_are_read_for_free():
    """They are literals of the source and cannot carry what was learnt, but they can carry what its author knows."""
    top = "".join(f"C{i} = {i}.5\n" for i in range(20))
    assert step_of([f"s = {' + '.join(f'C{i}' for i in range(20))}"], top=top) == Counts(0, 0, 0.0, 0)


def test_gotcha_where_the_program_is_carries_bits_for_free():
    """A branch, and the place of a loop in its list, remember what was read: so many as the source has lines."""
    found = step_of(["for i in range(4):", "    if w[0] > 0.0:", "        break", "s = float(i)", "s = s * i"])
    assert found.reads == 1


def test_gotcha_a_new_list_costs_less_dmd_than_writing_an_old_one():
    """A birth costs 1 however cold the old cells lie. Its reads cost as ever, and the traffic is no less."""
    cold = ["t = [0.0 for _ in range(500)]"]
    old = step_of([*cold, f"for i in range({N}):", "    w[i] = 1.0"])
    new = step_of([*cold, f"u = [1.0 for _ in range({N})]"])
    made_cold = 501
    assert new.dmd - made_cold < (old.dmd - made_cold) / 5
    assert new.writes == old.writes + 1


def test_gotcha_the_address_of_a_row_is_free_and_moving_a_row_costs_1_whatever_its_length():
    state = "def init():\n    return [[0.5 for _ in range(LONG)] for _ in range(4)]\n"
    moves = [
        step_of(["a = w.pop(0)", "w.append(a)"], state=state.replace("LONG", str(size))) for size in (1, 1000)
    ]
    assert moves[0][:2] == moves[1][:2]
    assert step_of(["a = w[3]", "b = w[0]"], state=state.replace("LONG", "5")).reads == 0


def test_gotcha_the_order_of_making_moves_the_stamp():
    """What `init` makes last is stamped last, and so lies nearer to the step's start, whatever is done with it."""
    state = "def init():\n    return [[0.5 for _ in range(A)], [0.5 for _ in range(B)]]\n"

    def distance(first, second, row):
        made = state.replace("A)", f"{first})").replace("B)", f"{second})")
        return step_of([f"for v in w[{row}]:", "    s = v"], state=made).distance

    assert distance(40, 4, 1) < distance(4, 40, 0)  # the same four numbers, made last, or first


def test_gotcha_a_bool_costs_what_a_float_costs():
    """A cell is a cell: no byte of a narrower type is saved. ByteDMD would charge an eighth."""
    narrow = step_of(["u = [v > 0.0 for v in w]", "s = sum(u)"])
    wide = step_of(["u = [v + 0.5 for v in w]", "s = sum(u)"])
    assert narrow == wide


def test_gotcha_sorting_is_charged_as_a_merge_sort_however_sorted_the_list_is():
    assert step_of(["w.sort()"])[:2] == (N * 4 + 1, N * 4)


def test_gotcha_init_and_predictions_are_no_part_of_ard():
    """They count in DMD, reuse and traffic: work moved out of the steps lowers the ARD alone."""
    meter = FORMS["imported"].meter(2)
    w = meter.fill((0.5,), N)
    meter.begin_predict([1.0, 1.0])
    assert sum(w) == N / 2
    counted = meter.counters()
    assert (counted["ard_reads"], counted["reads"]) == (0, N + 1)


def test_gotcha_the_numbers_of_an_rng_are_made_for_nothing():
    class Draws:
        def gauss(self, mean, spread):
            return mean + spread

    meter = FORMS["imported"].meter(2)
    source = "def init(rng):\n    return [rng.gauss(0.0, 1.0) + rng.gauss(0.0, 1.0) for _ in range(3)]\n"
    made = rewrite.load({"m": source}, meter)["m"]["init"](Draws())
    assert meter.counters()["reads"] == 0
    assert meter.traffic() == 3 + 1
    assert made[0] == pytest.approx(2.0)
