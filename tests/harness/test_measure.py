"""Measuring: who learns what, when training stops, and what is no measurement at all."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import replace

import pytest

from harness import channel, measure, sandbox
from harness.measure import Failure, Program
from harness.records import Measurement
from harness.sandbox import Child, ChildError, Limits
from harness.task import derive_seed, draw
from tests.harness.bench import INIT, TINY, learner, net

SHORT = replace(TINY, n_train=60, n_validation=100, n_test=100, check_every=20, max_epochs=1, min_reads=1)


def instance(task=TINY, name="0"):
    return draw(task, derive_seed(b"tests of measure", name))


def measured(program, task=SHORT, name="0", **options):
    return measure.measure(program, instance(task, name), task, **options)


def reason(program, task=SHORT):
    found = measured(program, task)
    assert isinstance(found, Failure)
    return found.reason


@contextmanager
def overheard(task):
    """A real worker, and every message that reaches it, as they pass through a relay."""
    ours, inner = socket.socketpair()
    heard = []

    def relay(source, target, note):
        try:
            while True:
                message = channel.receive(source)
                note(message)
                channel.send(target, message)
        except (channel.ChannelError, OSError):
            return

    with ours, inner, sandbox.start(Limits(60, task.memory_mb)) as worker:
        outer = worker._socket
        outer.settimeout(None)
        threads = [
            threading.Thread(target=relay, args=(inner, outer, heard.append)),
            threading.Thread(target=relay, args=(outer, inner, lambda _: None)),
        ]
        for thread in threads:
            thread.start()
        try:
            yield Child(worker._process, ours, Limits(60, task.memory_mb), None), heard
        finally:
            for end in (ours, inner, outer):
                end.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join()


def load(child, program, task, drawn):
    child.request(
        "load",
        modules=dict(program.modules),
        method=program.method,
        hyperparameters=dict(program.hyperparameters),
        n_bits=task.n_bits,
        k_sparse=task.k_sparse,
        seed=drawn.init_seed,
    )


# -- who learns what ---


def test_labels_of_validation_and_test_and_the_secret_never_reach_the_worker():
    drawn = instance()
    with overheard(TINY) as (child, heard):
        load(child, net(), TINY, drawn)
        progress = measure.train(child, drawn, TINY)
        counters = measure._counters(child, TINY, solved=progress.solved)
        correct = measure._test(child, drawn.test)
    assert (sum(correct), counters["reads"]) == (measured(net(), TINY).test_correct, measured(net(), TINY).reads)

    fields = {"load": {"modules", "method", "hyperparameters", "n_bits", "k_sparse", "seed"}}
    fields |= {"train": {"samples", "labels"}, "predict": {"samples"}, "counters": {"solved"}}
    for message in heard:
        assert set(message) - {"op", "nonce"} == fields[message["op"]]
    known = dict(zip(drawn.train.inputs, drawn.train.labels, strict=True))
    for message in heard:
        if message["op"] == "train":
            assert message["labels"] == [known[text] for text in message["samples"]]
    # 8 bits have 256 patterns, so that inputs of training, validation and test are often the same: order tells.
    asked = [message["samples"] for message in heard if message["op"] == "predict"]
    size = measure.CHUNK
    parts = [list(drawn.validation.inputs[i : i + size]) for i in range(0, TINY.n_validation, size)]
    guesses = list(drawn.validation.inputs[: measure.GUESSES])
    assert asked[0] == guesses
    assert all(samples in parts for samples in asked[1:-1])
    assert asked[-1] == list(drawn.test.inputs)


def test_test_inputs_go_out_only_after_the_counters_have_come_back():
    drawn = instance()
    with overheard(TINY) as (child, heard):
        load(child, net(), TINY, drawn)
        progress = measure.train(child, drawn, TINY)
        measure._counters(child, TINY, solved=progress.solved)
        measure._test(child, drawn.test)
    operations = [message["op"] for message in heard]
    assert operations[-2:] == ["counters", "predict"]
    assert operations.count("counters") == 1
    assert operations[:2] == ["load", "predict"]


def test_worker_is_told_a_seed_that_does_not_draw_the_instance():
    drawn = instance()
    assert draw(TINY, f"{drawn.init_seed:x}").secret != drawn.secret or drawn.init_seed != int(drawn.seed, 16)
    assert drawn.seed not in f"{drawn.init_seed:x}"


# -- when training stops ---


def test_learner_that_reaches_the_target_is_solved_between_two_checks():
    found = measured(net(), TINY)
    assert found.solved
    assert 0 < found.samples < TINY.max_epochs * TINY.n_train
    assert found.samples % TINY.check_every == 0


def test_learner_that_learns_nothing_is_unsolved_at_the_limit():
    found = measured(net(lr=0.0), TINY)
    assert not found.solved
    assert found.samples == TINY.max_epochs * TINY.n_train
    assert 0.25 < found.accuracy < 0.75


def test_last_block_is_shorter_when_the_limit_is_no_multiple():
    found = measured(learner(), replace(SHORT, check_every=25))
    assert (found.samples, found.solved) == (60, False)


def test_every_sample_of_a_step_is_one_of_the_training_samples_in_cyclic_order():
    task, drawn = replace(SHORT, max_epochs=2, check_every=50), instance(SHORT)
    with overheard(task) as (child, heard):
        load(child, learner(), task, drawn)
        measure.train(child, drawn, task)
    seen = [text for message in heard if message["op"] == "train" for text in message["samples"]]
    assert seen == list(drawn.train.inputs) * 2


@pytest.mark.parametrize("name", ["0", "1", "2"])
def test_check_that_ends_early_says_what_the_full_check_would_say(name):
    """At every point of a training, the early end and the count over all samples agree on `solved`."""
    task, drawn = replace(TINY, n_validation=400), instance(replace(TINY, n_validation=400), name)
    with sandbox.start(Limits(60, 512)) as child:
        load(child, net(hidden=12), task, drawn)
        verdicts = []
        for start in range(0, task.n_train, 10):
            samples, labels = drawn.train.inputs[start : start + 10], drawn.train.labels[start : start + 10]
            child.request("train", samples=samples, labels=labels)
            right = sum(measure._ask(child, drawn.validation, None))
            verdicts.append((measure._check(child, drawn, task, measure.Progress()), right >= 0.95 * 400))
    assert all(early == full for early, full in verdicts)
    assert {full for _, full in verdicts} == {True, False}


@pytest.mark.parametrize("target", [0.6, 0.9, 0.95, 0.99, 1.0])
def test_more_wrong_answers_are_never_less_clearly_short(target):
    for asked in (50, 100, 500, 1000):
        verdicts = [measure.is_clearly_short(wrong, asked, target) for wrong in range(asked + 1)]
        assert verdicts == sorted(verdicts)
        assert not measure.is_clearly_short(int((1 - target) * asked), asked, target)
        assert measure.is_clearly_short(asked, asked, target)


# -- the same numbers again ---


def test_measuring_twice_gives_the_same_but_for_the_seconds():
    first, second = measured(net(), TINY), measured(net(), TINY)
    assert isinstance(first, Measurement)
    assert first.seconds > 0
    assert replace(first, seconds=0) == replace(second, seconds=0)


def test_measuring_two_at_once_gives_the_same_as_one_after_the_other():
    drawn = instance()
    both = measure.measure_both(net(), net(hidden=12), drawn, TINY)
    alone = [measure.measure(program, drawn, TINY) for program in (net(), net(hidden=12))]
    assert [replace(m, seconds=0) for m in both] == [replace(m, seconds=0) for m in alone]


def test_same_mathematics_has_the_same_predictions_and_other_counts():
    found = [measured(net(method), TINY) for method in ("standard", "fused", "perlayer")]
    assert len({m.predictions_sha256 for m in found}) == 1
    assert len({m.test_bits for m in found}) == 1
    assert len({m.dmd for m in found}) == 3


def test_other_initialisation_has_other_predictions():
    first, second = measured(net(), TINY), measured(net(), TINY, init_seed=1)
    assert first.predictions_sha256 != second.predictions_sha256


def test_test_bits_are_the_right_answers_in_order():
    found, drawn = measured(net(), TINY), instance()
    bits = f"{int(found.test_bits, 16):0{4 * len(found.test_bits)}b}"[: TINY.n_test]
    assert bits.count("1") == found.test_correct
    with sandbox.start(Limits(60, 512)) as child:
        load(child, net(), TINY, drawn)
        measure.train(child, drawn, TINY)
        assert measure._test(child, drawn.test) == [bit == "1" for bit in bits]


def test_program_and_instance_alone_decide_and_not_what_ran_before():
    first = measured(net(), TINY, "1")
    measured(net(hidden=12), TINY, "0")
    assert replace(measured(net(), TINY, "1"), seconds=0) == replace(first, seconds=0)


def test_predictions_before_the_solving_check_are_not_charged():
    """Otherwise answering blindly until the end would be a gain: it cut a quarter of DMD, reuse and traffic."""
    counting = INIT.replace('"flag": 1', '"flag": 0')
    step = 'state["flag"] += 1\nstate["w"][0] = state["w"][0] + y'
    looks = "return state['w'][0] + sum(w * v for w, v in zip(state['w'], x)) + 0.5"
    blind = f"if state['flag'] < 1000:\n    return 0.5\n{looks}"
    honest, blinded = (measured(learner(counting, step, p)) for p in (looks, blind))
    assert not honest.solved
    for name in ("ard_distance", "reads", "writes", "reuse", "dmd", "peak_cells"):
        assert getattr(blinded, name) == getattr(honest, name), name
    assert honest.predict_traffic > 2 * blinded.predict_traffic


WARM = "s = 0.0\nfor v in state['w']:\n    s += v\nreturn s + 0.5"


LOOKS = [WARM, f"t = state['w'] * 40\n{WARM}", f"state['w'].append(0.0)\nstate['w'].pop()\n{WARM}"]


@pytest.mark.parametrize("predict", LOOKS)
def test_how_often_the_harness_looks_changes_no_number(predict):
    """Predictions that are not charged must not leave the state's cells on top of the stack either."""
    step = "for i in range(len(state['w'])):\n    state['w'][i] = state['w'][i] + y * x[i]"
    found = [measured(learner(INIT, step, predict), replace(SHORT, check_every=n)) for n in (60, 20, 7)]
    assert not any(m.solved for m in found)
    for name in ("ard_distance", "ard_reads", "reads", "writes", "reuse", "dmd", "peak_cells"):
        assert len({getattr(m, name) for m in found}) == 1, name


