"""The profile: its sums are the meter's, its names are the source's, and it changes nothing that it looks at."""

import ast
import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import marks, measure, policy, rewrite
from harness.measure import Failure, Program
from harness.profiling import COLUMNS, LEVELS, Buffer, Line, Profile, Sums, profile
from harness.profiling.page import render
from harness.profiling.table import answer
from harness.task import derive_seed, draw
from tests.harness.bench import TINY, learner, net, trusted
from tests.harness.loops import copy_project
from tests.harness.project import harness, make_project
from tests.harness.random_programs import INPUTS, random_program
from tests.harness.run_programs import run_program, run_traced
from tests.harness.trace_forms import FORMS

few = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
MODULE = "sparse_parity.methods.m"
KEPT = ("reads", "writes", "reuse", "ard_reads", "ard_distance")


def quiet(_):
    pass


def drawn(task=TINY):
    return draw(task, derive_seed(b"tests of the profile", "0"))


def run_profiled(source, form, samples):
    """Answers, counters after every call, the sums, and what the numbers of the marks mean."""
    marked = marks.mark({MODULE: source})
    meter = form.meter(INPUTS)
    meter.begin_profile(len(marked.places), len(marked.holders), marked.fields)
    namespace = rewrite.load({MODULE: source}, meter, marked.trees)[MODULE]
    answers, counts = run_program(namespace, meter, form.walk, samples)
    return answers, counts, meter.profile(), marked


def random_samples(random):
    return [([random.choice((-1.0, 1.0)) for _ in range(INPUTS)], random.choice((-1.0, 1.0))) for _ in range(3)]


def totals(rows):
    return dict(zip(COLUMNS, (sum(column) for column in zip(*rows, strict=True)), strict=False))


@few
@given(st.randoms(use_true_random=False))
def test_a_profiled_program_answers_and_counts_as_an_unprofiled_one_and_the_sums_are_the_meters(draw_from):
    source, samples = random_program(draw_from), random_samples(draw_from)
    form = FORMS["imported"]
    expected = run_traced(source, form.meter(INPUTS), form.walk, samples)
    answers, counts, sums, _ = run_profiled(source, form, samples)
    assert (answers, counts) == expected, source
    for part in ("places", "buffers"):
        found = totals(sums[part])
        assert {name: found[name] for name in KEPT} == {name: counts[-1][name] for name in KEPT}, source
        assert math.isclose(sum(sums[f"{part}_dmd"]), counts[-1]["dmd"], rel_tol=1e-12)
        assert sum(sum(row[len(COLUMNS) : -LEVELS]) for row in sums[part]) == found["ard_reads"]


@settings(few, max_examples=8)
@given(st.randoms(use_true_random=False))
def test_compiled_and_uncompiled_attribute_the_same(draw_from):
    source, samples = random_program(draw_from), random_samples(draw_from)
    assert run_profiled(source, FORMS["imported"], samples)[2] == run_profiled(source, FORMS["uncompiled"], samples)[2]


SOURCE = """\
def total(values):
    s = 0.0
    for v in values:
        s += v
    return s


def init(n_bits, k_sparse, hp, rng):
    w = [1.0, 2.0, 3.0]
    return {"w": w, "rows": [[1.0] for _ in range(2)], "t": 0}


def step(state, x, y, hp, tracker=None):
    s = (total(x)
         + state["w"][0])
    for row in state["rows"]:
        if row[0] > s:
            continue
        row[0] = s
    i = 0
    while i < len(x):
        i += 1
    scaled = [v * s for v in x]
    state["t"] += 1
    if total([s, s]) > total(scaled):
        state["rows"][0] = [2.0]


def predict(state, x, hp):
    return total(x)
"""


def by_line(sums, marked, column):
    at = COLUMNS.index(column)
    rows = zip(marked.places, sums["places"], strict=True)
    return {place.line: row[at] for place, row in rows if row[at]}


def by_name(sums, marked, column):
    at = COLUMNS.index(column)
    names = [h.name for h in marked.holders] + [f"line {p.line}" for p in marked.places]
    return {name: row[at] for name, row in zip(names, sums["buffers"], strict=True) if row[at]}


@pytest.fixture(scope="module")
def known():
    """One step of SOURCE, without its prediction."""
    marked = marks.mark({MODULE: SOURCE})
    meter = FORMS["imported"].meter(2)
    meter.begin_profile(len(marked.places), len(marked.holders), marked.fields)
    namespace = rewrite.load({MODULE: SOURCE}, meter, marked.trees)[MODULE]
    state = namespace["init"](2, 1, {}, None)
    meter.begin_step([1.0, -1.0], 1.0)
    namespace["step"](state, meter.input_buffer(), 1.0, {})
    meter.end_step()
    return meter.profile(), marked


