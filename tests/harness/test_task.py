"""Tasks: what a malformed file is told, and what an instance is made of."""

import copy
import itertools
import re
from collections import Counter
from dataclasses import replace
from math import prod

import pytest
import yaml

from harness import task
from harness.errors import BadInputError
from tests.harness.bench import ROOT, TINY

TEXT = (ROOT / "tasks" / "parity20.yaml").read_text("utf-8")
DATA = yaml.safe_load(TEXT)
SECRET = b"a run's secret"


def refused(text):
    with pytest.raises(BadInputError) as caught:
        task.parse(text, "mine")
    said = str(caught.value)
    assert said.startswith("tasks/mine.yaml")
    assert "\n" not in said
    return said


def changed(path, value):
    """The task file with one field set to a value, `rules.alpha` for one of the rules."""
    data = copy.deepcopy(DATA)
    place, name = (data["rules"], path.removeprefix("rules.")) if "." in path else (data, path)
    place[name] = value
    return yaml.safe_dump(data)


def without(path):
    data = copy.deepcopy(DATA)
    place, name = (data["rules"], path.removeprefix("rules.")) if "." in path else (data, path)
    del place[name]
    return yaml.safe_dump(data)


FIELDS = [name for name in DATA if name != "rules"]
RULES = list(DATA["rules"])

# -- files ---


def test_task_of_the_project_is_read():
    loaded = task.load(ROOT, "parity20")
    assert (loaded.name, loaded.n_bits, loaded.k_sparse) == ("parity20", 20, 3)


@pytest.mark.parametrize("name", ["nothing", "", "../tasks/parity20", "parity20.yaml", "PARITY20", "/etc/passwd"])
def test_unknown_task_is_told_with_the_known_ones(name):
    with pytest.raises(BadInputError, match=r"no such task; choose one of: .*parity20"):
        task.load(ROOT, name)


def test_folder_without_tasks_says_so(tmp_path):
    with pytest.raises(BadInputError, match="tasks/ is empty"):
        task.load(tmp_path, "parity20")


@pytest.mark.parametrize("name", [*FIELDS, "rules", *(f"rules.{name}" for name in RULES)])
def test_missing_field_is_named(name):
    assert f"`{name.removeprefix('rules.')}`" in refused(without(name))


@pytest.mark.parametrize("name", ["n_bit", "N_BITS", "name", "seed", "secret", "1", "rules.alfa", "rules.name"])
def test_unknown_field_is_named_with_the_known_ones(name):
    said = refused(changed(name, 3))
    assert f"{name}: unknown field; known are" in said


@pytest.mark.parametrize("name", [*FIELDS, "rules", *(f"rules.{name}" for name in RULES)])
@pytest.mark.parametrize("value", ["many", None, [1, 2], {}])
def test_value_of_another_type_is_refused_with_its_field(name, value):
    said = refused(changed(name, value))
    assert (f"$.{name}" in said) or (name == "rules" and "required field" in said)


@pytest.mark.parametrize("name", ["n_bits", "check_every", "rules.first_look", "memory_mb"])
@pytest.mark.parametrize("value", [2.5, "20", True, 10**400], ids=["half", "text", "true", "huge"])
def test_count_that_is_no_count_is_refused(name, value):
    assert name in refused(changed(name, value))


OUT_OF_RANGE = [
    ("n_bits", 0), ("n_bits", -3), ("n_bits", 1001), ("k_sparse", 0), ("k_sparse", 21), ("n_train", 0),
    ("n_validation", 99), ("n_test", 0), ("target", 0.5), ("target", 1.01), ("target", -1.0), ("check_every", 0),
    ("max_epochs", 0), ("min_reads", 0), ("time_limit_s", 0), ("time_limit_s", -1.0), ("memory_mb", 63),
    ("tests_time_limit_s", 0.0), ("rules.wins", []), ("rules.min_gain", 0.0), ("rules.min_gain", 1.0),
    ("rules.alpha", 0.0), ("rules.alpha", 0.5), ("rules.exact_gain", 0.0), ("rules.exact_gain", 0.006),
    ("rules.exact_spread", 0.0), ("rules.guard_level", 0.5), ("rules.first_look", 2),
    ("rules.first_look", 17), ("rules.screen_margin", 0.0), ("rules.accuracy_tolerance", -0.1),
    ("rules.accuracy_tolerance", 0.6), ("rules.traffic_tolerance", -0.01), ("rules.predict_tolerance", -1),
    ("rules.null_every", -1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_value_out_of_range_is_told_with_its_bounds(name, value):
    assert re.match(rf"tasks/mine\.yaml: {re.escape(name)}: must be \w", refused(changed(name, value)))


FLOATS = ["target", "time_limit_s", "tests_time_limit_s", "rules.min_gain", "rules.alpha", "rules.screen_margin"]
FLOATS += ["rules.exact_gain", "rules.exact_spread", "rules.guard_level"]
FLOATS += ["rules.accuracy_tolerance", "rules.traffic_tolerance", "rules.predict_tolerance"]


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_value_that_is_not_finite_is_refused(name, value):
    assert name in refused(changed(name, value))


@pytest.mark.parametrize("value", [["speed"], ["ard", "speed"], "ard", [1]])
def test_unknown_win_is_refused(value):
    assert "rules.wins" in refused(changed("rules.wins", value))


NO_YAML = {
    "unclosed": "n_bits: [1, 2\nk_sparse: 3\n",
    "tabs": "n_bits:\t20\n\tk_sparse: 3\n",
    "two colons": "n_bits: 20: 3\n",
    "a tag that runs code": "n_bits: !!python/object/apply:os.system ['true']\n",
    "an alias to nothing": "n_bits: *nothing\n",
    "no date": "n_bits: 2001-99-99\n",
    "control characters": "n_bits: \x00\n",
}


@pytest.mark.parametrize("text", NO_YAML.values(), ids=NO_YAML.keys())
def test_text_that_is_no_yaml_is_one_line(text):
    assert "not valid YAML" in refused(text)


def test_line_of_broken_yaml_is_named():
    assert refused("n_bits: 20\nk_sparse: 3: 4\n").startswith("tasks/mine.yaml:2: ")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "- a\n- b\n", "20\n", "null\n", "a text\n"])
