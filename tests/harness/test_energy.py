"""Energy: a strict table with its sources, and the cost of the smallest level that holds a depth."""

import re

import pytest

from harness import energy, marks, rewrite
from harness.errors import BadInputError
from harness.measure import measure
from harness.profiling import LEVELS, profile
from harness.profiling.table import joules
from tests.harness.bench import TINY, net
from tests.harness.test_profile import drawn, quiet
from tests.harness.trace_forms import FORMS

TABLE = energy.load()
TEXT = energy.TABLE.read_text("utf-8")
LADDER = (("a", 8, 1.0), ("b", 24, 10.0), ("c", None, 100.0))
SMALL = energy.Table(4, tuple(energy.Level(name, size, cost, "-") for name, size, cost in LADDER))


def parsed(tmp_path, text):
    path = tmp_path / "energy.yaml"
    path.write_text(text)
    return energy.load(path)


def test_every_level_says_where_its_number_is_from():
    assert [(level.name, level.picojoules) for level in TABLE.levels] == [
        ("SRAM 8 kB", 5.0),
        ("SRAM 32 kB", 10.0),
        ("SRAM 1 MB", 50.0),
        ("DRAM", 640.0),
    ]
    assert TABLE.cells == (2048, 8192, 262144)
    assert all("Horowitz, ISSCC 2014" in level.source for level in TABLE.levels)


def of_depths(table, depths, births):
    """Picojoules by the definition, from a meter's `depth_counts` and `birth_count`."""
    held = {d: [level for level in table.levels if level.bytes is None or 4 * d <= level.bytes] for d in depths}
    moved = sum(held[depth][0].picojoules * count for depth, count in depths.items())
    return births * table.levels[0].picojoules + moved


SOURCE = """\
def work(a, b):
    for _ in range(3):
        for i in range(len(a)):
            b[i] = a[i] + b[0]
    c = [v for v in b]
    return c[0]
"""


@pytest.mark.parametrize("form", ["imported", "uncompiled"])
def test_an_access_costs_the_smallest_level_that_holds_its_depth_and_a_birth_depth_1(form):
    marked = marks.mark({"m": SOURCE})
    meter = FORMS[form].meter(1)
    meter.begin_profile(len(marked.places), len(marked.holders), marked.fields, SMALL.cells)
    rewrite.load({"m": SOURCE}, meter, marked.trees)["m"]["work"](meter.fill((0.5,), 9), meter.fill((0.5,), 9))
    found, expected = meter.profile(), of_depths(SMALL, meter.depth_counts(), meter.birth_count())
    for part in ("places", "buffers"):
        levels = [sum(column) for column in zip(*(row[-LEVELS:] for row in found[part]), strict=True)]
        assert sum(levels) == meter.traffic()
        assert levels[len(SMALL.levels) :] == [0] * (LEVELS - len(SMALL.levels))
        assert SMALL.picojoules(levels) == expected


def test_energy_of_a_training_is_attributed_whole_and_moves_no_other_number():
    found = profile(net(), drawn(), TINY, steps=None, on_check=quiet)
    measured = measure(net(), drawn(), TINY)
    assert (found.total.reads, found.total.writes) == (measured.reads, measured.writes)
    for parts in (found.lines, found.buffers):
        assert sum(part.sums.picojoules for part in parts) == found.total.picojoules > 0
    assert sum(found.total.levels) == measured.traffic


def test_picojoules_are_told_in_a_unit_that_reads_well():
    assert joules(2.5e9) == "2.5e+09 pJ (2.5 mJ)"
    assert joules(12.0) == "12 pJ"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("word_bytes: 4", "word_bytes: four"), r"energy.yaml: Expected `int`, got `str` - at `\$.word_bytes`"),
        (("word_bytes: 4", "word_bits: 32"), "energy.yaml: word_bits: unknown field; known are word_bytes, levels"),
        (("    picojoules: 10\n", ""), r"energy.yaml: .* missing required field `picojoules` - .*\[1\]"),
        (("picojoules: 10", "picojoule: 10"), r"energy.yaml: levels\[1\].picojoule: unknown field"),
        (("picojoules: 10", "picojoules: -1"), r"energy.yaml: levels\[1\].picojoules: must be a number, 0 or above"),
        (("picojoules: 10", "picojoules: .nan"), r"energy.yaml: levels\[1\].picojoules: must be a number"),
        (("bytes: 32768", "bytes: 4096"), r"energy.yaml: levels\[1\].bytes: must be above the level before"),
        (("bytes: 32768", "bytes: null"), r"energy.yaml: levels\[1\].bytes: must be null in the last level"),
        (("bytes: null", "bytes: 9999999"), r"energy.yaml: levels\[3\].bytes: must be null in the last level"),
        (("name: DRAM", "name: ''"), r"energy.yaml: levels\[3\]: name and source must say something"),
        (("levels:", "levels: {"), "energy.yaml:[0-9]+: not valid YAML: .*; mend that line"),
        ((TEXT, ""), "energy.yaml: "),
    ],
)
def test_a_wrong_table_is_named_by_file_and_field(tmp_path, change, says):
    assert change[0] in TEXT
    with pytest.raises(BadInputError, match=says) as caught:
        parsed(tmp_path, TEXT.replace(*change))
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_table_is_said(tmp_path):
    with pytest.raises(BadInputError, match=re.escape("energy.yaml: cannot be read")):
        energy.load(tmp_path / "energy.yaml")