def test_every_read_stands_at_the_line_that_makes_it_and_a_loops_own_at_its_header(known):
    found = by_line(*known, "reads")
    # total: x twice and its length; [s, s] alike; scaled alike. s = ...: w[0]. rows' length at the for.
    # row[0] > 0 twice, and both are above s = 1.0 - 0: not so, 1.0 > 1.0 is false; so none is skipped.
    assert found == {3: 9, 14: 1, 16: 1, 17: 2, 21: 3, 23: 3, 24: 1}


def test_every_write_stands_at_the_line_that_makes_it(known):
    # init: w and its length, then the rows (a number, a length and a row slot each), their length, three fields.
    assert by_line(*known, "writes") == {0: 3, 9: 4, 10: 10, 19: 2, 23: 3, 24: 1, 25: 3, 26: 3}


def test_buffers_are_named_by_variable_or_field_rows_by_their_parent_and_temporaries_by_line(known):
    assert by_name(*known, "births") == {
        "w": 4,  # the field that it is put into is a buffer of that name too
        "rows": 8 + 3,
        "t": 1,
        "scaled": 3,
        "line 25": 3,
    }
    assert by_name(*known, "reads") == {"x": 3 + 3 + 3, "w": 1, "rows": 3, "t": 1, "scaled": 3, "line 25": 3}


def test_marks_leave_the_lines_of_errors_as_they_are():
    with pytest.raises(IndexError) as caught:
        namespace_step("state[9] = 1.0")
    assert [entry.lineno + 1 for entry in caught.traceback if str(entry.path).endswith("methods.m.py")] == [2]


def namespace_step(statement):
    source = f"def step(state):\n    {statement}\n"
    marked = marks.mark({MODULE: source})
    meter = FORMS["imported"].meter(1)
    meter.begin_profile(len(marked.places), len(marked.holders), marked.fields)
    rewrite.load({MODULE: source}, meter, marked.trees)[MODULE]["step"](meter.fill((0.0,), 2))


def test_marks_are_only_calls_put_in_and_the_source_without_them_is_the_source():
    class Unmarking(ast.NodeTransformer):
        def visit_Expr(self, node):
            self.generic_visit(node)
            return None if is_call(node.value, "_at", "_hold") else node

        def visit_Call(self, node):
            self.generic_visit(node)
            return node.args[1] if is_call(node, "_back") else node

    def is_call(node, *names):
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names

    for path, source in trusted().items():
        if "/methods/" in path or path.endswith("model.py"):
            tree = marks.mark({"m": source}).trees["m"]
            assert ast.dump(Unmarking().visit(tree)) == ast.dump(ast.parse(source)), path


# -- a whole measurement ---


@pytest.fixture(scope="module")
def found():
    result = profile(net(), drawn(), TINY, steps=None, on_check=quiet)
    assert isinstance(result, Profile), result
    return result


def test_the_profile_is_of_the_training_that_a_measurement_measures(found):
    measured = measure.measure(net(), drawn(), TINY)
    assert measured.solved
    assert (found.solved, found.samples) == (True, measured.samples)
    assert {name: getattr(found.total, name) for name in KEPT} == {name: getattr(measured, name) for name in KEPT}
    assert math.isclose(found.total.dmd, measured.dmd, rel_tol=1e-9)
    assert found.total.mean_distance == measured.ard


def test_what_the_checks_of_an_unsolved_task_cost_is_in_no_line():
    task = replace(TINY, max_epochs=1, target=1.0)
    lost = profile(net(hidden=2), drawn(task), task, steps=None, on_check=quiet)
    measured = measure.measure(net(hidden=2), drawn(task), task)
    assert (lost.solved, measured.solved) == (False, False)
    assert (lost.total.reads, lost.total.reuse) == (measured.reads, measured.reuse)
    assert not [line for line in lost.lines if "forward(state, x)" in line.text]  # predict's


def test_lines_and_buffers_both_make_the_whole(found):
    for parts in (found.lines, found.buffers):
        for name in ("writes", "births", *KEPT):
            assert sum(getattr(part.sums, name) for part in parts) == getattr(found.total, name), name
        assert math.isclose(math.fsum(part.sums.dmd for part in parts), found.total.dmd, rel_tol=1e-12)
        assert [part.sums.ard_distance for part in parts] == sorted((p.sums.ard_distance for p in parts), reverse=True)


