"""The doctor: it finds the sandbox as it is, and notices every layer that only claims to be there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import confine, doctor
from harness.commands.doctor import REMEDIES, exit_code, sandbox_rows, show
from harness.doctor.probes import LETTERS, PROBES, SHORT, SLOW

ROOT = Path(__file__).resolve().parents[2]
NAMES = [probe.name for probe in PROBES]
# What a user who is not root cannot be shown: the layer is there, or it is not needed.
NOT_FOR_USERS = {"nobody"} if os.geteuid() else set()


@pytest.fixture(scope="module")
def healthy():
    return doctor.examine()


def test_there_are_many_probes_with_names_of_their_own():
    assert len(set(NAMES)) == len(NAMES) >= 60
    assert set(NAMES) >= SHORT | SLOW


def test_every_layer_has_probes_and_something_to_do_when_it_is_missing():
    layers = {*confine.REQUIRED, *confine.OPTIONAL}
    assert set(LETTERS.values()) == set(REMEDIES) == layers
    assert {layer for probe in PROBES for layer in probe.layers} == layers


def test_every_escape_that_works_here_is_stopped(healthy):
    found = {tried.probe: tried.found for tried in healthy.probes}
    assert [name for name, what in found.items() if what == "ESCAPED"] == []
    assert sum(what == "stopped" for what in found.values()) >= 55
    assert healthy.holds


def test_required_layers_stop_alone_all_that_is_theirs(healthy):
    assert {a.layer: a.through for a in healthy.alone if a.is_required and a.through} == {}
    assert {a.layer for a in healthy.alone if a.in_force} >= confine.REQUIRED


@pytest.mark.parametrize("layer", sorted(confine.REQUIRED))
def test_required_layer_that_only_claims_to_be_in_force_makes_the_doctor_refuse(layer):
    rows = {row.name: row for row in sandbox_rows(hollow=(layer,), layers=(layer,)) if row.group == "layer"}
    assert rows[layer].status == "FAILS"
    assert rows[layer].do == REMEDIES[layer]
    assert exit_code(list(rows.values())) == 2


@pytest.mark.parametrize("layer", sorted(set(confine.OPTIONAL) - NOT_FOR_USERS))
def test_optional_layer_that_only_claims_to_be_in_force_is_noticed_behind_the_others(healthy, layer):
    if layer not in healthy.layers:
        pytest.skip(f"{layer} is not to be had here")
    rows = {row.name: row for row in sandbox_rows(hollow=(layer,), layers=(layer,)) if row.group == "layer"}
    assert rows[layer].status == "FAILS"


def test_layers_that_are_missing_are_told_apart_by_what_they_mean(capsys):
    rows = sandbox_rows(off=confine.OPTIONAL)
    statuses = {row.name: row.status for row in rows if row.group == "layer"}
    assert {statuses[layer] for layer in set(confine.OPTIONAL) - NOT_FOR_USERS} == {"missing"}
    assert {statuses[layer] for layer in confine.REQUIRED} == {"ok"}
    assert exit_code(rows) == 1  # seccomp and the limits hold without the others
    show(rows, 1)
    shown = capsys.readouterr().out
    assert "the sandbox holds, but something optional is missing" in shown
    assert REMEDIES["landlock"] in shown


def test_required_layer_that_is_missing_refuses():
    rows = sandbox_rows(off=("seccomp",), layers=("seccomp", "closed descriptors"))
    assert {row.name: row.status for row in rows}["seccomp"] == "FAILS"
    assert exit_code(rows) == 2


def test_command_prints_strict_json_and_never_a_key():
    environment = {**os.environ, "ANTHROPIC_API_KEY": "sk-ant-a-key-that-must-not-be-printed"}
    command = [sys.executable, "-m", "harness", "doctor", "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    assert done.returncode == told["exit_code"] in {0, 1}
    assert {row["group"] for row in told["rows"]} == {"machine", "layer", "probe", "tool", "model"}
    assert {row["name"]: row["says"] for row in told["rows"]}["key"].startswith("set, ")
    assert all(row["do"] for row in told["rows"] if row["status"] in {"FAILS", "missing"})
    assert "sk-ant-a-key" not in done.stdout + done.stderr


def test_short_form_tries_a_few_of_each_family():
    brief = doctor.examine_briefly()
    assert {tried.probe for tried in brief.probes} == SHORT
    assert brief.holds
    assert "escapes stopped; layers: " in brief.summary()


# As Docker's default profile on an old kernel: no namespace can be made, and there is no Landlock.
BARE = """
import errno, json
from harness.confine import seccomp, syscalls

def refused(name, code):
    return seccomp._each([name], 0x00050000 | code)

none = [refused(name, errno.ENOSYS) for name in syscalls._NUMBERS if name.startswith("landlock")]
rules = [*refused("unshare", errno.EPERM), *[i for rule in none for i in rule], seccomp._give(seccomp.ALLOW)]
syscalls.prctl(38, 1)
seccomp.install(seccomp._encoded([*seccomp._preamble(), *rules]))
from harness.commands.doctor import exit_code, sandbox_rows
from harness.sandbox import layers
chosen = ("landlock", "namespaces", "empty root", "rlimits", "closed descriptors", "empty environment")
rows = sandbox_rows(layers=chosen)
missing = {row.name: row.status for row in rows if row.status in ("FAILS", "missing")}
print(json.dumps([exit_code(rows), missing, layers()]))
"""


def test_sandbox_holds_where_there_are_neither_namespaces_nor_landlock():
    done = subprocess.run([sys.executable, "-c", BARE], cwd=ROOT, capture_output=True, text=True, check=True)
    code, missing, in_force = json.loads(done.stdout)
    assert missing == dict.fromkeys(("landlock", "namespaces", "empty root"), "missing")
    assert code == 1
    assert "seccomp" in in_force
    assert "landlock" not in in_force
