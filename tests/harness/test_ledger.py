"""Rows read back exactly, damage is found and named, crashes and full disks lose nothing that was told."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import types
import typing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ArdentError
from harness.ledger import (
    FIRST_TIP,
    Ledger,
    LedgerError,
    chain_of,
    decode,
    encode,
    exclusive_lock,
    read,
    tip_of,
    verify_bytes,
    write_durably,
)
from harness.ledger.rows import ADDED, SCHEMA, as_written
from harness.records import Cost, Edit, Evidence, Experiment, Measurement, Pair, Prediction, Verdict
from tests.harness.factories import make_experiment

MEASURED = Measurement(True, 100, 950, 1000, 12345, 678, 9, 8, 0.1 + 0.2, 7, 6.5, 5, "ab" * 32, "ff", 1.25)


def experiment(number: int, **changes: object) -> Experiment:
    row = Experiment(
        run="one", number=number, kind="proposal", title="größer", hypothesis="h\n2", why="w",
        prediction=Prediction("ard", "lower", 0.3), edits=(Edit("replace", "p", "a", "b"),), edits_sha256="e",
        tree_sha256="t", parent="p", commit="c", verdict=Verdict("discarded", "screen", "no gain"),
        evidence=Evidence(screen=(Pair("00", MEASURED, MEASURED),)), proposer="scripted",
        model="m", prompt_sha256="s",
        cost=Cost(1, 2, 3, None), task="parity", task_sha256="t", harness_sha256="h", environment="e",
        started="2024-01-01T00:00:00Z", seconds=1.5, seconds_by_stage=(("tests", 0.25),),
    )  # fmt: skip
    return dataclasses.replace(row, **changes)


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.jsonl")
    for number in range(6):
        ledger.append(experiment(number))
    return ledger


def lines_of(ledger: Ledger) -> list[bytes]:
    return ledger.path.read_bytes().splitlines(keepends=True)


def strategy(kind: object) -> st.SearchStrategy[object]:
    """Any value of an annotated type of the records; floats are finite, as the harness makes them."""
    if dataclasses.is_dataclass(kind):
        return st.builds(kind, **{name: strategy(hint) for name, hint in typing.get_type_hints(kind).items()})
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return st.sampled_from(parts)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([strategy(part) for part in parts])
    if origin is tuple:
        if parts[-1] is Ellipsis:
            return st.lists(strategy(parts[0]), max_size=2).map(tuple)
        return st.tuples(*map(strategy, parts))
    plain = {str: st.text(), int: st.integers(), bool: st.booleans(), type(None): st.none()}
    return plain.get(kind, st.floats(allow_nan=False, allow_infinity=False))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(strategy(Experiment))
def test_every_row_reads_back_exactly(row):
    row = dataclasses.replace(row, schema=SCHEMA)
    line = encode(row)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    again = decode(line, 1)
    assert again == row
    assert repr(again) == repr(row), "to the last bit, and minus zero too"
    assert encode(again) == line


def record_in(row, path):
    """The record of that path, with dots, in a plain row."""
    for step in path.split(".") if path else ():
        row = row[step]
    return row


def test_a_row_of_the_first_schema_reads_and_writes_without_what_came_later():
    row = dataclasses.replace(make_experiment(), schema=1)
    line = encode(row)
    raw = json.loads(line)
    assert not any(name in record_in(raw, record) for record, name in ADDED[2])
    assert decode(line, 1) == row
    for record, name in ADDED[2]:
        told = as_written(dataclasses.replace(row, schema=2))
        record_in(raw, record)[name] = record_in(told, record)[name]
        with pytest.raises(LedgerError, match=f"{name}: unknown field"):
            decode(json.dumps(raw, sort_keys=True, separators=(",", ":")).encode() + b"\n", 1)
        del record_in(raw, record)[name]


def test_a_row_of_the_first_schema_cannot_say_what_came_later():
    with pytest.raises(LedgerError, match="does not read back"):
        encode(dataclasses.replace(make_experiment(), schema=1, repairs=("mend it",)))


def test_an_integer_in_the_place_of_a_float_is_recorded_as_a_float():
    line = encode(experiment(0, seconds=3))
    assert b'"seconds":3.0' in line
    assert repr(decode(line, 1).seconds) == "3.0"


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "1.5", None])
def test_what_is_no_number_is_not_recorded(ledger, bad):
    before = ledger.path.read_bytes()
    with pytest.raises(LedgerError, match="experiment 6: "):
        ledger.append(experiment(6, seconds=bad))
    assert ledger.path.read_bytes() == before
    ledger.append(experiment(6))


def test_rows_are_chained_and_read_back(ledger):
    lines = lines_of(ledger)
    rows = read(ledger.path)
    assert rows == ledger.rows == chain_of(lines) == verify_bytes(b"".join(lines), "x")
    assert [row.tip for row in rows] == [FIRST_TIP, *map(tip_of, lines[:-1])]
    assert ledger.tip == tip_of(lines[-1])
    again = Ledger.open(ledger.path)
    assert (again.rows, again.tip, again.recovered) == (ledger.rows, ledger.tip, "")
    assert again.append(experiment(6)).tip == ledger.tip


def test_an_empty_ledger_is_made_and_has_no_rows(tmp_path):
    ledger = Ledger.open(tmp_path / "new.jsonl")
    assert (ledger.rows, ledger.tip) == ((), FIRST_TIP)
    assert read(ledger.path) == ()
    with pytest.raises(LedgerError, match="name a ledger that exists"):
        read(tmp_path / "missing")
    with pytest.raises(LedgerError, match="No such file"):
        Ledger.open(tmp_path / "no folder/ledger.jsonl")


def test_numbers_are_consecutive(ledger):
    for number in (5, 7):
        with pytest.raises(ValueError, match="cannot be row 6"):
            ledger.append(experiment(number))


def found(lines: list[bytes]) -> str:
    with pytest.raises(LedgerError) as caught:
        verify_bytes(b"".join(lines), "ledger.jsonl")
    text = str(caught.value)
    assert "\n" not in text
    assert "; restore" in text
    return text


@pytest.mark.parametrize("line", range(1, 6))
def test_an_edited_line_is_found_and_named(ledger, line):
    lines = lines_of(ledger)
    lines[line - 1] = lines[line - 1].replace(b'"seconds":1.5', b'"seconds":1.4')
    assert found(lines).startswith(f"ledger.jsonl: line {line}: edited")


@pytest.mark.parametrize("line", range(1, 6))
def test_an_edited_tip_is_found_and_named(ledger, line):
    lines = lines_of(ledger)
    row = chain_of(lines)[line - 1]
    lines[line - 1] = encode(dataclasses.replace(row, tip="1" * 64))
    assert found(lines).startswith(f"ledger.jsonl: line {line}: edited")


def test_an_edited_number_is_found_and_named(ledger):
    lines = lines_of(ledger)
    lines[5] = lines[5].replace(b'"number":5', b'"number":9')
    assert "line 6: edited: its number is 9, not 5" in found(lines)


@pytest.mark.parametrize("line", range(1, 6))
def test_a_removed_line_is_found_and_named(ledger, line):
    lines = lines_of(ledger)
    del lines[line - 1]
    assert found(lines).startswith(f"ledger.jsonl: line {line}: 1 removed before it")
    if line < 5:
        del lines[line - 1]
        assert found(lines).startswith(f"ledger.jsonl: line {line}: 2 removed before it")


@pytest.mark.parametrize("line", range(1, 6))
def test_lines_in_another_order_are_found_and_named(ledger, line):
    lines = lines_of(ledger)
    lines[line - 1], lines[line] = lines[line], lines[line - 1]
    assert found(lines).startswith(f"ledger.jsonl: line {line}: out of order")


@pytest.mark.parametrize("line", range(1, 7))
def test_a_copied_line_is_found_and_named(ledger, line):
    lines = lines_of(ledger)
    assert found([*lines[:line], lines[line - 1], *lines[line:]]).startswith(
        f"ledger.jsonl: line {line + 1}: a copy of line {line}"
    )
    assert found([*lines, lines[line - 1]]).startswith(f"ledger.jsonl: line 7: a copy of line {line}")


def test_gotcha_lines_removed_from_the_end_show_only_in_a_tip_kept_elsewhere(ledger):
    lines = lines_of(ledger)[:4]
    assert len(verify_bytes(b"".join(lines), "x")) == 4
    assert tip_of(lines[-1]) != ledger.tip


def changed(line: bytes, change: typing.Callable[[dict[str, typing.Any]], object]) -> bytes:
    raw = json.loads(line)
    change(raw)
    return (json.dumps(raw, sort_keys=True, separators=(",", ":")) + "\n").encode()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda raw: raw.update(extra=1), "extra: unknown field"),
        (
            lambda raw: raw["evidence"]["screen"][0]["candidate"].update(x=1),
            "evidence.screen[0].candidate.x: unknown field",
        ),
        (lambda raw: raw.pop("tip"), "tip: missing"),
        (lambda raw: raw.pop("run"), "run"),
        (lambda raw: raw["verdict"].pop("looks"), "verdict.looks: missing"),
        (lambda raw: raw.update(schema=3), "schema: 3 is not 1 to 2; use the Ardent that wrote it"),
        (lambda raw: raw.pop("schema"), "schema: 'missing' is not 1 to 2"),
        (lambda raw: raw["verdict"].update(outcome="perfect"), "verdict.outcome: Invalid enum value"),
        (lambda raw: raw.update(seconds="1"), "seconds: Expected `float`, got `str`"),
        (
            lambda raw: raw["evidence"]["screen"][0]["candidate"].update(samples=1.0),
            "samples: Expected `int`",
        ),
        (lambda raw: raw.update(seconds=float("nan")), "not JSON"),
        (lambda raw: raw.update(seconds=float("inf")), "not JSON"),
        (lambda raw: raw.update(seconds=1), "not in the ledger's own form"),
    ],
)
def test_a_field_that_does_not_belong_is_named_with_its_line(ledger, change, words):
    lines = lines_of(ledger)
    lines[2] = changed(lines[2], change)
    text = refused(lines)
    assert text.startswith("ledger.jsonl: line 3: ")
    assert words in text


def refused(lines: list[bytes]) -> str:
    with pytest.raises(LedgerError) as caught:
        verify_bytes(b"".join(lines), "ledger.jsonl")
    return str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"[]\n",
        b"{\n",
        b"[" * 99999 + b"\n",
        b"\xff\n",
        b'{"schema":1,"a":1e999}\n',
        b'{"schema":1,"a":' + b"9" * 5000 + b"}\n",
    ],
)
def test_a_line_that_is_no_row_is_named(ledger, line):
    assert refused([*lines_of(ledger)[:3], line]).startswith("ledger.jsonl: line 4: ")


def test_spaces_and_repeated_keys_are_edits(ledger):
    lines = lines_of(ledger)
    for edited in (
        lines[5].replace(b":", b": ", 1),
        lines[5].replace(b"{", b'{"run":"two",', 1),
        b" " + lines[5],
    ):
        assert "line 6: not in the ledger's own form" in refused([*lines[:5], edited])


@pytest.mark.parametrize("cut", [1, 2, 100, "all but the newline", "zeros", "zeros and newline"])
def test_a_torn_last_line_is_set_aside_and_the_rest_goes_on(ledger, cut):
    lines = lines_of(ledger)
    size = len(lines[5])
    torn = {
        "all but the newline": lines[5][:-1],
        "zeros": lines[5][:50] + b"\0" * (size - 50),
        "zeros and newline": lines[5][:50] + b"\0" * (size - 51) + b"\n",
    }.get(str(cut), lines[5][: cut if isinstance(cut, int) else 0])
    ledger.path.write_bytes(b"".join(lines[:5]) + torn)
    again = Ledger.open(ledger.path)
    assert again.rows == ledger.rows[:5]
    assert f"its {len(torn)} bytes are now in ledger.jsonl.torn" in again.recovered
    assert ledger.path.with_name("ledger.jsonl.torn").read_bytes() == torn + b"\n"
    assert again.append(experiment(5)) == ledger.rows[5]
    assert ledger.path.read_bytes() == b"".join(lines)
    assert Ledger.open(ledger.path).recovered == ""


def test_no_file_stays_open_however_many_rows_are_written(tmp_path):
    """A process may have 1,024 open: a run would end at a thousand rows."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    with exclusive_lock(tmp_path / "lock", "run one"):
        ledger = Ledger.open(tmp_path / "ledger.jsonl")
        for number in range(5):
            ledger.append(experiment(number))
        assert len(list(ledger.rows)) == 5
        write_durably(tmp_path / "file", b"x")
        ledger.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_first_line_that_was_torn_leaves_an_empty_ledger(tmp_path):
    (tmp_path / "l").write_bytes(b'{"run":')
    assert Ledger.open(tmp_path / "l").rows == ()
    (tmp_path / "l").write_bytes(b"\0" * 50)
    assert Ledger.open(tmp_path / "l").recovered
    assert (tmp_path / "l.torn").read_bytes() == b'{"run":\n' + b"\0" * 50 + b"\n"