def test_file_without_fields_says_where_to_look(text):
    assert "docs/tasks.md" in refused(text)


def test_field_given_twice_is_refused():
    assert "n_bits" in refused("n_bits: 6\n" + TEXT)


# -- instances ---


def test_labels_are_the_parity_of_the_secret_bits():
    drawn = task.draw(TINY, "2a")
    assert len(drawn.secret) == TINY.k_sparse
    for samples in (drawn.train, drawn.validation, drawn.test):
        for text, label in zip(samples.inputs, samples.labels, strict=True):
            assert label == prod(1 if text[i] == "+" else -1 for i in drawn.secret)


def test_samples_are_as_many_and_as_wide_as_the_task_says():
    drawn = task.draw(replace(TINY, n_train=7, n_validation=101, n_test=102, n_bits=13), "2a")
    assert [len(s.inputs) for s in (drawn.train, drawn.validation, drawn.test)] == [7, 101, 102]
    assert {len(text) for s in (drawn.train, drawn.validation, drawn.test) for text in s.inputs} == {13}
    assert {c for text in drawn.train.inputs for c in text} == {"+", "-"}


def test_same_seed_draws_the_same_instance_and_another_one_another():
    first, again, other = (task.draw(TINY, seed) for seed in ("2a", "2a", "2b"))
    assert first == again
    assert first.train != other.train
    assert first.init_seed != other.init_seed


def test_secrets_differ_between_seeds_and_no_place_is_favoured():
    secrets = [task.draw(replace(TINY, n_train=1), task.derive_seed(SECRET, str(i))).secret for i in range(600)]
    places = Counter(itertools.chain(*secrets))
    assert set(secrets) == set(itertools.combinations(range(8), 2))
    assert all(abs(places[i] - 150) < 60 for i in range(8))


def test_training_validation_and_test_are_drawn_apart():
    drawn = task.draw(replace(TINY, n_bits=40), "2a")
    inputs = [set(s.inputs) for s in (drawn.train, drawn.validation, drawn.test)]
    assert all(not (a & b) for a, b in itertools.combinations(inputs, 2))


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_labels_are_balanced(part):
    labels = getattr(task.draw(replace(TINY, n_train=2000, n_validation=2000, n_test=2000), "2a"), part).labels
    assert abs(sum(labels)) < 250


def test_seeds_need_the_secret_and_the_whole_purpose():
    purposes = [("1", "confirm"), ("1", "screen"), ("2", "confirm"), ("1", "confirm", "0")]
    seeds = [task.derive_seed(SECRET, *purpose) for purpose in purposes]
    seeds.append(task.derive_seed(b"another", *purposes[0]))
    assert len(set(seeds)) == 5
    assert all(re.fullmatch("[0-9a-f]{64}", seed) for seed in seeds)
    assert task.derive_seed(SECRET, "1", "confirm") == seeds[0]


def test_hash_of_a_task_changes_with_every_value_and_not_with_comments():
    base = task.parse(TEXT, "mine")
    assert task.task_hash(task.parse("# a comment\n" + TEXT, "mine")) == task.task_hash(base)
    hashes = {task.task_hash(base)}
    for name in FIELDS:
        hashes.add(
            task.task_hash(task.parse(changed(name, DATA[name] * 0.99 if name == "target" else DATA[name] + 1), "mine"))
        )
    for name in RULES:
        value = ["ard"] if name == "wins" else DATA["rules"][name] * 1.5 if type(DATA["rules"][name]) is float else 13
        hashes.add(task.task_hash(task.parse(changed(f"rules.{name}", value), "mine")))
    assert len(hashes) == 1 + len(FIELDS) + len(RULES)