def test_warming_up_in_predictions_that_are_not_charged_gains_nothing():
    cold, warm = (measured(learner(predict=p), replace(SHORT, check_every=5)) for p in ("return 0.5", WARM))
    assert (warm.reuse, warm.dmd) == (cold.reuse, cold.dmd)


def test_predictions_of_the_solving_check_are_charged():
    cheap, dear = (measured(plus(f"for _ in range({n}):\n    s += 0.0 * state['b']"), TINY) for n in (0, 100))
    assert cheap.solved
    assert dear.samples == cheap.samples
    assert dear.reads - cheap.reads == 100 * TINY.n_validation
    assert dear.predict_traffic - cheap.predict_traffic == 100


def plus(extra):
    """A learner that solves the task at the first check, because it looks at all pairs of inputs."""
    init = 'return {"w": [0.0 for _ in range(n_bits * n_bits)], "b": 0.0}'
    pairs = "for i in range(len(x)):\n    for j in range(i):\n        "
    step = pairs + 'state["w"][i * len(x) + j] += y * x[i] * x[j]'
    best = "s = 0.0\nbest = -1.0\nsign = 0.5\n" + pairs
    best += (
        "w = state['w'][i * len(x) + j]\n        if w > best:\n            best = w\n            sign = x[i] * x[j]\n"
    )
    return learner(init, step, best + extra + "\nreturn sign + 0.0 * s")