def test_a_torn_line_is_named_when_only_reading(ledger):
    data = ledger.path.read_bytes()
    ledger.path.write_bytes(data[:-10])
    with pytest.raises(LedgerError, match=r"^ledger\.jsonl: line 6: torn off"):
        read(ledger.path)
    assert ledger.path.read_bytes() == data[:-10]


def test_opening_an_edited_ledger_is_refused_and_changes_nothing(ledger):
    data = ledger.path.read_bytes().replace(b'"number":2', b'"number":3')
    ledger.path.write_bytes(data)
    with pytest.raises(LedgerError, match=r"^ledger\.jsonl: line 3: "):
        Ledger.open(ledger.path)
    assert ledger.path.read_bytes() == data


@pytest.mark.parametrize("how", ["longer", "shorter", "other bytes", "gone", "second writer"])
def test_a_tail_that_something_else_wrote_stops_the_append(ledger, how):
    data = ledger.path.read_bytes()
    if how == "second writer":
        Ledger.open(ledger.path).append(experiment(6))
    elif how == "gone":
        ledger.path.unlink()
    else:
        ledger.path.write_bytes(
            {"longer": data + b"\n", "shorter": data[:-1], "other bytes": data[:-9] + b"123456789"}[how]
        )
    before = ledger.path.read_bytes() if ledger.path.exists() else None
    with pytest.raises(
        LedgerError, match="changed since this run last wrote it" if before else "No such file"
    ):
        ledger.append(experiment(6))
    assert (ledger.path.read_bytes() if ledger.path.exists() else None) == before


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip


