"""A checkpoint makes a start fast and changes nothing else: what is wrong is found as without one."""

import dataclasses
import os
import subprocess
import sys
import tracemalloc
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from harness.crash_points import VARIABLE
from harness.ledger import Ledger, LedgerError, _told, encode, glance, read, tip_of
from harness.ledger.checkpoint import LEAST_ROWS, SHARE, is_due, place_of, write
from harness.ledger.checkpoint import read as read_checkpoint
from harness.run.opening import TOTALS
from harness.totals import Tally, total
from tests.harness.briefings import make_baseline, make_row
from tests.harness.factories import make_experiment


class Counted:
    """A total that says how many rows were added in this process."""

    added = 0

    def add(self, row):
        del row
        Counted.added += 1


@dataclasses.dataclass
class Rows(Counted):
    """As `Counted`, kept in a checkpoint."""

    rows: int = 0

    def add(self, row):
        super().add(row)
        self.rows += 1


def make_ledger(path, count=8, kinds=TOTALS):
    """A ledger of so many rows, with its checkpoint."""
    ledger = Ledger.open(path, kinds, "this harness")
    for number in range(len(ledger.rows), count):
        ledger.append(make_baseline() if number == 0 else make_row(number, title=f"row {number}"))
    ledger.close()
    return ledger


def reopen(ledger, kinds=TOTALS, maker="this harness"):
    return Ledger.open(ledger.path, kinds, maker)


@pytest.fixture
def ledger(tmp_path):
    return make_ledger(tmp_path / "ledger.jsonl")


def lines_of(ledger):
    return ledger.path.read_bytes().splitlines(keepends=True)


def test_a_start_with_a_checkpoint_is_as_one_without(ledger):
    place = place_of(ledger.path)
    fast = reopen(ledger)
    place.unlink()
    slow = reopen(ledger)
    assert fast.rows == slow.rows == ledger.rows == read(ledger.path)
    assert fast.tip == slow.tip == ledger.tip == tip_of(lines_of(ledger)[-1])
    for kind in TOTALS:
        expected = total(read(ledger.path), kind)
        assert total(fast.rows, kind) == total(slow.rows, kind) == total(ledger.rows, kind) == expected
    row = make_row(8)
    assert fast.append(row) == dataclasses.replace(row, tip=ledger.tip)


def test_only_rows_after_the_checkpoint_are_decoded(tmp_path):
    ledger = make_ledger(tmp_path / "ledger.jsonl", kinds=(Rows,))
    for number in (8, 9):
        ledger.append(make_row(number))  # and no close: as after a kill
    Counted.added = 0
    again = reopen(ledger, (Rows,))
    assert Counted.added == 2
    assert (total(again.rows, Rows).rows, len(again.rows)) == (10, 10)


def test_a_checkpoint_is_written_now_and_then_and_at_the_end(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.jsonl", (Tally,))
    ledger.close()
    assert not place_of(ledger.path).exists(), "of nothing there is none"
    for number in range(LEAST_ROWS + 1):
        assert place_of(ledger.path).exists() == (number >= LEAST_ROWS)
        ledger.append(make_row(number))
    before = place_of(ledger.path).read_bytes()
    ledger.close()
    assert place_of(ledger.path).read_bytes() != before
    assert [is_due(rows, 0) for rows in (LEAST_ROWS - 1, LEAST_ROWS)] == [False, True]
    long = 100 * LEAST_ROWS * SHARE
    assert [is_due(long + more, long) for more in (100 * LEAST_ROWS - 1, 101 * LEAST_ROWS)] == [False, True]


def test_the_same_rows_give_the_same_checkpoint(tmp_path):
    one = make_ledger(tmp_path / "one.jsonl")
    for count in (3, 5, 8):  # closed and opened on the way
        other = make_ledger(tmp_path / "other.jsonl", count)
    assert place_of(one.path).read_bytes() == place_of(other.path).read_bytes()
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        *("one.checkpoint", "one.jsonl", "other.checkpoint", "other.jsonl")
    ]