def test_the_answer_names_the_buffers_of_the_standard_method(found):
    assert [b.name for b in found.buffers[:2]] == ["W1", "x"]
    assert re.match(r"The ARD comes from W1 \d\d\.\d%, x \d\d\.\d% and W2 ", answer(found))
    assert {"W2", "b1", "b2", "h_pre", "h", "dW2", "dh", "dh_pre"} <= {b.name for b in found.buffers}


def test_steps_takes_exactly_so_many_and_looks_at_no_prediction():
    seen = []
    some = profile(net(), drawn(), TINY, steps=70, on_check=seen.append)
    assert (some.samples, some.solved, seen) == (70, None, [50, 70])
    assert not [line for line in some.lines if line.path.endswith("standard.py") and "forward(state, x)" in line.text]


def test_a_candidates_error_is_a_failure_with_its_line():
    failed = profile(learner(step='state["w"][99] = 1.0'), drawn(), TINY, steps=10, on_check=quiet)
    assert failed == Failure("IndexError: list assignment index out of range (sparse_parity/methods/small.py:7)")


def test_a_broken_source_is_a_failure():
    program = Program({"sparse_parity.methods.small": "def ("}, "small", {})
    assert isinstance(profile(program, drawn(), TINY, steps=1, on_check=quiet), Failure)


# -- the command ---


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_project(tmp_path_factory.mktemp("profile"))


def command(project, *arguments):
    return harness(project, "profile", "--task", "tiny", *arguments)


class Page(HTMLParser):
    """Tags and text of a page; an unclosed tag is an error."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self._open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_command_prints_both_tables_and_writes_page_and_plot(project, tmp_path):
    project = copy_project(project, tmp_path)
    done = command(project)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("standard: solved after 300 samples; ARD ")
    assert lines[1].startswith("The ARD comes from W1 ")
    assert "300 samples" in done.stderr
    page, picture = (project / "results/profile" / f"tiny-standard.{end}" for end in ("html", "png"))
    assert str(page) in lines[-1]
    assert str(picture) in lines[-1]
    assert picture.read_bytes().startswith(b"\x89PNG")
    read = Page()
    read.feed(page.read_text("utf-8"))
    assert not [tag for tag, attrs in read.tags if tag in ("script", "link", "img") or "src" in attrs]
    assert any(attrs.get("name") == "viewport" for _, attrs in read.tags)
    source = (project / "sparse_parity/model.py").read_text().splitlines()
    assert [line for line in source if line.strip() and line not in read.text] == []


def test_json_is_one_strict_document_with_the_same_sums(project, tmp_path):
    done = command(project, "--json", "--method", "perlayer", "--steps", "20", "--out", str(tmp_path / "new"))
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    assert (document["method"], document["samples"], document["solved"]) == ("perlayer", 20, None)
    for part in ("lines", "buffers"):
        assert sum(row["sums"]["ard_distance"] for row in document[part]) == document["total"]["ard_distance"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["tiny-perlayer.html", "tiny-perlayer.png"]


def test_the_same_seed_gives_the_same_profile_and_another_seed_another(project, tmp_path):
    def sums(*seed):
        done = command(project, "--json", "--steps", "20", *seed, "--out", str(tmp_path))
        return json.loads(done.stdout)["total"]

    assert sums() == sums("--seed", "0") != sums("--seed", "1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--method", "nobody"], "error: --method nobody: no such method; choose one of: "),
        (["--steps", "0"], "error: python -m harness profile: argument --steps: '0' is not a whole number"),
        (["--seed", "-1"], "error: python -m harness profile: argument --seed: "),
        (["--out", "loop.py/x"], "error: --out "),
        (["--task", "none"], "error: --task none: no such task; choose one of: parity20, tiny"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_1(project, arguments, says):
    if arguments[0] == "--out":
        arguments = ["--out", str(project / arguments[1])]
    done = harness(project, "profile", *(["--task", "tiny"] if arguments[0] != "--task" else []), *arguments)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith(says)


def test_source_that_the_policy_refuses_is_not_run(tmp_path):
    root = make_project(tmp_path)
    method = root / "sparse_parity/methods/standard.py"
    method.write_text(method.read_text() + "\nimport os\n")
    done = command(root)
    assert done.returncode == 1
    assert "import os is not allowed" in done.stderr
    assert policy.CHAMPION not in done.stderr


def test_markup_in_source_is_escaped():
    sums = Sums(1, 0, 0, 1, 1, 1, 1.0, (1,))
    text = "<script>alert(1)</script>"
    lines, buffers = (Line("a.py", 1, text, sums),), (Buffer(text, text, sums),)
    small = Profile("m", {}, 1, None, sums, 1, lines, buffers, {"a.py": text})
    assert "<script" not in render(small, text)