FULL = """
import dataclasses, resource, sys
from pathlib import Path
from harness.ledger import Ledger, LedgerError
ledger = Ledger.open(Path(sys.argv[1]))
size = ledger.path.stat().st_size
row = dataclasses.replace(ledger.rows[-1], number=len(ledger.rows))
for room in (0, 1, 700):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, resource.RLIM_INFINITY))
    try:
        ledger.append(row)
    except LedgerError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ledger.append(row)
"""


def test_a_full_disk_leaves_the_ledger_as_it_was_and_the_run_can_go_on(ledger):
    before = ledger.path.read_bytes()
    process = start(FULL, ledger.path)
    out, error = process.communicate()
    assert (process.returncode, error) == (0, "")
    assert out.count("free disk space") == 3
    rows = read(ledger.path)
    assert len(rows) == 7
    assert ledger.path.read_bytes().startswith(before)


HOLD = """
import sys
from pathlib import Path
from harness.errors import ArdentError
from harness.ledger import exclusive_lock
try:
    with exclusive_lock(Path(sys.argv[1]), "run one"):
        print("held", flush=True)
        sys.stdin.readline()
except ArdentError as error:
    print(error, flush=True)
"""


def test_of_two_processes_one_holds_the_lock_and_the_other_names_it(tmp_path):
    with start(HOLD, tmp_path / "lock", "two words") as first:
        assert first.stdout.readline() == "held\n"
        with start(HOLD, tmp_path / "lock") as second:
            line = second.communicate()[0]
        assert line.startswith(f"run one is already being run by pid {first.pid} on ")
        assert line.endswith("(-c " + f"{tmp_path / 'lock'} 'two words'); wait for it or stop it\n")
        with (
            pytest.raises(ArdentError, match=f"pid {first.pid} on"),
            exclusive_lock(tmp_path / "lock", "run one"),
        ):
            pass
        first.communicate("\n")
    with (
        exclusive_lock(tmp_path / "lock", "run one"),
        pytest.raises(ArdentError, match=f"pid {os.getpid()} on"),
    ):
        exclusive_lock(tmp_path / "lock", "run one").__enter__()