FORGERIES = {
    "edited": lambda lines: [*lines[:3], lines[3].replace(b'"seconds":61.5', b'"seconds":61.4'), *lines[4:]],
    "removed": lambda lines: lines[:3] + lines[4:],
    "out of order": lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]],
    "a copy": lambda lines: [*lines[:4], lines[3], *lines[4:]],
    "unknown field": lambda lines: [*lines[:3], lines[3].replace(b'{"commit"', b'{"a":1,"commit"'), *lines[4:]],
    "first line removed": lambda lines: lines[1:],
    "not JSON": lambda lines: [*lines[:7], b"\n"],
}


@pytest.mark.parametrize("forgery", FORGERIES)
@pytest.mark.parametrize("is_tail_known", [True, False])
def test_what_is_wrong_is_named_as_without_a_checkpoint(tmp_path, forgery, is_tail_known):
    ledger = make_ledger(tmp_path / "ledger.jsonl", 8 if is_tail_known else 4)
    for number in range(len(ledger.rows), 8):
        ledger.append(make_row(number, title=f"row {number}"))
    forged = b"".join(FORGERIES[forgery](lines_of(ledger)))
    plain = tmp_path / "elsewhere" / "ledger.jsonl"
    plain.parent.mkdir()
    plain.write_bytes(forged)
    with pytest.raises(LedgerError) as without:
        Ledger.open(plain)
    for _ in range(2):  # at every start
        ledger.path.write_bytes(forged)
        with pytest.raises(LedgerError) as found:
            reopen(ledger)
        assert str(found.value) == str(without.value)
        assert ledger.path.read_bytes() == forged