# -- what is no measurement ---


CHANGES = {
    "a number": 'state["b"] = 1.5',
    "zero to minus zero": 'state["b"] = -0.0',
    "one to true": 'state["flag"] = True',
    "one to one as a float": 'state["flag"] = 1.0',
    "an element": 'state["w"][7] += 1.0',
    "an element to minus zero": 'state["w"][3] = -0.0',
    "an equal list in place of a list": 'state["w"] = [v for v in state["w"]]',
    "an equal row in place of a row": 'state["rows"][0] = [v for v in state["rows"][0]]',
    "a longer list": 'state["w"].append(0.0)',
    "a shorter list": 'if len(state["w"]) > 3:\n    state["w"].pop()',
    "an emptied list": 'state["w"].clear()',
    "one more row": 'state["rows"].append([3.0])',
    "rows in another order": 'state["rows"].reverse()',
    "another row": 'state["rows"][0] = [4.0]',
    "a row emptied": 'state["rows"][0].clear()',
    "a number moved between rows": 'if len(state["rows"][1]):\n    state["rows"][0].append(state["rows"][1].pop())',
    "forth and back": 'state["flag"] = 1 - state["flag"]',
    "forth and back over three": 'state["flag"] = (state["flag"] + 1) % 3',
    "only at the last prediction of a request": 'if x[0] > 0.0:\n    state["b"] = 7.0',
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_predict_that_changes_state_is_refused(change):
    assert reason(learner(predict=f"{change}\nreturn 0.5")) == "ValueError: predict changed the state"


def test_predict_that_changes_the_input_buffer_cannot_keep_anything_in_it():
    program = learner(predict="x.append(1.0)\nreturn 0.5")
    assert "TypeError" in reason(program)
    found = measured(learner(predict="x[0] = 5.0\nreturn x[1] + 0.5"))
    assert isinstance(found, Measurement)  # the next sample overwrites it


ANSWERS = ["1", "True", "None", "math.nan", "math.inf", "-math.inf", "[1.0]", 'state["w"]', "1.0, 2.0"]


@pytest.mark.parametrize("answer", [a for a in ANSWERS if "math" not in a])
def test_prediction_that_is_no_float_is_refused(answer):
    assert reason(learner(predict=f"return {answer}")) == "ValueError: predict must return one finite float"


@pytest.mark.parametrize("answer", ["1e308 * 10.0", "-1e308 * 10.0", "1e308 * 10.0 - 1e308 * 10.0"])
def test_prediction_that_is_not_finite_is_refused(answer):
    assert reason(learner(predict=f"return {answer}")) == "ValueError: predict must return one finite float"


def test_prediction_without_a_return_is_refused():
    assert "one finite float" in reason(learner(predict="pass"))


@pytest.mark.parametrize("sign", ["", "-"])
def test_foresight_is_refused_whether_right_or_wrong(sign):
    i, j = instance(SHORT).secret
    said = reason(learner(predict=f"return {sign}x[{i}] * x[{j}]"))
    assert said == f"{0 if sign else 100} of 100 predictions right before the first training step: beyond chance"


@pytest.mark.parametrize("answer", ["1.0", "-1.0", "0.0", "-0.0", "x[0]"])
def test_guessing_is_no_foresight(answer):
    assert isinstance(measured(learner(predict=f"return {answer}")), Measurement)


def test_fewer_reads_than_any_answer_needs_are_no_record():
    assert "fewer than any answer needs (1000000)" in reason(learner(), replace(SHORT, min_reads=10**6))


def test_training_that_reads_nothing_has_no_average():
    assert "training reads nothing" in reason(learner(step="pass"))


@pytest.mark.parametrize("given", ["1", "0.0", "False", 'state["w"]', "x"])
def test_step_that_returns_something_is_refused(given):
    assert reason(learner(step=f"return {given}")) == "TypeError: step must return nothing"


def test_error_of_a_candidate_names_its_file_and_line():
    said = reason(learner(step="a = 0\nb = a + 1\nreturn state['w'][1000 + b]"))
    assert said == "IndexError: list index out of range (sparse_parity/methods/small:9)".replace("small:", "small.py:")


@pytest.mark.parametrize(
    ("init", "error"),
    [
        ("return 1 // 0", "ZeroDivisionError"),
        ("return hp['nothing']", "KeyError: 'nothing'"),
        ("return {'w': [None]}", "TypeError: a list holds numbers or rows, not NoneType"),
        ("return missing", "NameError"),
        ("r = [1.0]\nreturn {'a': r, 'b': r}", "TypeError: a row can be held by one"),
    ],
)
def test_error_in_init_is_a_failure_with_its_line(init, error):
    said = reason(learner(init=init))
    assert said.startswith(error)
    assert "(sparse_parity/methods/small.py:" in said


def test_source_that_does_not_compile_is_a_failure():
    assert "SyntaxError" in reason(Program({"sparse_parity.methods.a": "def ("}, "a", {}))


def test_method_that_is_not_there_is_a_failure():
    assert "KeyError" in reason(Program({"sparse_parity.methods.a": ""}, "b", {}))


def test_endless_step_is_over_the_time_limit():
    said = reason(learner(step="while True:\n    pass"), replace(SHORT, time_limit_s=0.7))
    assert said == "over the time limit of 0.7 s"


def test_memory_bomb_is_a_reason():
    said = reason(learner(step="w = [0.0 for _ in range(10**9)]"), replace(SHORT, memory_mb=200))
    assert "MemoryError" in said or "killed by" in said


def test_rows_nested_without_end_are_a_reason_and_no_crash_of_ours():
    deep = "rows = [1.0]\nfor _ in range(200000):\n    rows = [rows]\nstate['rows'][0] = rows"
    assert reason(learner(step=deep), replace(SHORT, time_limit_s=2))


def test_cancelled_measurement_is_a_failure_at_once():
    cancelled = threading.Event()
    cancelled.set()
    found = measure.measure(net(), instance(), TINY, cancelled=cancelled)
    assert found == Failure("cancelled")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"reads": 1, "writes": 1, "reuse": 1},
        {"reads": True, "writes": 1, "reuse": 1, "dmd": 1.0},
        {"reads": -1, "writes": 1, "reuse": 1, "dmd": 1.0},
        {"reads": 2**63, "writes": 1, "reuse": 1, "dmd": 1.0},
        {"reads": 1.0, "writes": 1, "reuse": 1, "dmd": 1.0},
        {"reads": 1, "writes": 1, "reuse": 1, "dmd": 1},
        {"reads": 1, "writes": 1, "reuse": 1, "dmd": None},
        [1, 2, 3],
        None,
    ],
)
def test_sums_that_are_no_counts_are_refused(answer):
    with pytest.raises(ChildError, match="is not a count"):
        measure._sums(answer, ("reads", "writes", "reuse", "dmd"))


@pytest.mark.parametrize("values", [None, [], [1.0], [1.0, 2], [1.0, True], [1.0, None], (1.0, 2.0), {"0": 1.0}])
def test_predictions_of_another_number_or_type_are_refused(values):
    with pytest.raises(ChildError, match="expected 2 predictions"):
        measure._floats(values, 2)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 8, 200])
def test_hex_bits_keep_every_answer_and_its_place(count):
    bits = [i % 3 == 0 for i in range(count)]
    text = measure._hex_bits(bits)
    assert len(text) == -(-count // 4)
    assert [c == "1" for c in f"{int(text, 16):0{4 * len(text)}b}"][:count] == bits
    assert int(text, 16).bit_count() == sum(bits)