def test_a_killed_owner_frees_the_lock(tmp_path):
    with start(HOLD, tmp_path / "lock") as first:
        assert first.stdout.readline() == "held\n"
        first.send_signal(signal.SIGKILL)
        first.communicate()
    assert b"pid" in (tmp_path / "lock").read_bytes()
    with exclusive_lock(tmp_path / "lock", "run one"):
        pass


def test_the_lock_is_freed_by_an_error_and_does_not_disguise_it(tmp_path):
    with (
        pytest.raises(OSError, match="the body's own") as caught,
        exclusive_lock(tmp_path / "lock", "run one"),
    ):
        raise OSError("the body's own")
    assert type(caught.value) is OSError
    with exclusive_lock(tmp_path / "lock", "run one"):
        pass


def test_a_child_that_outlives_the_owner_does_not_keep_the_lock(tmp_path):
    with exclusive_lock(tmp_path / "lock", "run one"):
        child = start("import sys; print(1, flush=True); sys.stdin.readline()")
        assert child.stdout.readline() == "1\n"
    with exclusive_lock(tmp_path / "lock", "run one"):
        pass
    child.communicate("\n")


WRITE = """
import resource, sys
from pathlib import Path
from harness.ledger import write_durably
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
write_durably(Path(sys.argv[1]), b"x" * 20)
"""


def test_a_durable_write_happens_whole_or_not_at_all(tmp_path):
    path = tmp_path / "evidence ü.json"
    write_durably(path, b"old")
    process = start(WRITE, path)
    assert "free disk space" in process.communicate()[1]
    assert path.read_bytes() == b"old"
    write_durably(path, b"")
    assert path.read_bytes() == b""
    assert [place.name for place in tmp_path.iterdir()] == [path.name], "no temporary file is left"
    with pytest.raises(ArdentError, match="No such file"):
        write_durably(tmp_path / "missing/x", b"")


def test_the_page_of_the_ledger_names_every_field_and_version():
    page = (Path(__file__).parents[2] / "docs" / "ledger.md").read_text()
    fields = {field.name for field in dataclasses.fields(Experiment)}
    table = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = {name for cell in table for name in cell.split("`")[1::2]}
    assert named == fields
    assert f"version of this table: {SCHEMA}." in page
    assert SCHEMA == max(ADDED) == Experiment.__dataclass_fields__["schema"].default
    for _, name in (added for fields in ADDED.values() for added in fields):
        assert f"`{name}`" in page or (name.startswith("lost_") and "`lost_...`" in page), name