def test_an_edit_that_keeps_length_and_times_is_found(ledger):
    before = ledger.path.stat()
    data = ledger.path.read_bytes()
    ledger.path.write_bytes(data.replace(b'"title":"row 3"', b'"title":"row 9"'))
    os.utime(ledger.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(LedgerError, match="line 4: edited"):
        reopen(ledger)


def broken_checkpoints(data):
    """A checkpoint damaged or changed in every way that can be thought of."""
    head, body = data.split(b"\n")
    known = msgspec.json.decode(body)
    yield from (b"", b"\n", data[:-1], data[1:], data[: len(data) // 2], b"\0" * len(data))
    yield data.replace(b'"rows":8', b'"rows":9')
    for change in (
        {"form": "0"}, {"maker": "another"}, {"length": known["length"] - 1}, {"sha256": "0" * 64}, {"totals": {}},
        {"length": 0}, {"length": "8"}, {"totals": known["totals"] | {"Tally": {"rows": "8"}}},
    ):  # fmt: skip
        yield checked(msgspec.json.encode(known | change))
    yield checked(b"[]")
    yield head.swapcase() + b"\n" + body


def checked(body):
    return sha256(body).hexdigest().encode() + b"\n" + body


def test_a_checkpoint_that_does_not_fit_is_not_used_and_replaced_at_the_end(ledger):
    place, rows = place_of(ledger.path), tuple(ledger.rows)
    whole = place.read_bytes()
    for broken in broken_checkpoints(whole):
        place.write_bytes(broken)
        again = reopen(ledger)
        assert (again.rows, again.tip) == (rows, ledger.tip), broken[:200]
        assert all(total(again.rows, kind) == total(ledger.rows, kind) for kind in TOTALS)
        again.close()
        assert place.read_bytes() == whole
    place.unlink()
    place.mkdir()
    assert reopen(ledger).rows == rows


def test_rows_cut_off_the_end_are_named_where_a_checkpoint_knew_them(ledger):
    lines = lines_of(ledger)
    ledger.path.write_bytes(b"".join(lines[:-2]))
    again = reopen(ledger)
    assert len(again.rows) == 6
    assert again.cut.startswith("ledger.jsonl: rows were cut off its end: it had ")
    assert "remove ledger.checkpoint to go on without them" in again.cut
    place_of(ledger.path).unlink()
    assert reopen(ledger).cut == ""


def test_a_torn_line_after_the_checkpoint_is_set_aside(ledger):
    with ledger.path.open("ab") as file:
        file.write(b'{"commit"')
    again = reopen(ledger)
    assert (again.rows, again.cut) == (ledger.rows, "")
    assert "the last line was torn off by a crash; its 9 bytes" in again.recovered


def test_gotcha_a_checkpoint_made_with_care_is_believed_by_a_run_and_by_nothing_else(ledger):
    """Who can write it can write the ledger too; `verify` derives what it says again."""
    known = read_checkpoint(ledger.path).checkpoint
    tally = known.totals["Tally"] | {"confirmed": 77}
    write(ledger.path, dataclasses.replace(known, totals={**known.totals, "Tally": tally}))
    assert total(reopen(ledger).rows, Tally).confirmed == 77
    assert total(read(ledger.path), Tally).confirmed == 0


KILLED = """
import sys
from pathlib import Path
from harness.ledger import Ledger
from harness.totals import Tally
Ledger.open(Path(sys.argv[1]), (Tally,), "this harness").close()
"""


@pytest.mark.parametrize(("point", "name"), [(2, "file-written"), (3, "file-replaced")])
def test_a_kill_while_a_checkpoint_is_written_loses_nothing(ledger, tmp_path, point, name):
    place = place_of(ledger.path)
    place.unlink()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    environment[VARIABLE] = f"{point} {tmp_path / 'passed'}"
    done = subprocess.run([sys.executable, "-c", KILLED, str(ledger.path)], env=environment, check=False)
    assert done.returncode == -9
    assert (tmp_path / "passed").read_text().splitlines() == ["ledger-opened", "file-written", "file-replaced"][:point]
    assert place.exists() == (name == "file-replaced")
    again = reopen(ledger, (Tally,))
    assert again.rows == ledger.rows
    again.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.checkpoint", "ledger.jsonl", "passed"]


def test_a_checkpoint_that_cannot_be_written_stops_nothing(ledger):
    place = place_of(ledger.path)
    place.unlink()
    place.mkdir()
    (place / "in the way").touch()
    ledger.append(make_row(8))
    ledger.close()
    assert len(reopen(ledger).rows) == 9


# -- rows on the disk -------------------------------------------------------------------------------------------------


def test_stored_rows_are_a_sequence_as_the_tuple_of_them_is(ledger):
    rows, expected = reopen(ledger).rows, read(ledger.path)
    assert [rows[at] for at in range(-8, 8)] == [expected[at] for at in range(-8, 8)]
    assert list(reversed(rows)) == list(reversed(expected))
    for cut in (slice(None), slice(-1, None), slice(2, 5), slice(5, 2), slice(None, None, -2), slice(6, 99)):
        assert rows[cut] == expected[cut]
    assert rows == expected
    assert expected == rows
    assert rows != expected[:-1]
    assert rows != [*expected[:-1], make_experiment()]
    assert expected[3] in rows
    for outside in (8, -9):
        with pytest.raises(IndexError):
            rows[outside]
    assert bool(rows)
    assert not Ledger.open(ledger.path.with_name("empty.jsonl")).rows


def test_rows_read_again_are_the_rows_that_were_verified(ledger):
    rows, expected, data = reopen(ledger).rows, read(ledger.path), ledger.path.read_bytes()
    ledger.path.write_bytes(data)
    os.utime(ledger.path, (1, 1))
    assert rows[3].title == "row 3", "touched, and the same"
    ledger.path.write_bytes(data.replace(b'"title":"row 3"', b'"title":"row 9"'))
    for look in (lambda: rows[4], lambda: list(rows), lambda: rows == expected):
        with pytest.raises(LedgerError, match="changed since this run last wrote it"):
            look()


def test_an_edit_in_the_middle_stops_the_next_append(ledger):
    again, data = reopen(ledger), ledger.path.read_bytes()
    ledger.path.write_bytes(data.replace(b'"title":"row 3"', b'"title":"row 9"'))
    with pytest.raises(LedgerError, match="changed since this run last wrote it"):
        again.append(make_row(8))
    ledger.path.write_bytes(data)
    assert again.append(make_row(8)).number == 8


def test_memory_does_not_follow_the_rows(tmp_path):
    """But for 8 bytes a row and the totals, and what is kept decoded: the newest rows of 8 MB."""

    def peak(count):
        path = tmp_path / f"{count}.jsonl"
        line, tip = encode(dataclasses.replace(make_baseline(), tip="0" * 64, why="w" * 20_000)), "0" * 64
        with path.open("wb") as file:
            for number in range(count):
                one = line.replace(b'"number":0', b'"number":%d' % number).replace(b"0" * 64, tip.encode())
                file.write(one)
                tip = tip_of(one)
        tracemalloc.start()
        try:
            assert len(Ledger.open(path, TOTALS).rows) == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(500), peak(1_000)
    assert many - few < 500 * 200, "bytes; a row has 22,000"


def test_peeking_writes_nothing_and_leaves_a_torn_line_where_it_is(ledger):
    place_of(ledger.path).unlink()
    with ledger.path.open("ab") as file:
        file.write(b'{"commit"')
    before = {path: path.read_bytes() for path in ledger.path.parent.iterdir()}
    seen = Ledger.peek(ledger.path, TOTALS)
    assert (seen.rows, seen.recovered) == (ledger.rows, "ledger.jsonl: line 9: torn off")
    assert {path: path.read_bytes() for path in ledger.path.parent.iterdir()} == before
    ledger.path.write_bytes(before[ledger.path][:-9] + b'{"commit"' + b"\0" * 50 + b"\n")  # as a power cut leaves it
    seen = Ledger.peek(ledger.path, TOTALS)
    assert (seen.rows, seen.recovered) == (ledger.rows, "ledger.jsonl: line 9: torn off")
    assert not Ledger.peek(ledger.path.with_name("missing.jsonl"), TOTALS).rows


def test_peeked_rows_stay_those_that_were_there(ledger):
    seen = Ledger.peek(ledger.path, TOTALS)
    reopen(ledger).append(make_row(8))
    assert (len(seen.rows), seen.rows[7].title) == (8, "row 7")
    assert seen.rows == ledger.rows
    assert [row.number for row in seen.rows] == list(range(8))


@pytest.mark.parametrize("known", ["all", "some", "two", "one", "none", "another's", "damaged"])
def test_a_glance_counts_lines_and_knows_the_last_one(tmp_path, known):
    path = tmp_path / "ledger.jsonl"
    ledger = make_ledger(path, {"all": 8, "some": 5, "two": 2}.get(known, 1))
    for number in range(len(ledger.rows), 8):
        ledger.append(make_row(number))
    if known == "none":
        place_of(path).unlink()
    if known == "damaged":
        place_of(path).write_bytes(b"x")
    if known == "another's":
        other = make_ledger(tmp_path / "other.jsonl", 7)
        place_of(other.path).replace(place_of(path))
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join([*lines[:6], b"edited\n", *lines[7:]]))
    with path.open("ab") as file:
        file.write(b'{"kind":"proposal"')  # which somebody is writing
    tally, more, tip = glance(path, Tally, b'"kind":"proposal"')
    assert tip == ledger.tip
    assert (tally.proposals if tally else 0) + more == (6 if known == "another's" else 7)
    assert (tally is None) == (known in {"none", "damaged", "another's"})
    assert glance(tmp_path / "missing", Tally, b"x") == (None, 0, "")


def test_a_long_verification_says_how_far_it_is():
    said = []
    rows = [(b"x" * 10, number) for number in range(4)]
    assert list(_told(iter(rows), 40, "ledger.jsonl: it has no checkpoint", said.append, (0.0, 0.0))) == rows
    assert said[0] == "ledger.jsonl: it has no checkpoint, so rows are verified one by one: 25%"
    assert len(said) == 4
    assert list(_told(iter(rows), 40, "", said.append)) == rows
    assert len(said) == 4, "a short one says nothing"
