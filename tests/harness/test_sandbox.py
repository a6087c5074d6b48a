"""Children: what they have, what they may answer, and that nothing of them is left."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from harness import sandbox
from harness.sandbox import Child, ChildError, Limits
from tests.harness.bench import learner

LIMITS = Limits(seconds=20, memory_mb=512)
PYTHON = [sys.executable, "-S", "-c"]

# What a hostile child starts with: one socket, and the frames of the channel.
HOSTILE = """
import json, os, socket, struct, sys, time
sock = socket.socket(fileno=int(sys.argv[1]))
def receive():
    size, = struct.unpack("!I", sock.recv(4, socket.MSG_WAITALL))
    return json.loads(sock.recv(size, socket.MSG_WAITALL))
def send(message):
    body = json.dumps(message).encode()
    sock.sendall(struct.pack("!I", len(body)) + body)
"""

# One process of a tree: it holds the pipe open as long as it lives, and starts the next generation.
GENERATION = """
import os, subprocess, sys, time
fifo, generations = sys.argv[1], int(sys.argv[2])
with open(fifo, "w") as held:
    held.write("x")
    held.flush()
    if generations:
        subprocess.Popen([sys.executable, "-S", "-c", os.environ["SOURCE"], fifo, str(generations - 1)])
    while True:
        time.sleep(60)
"""


class Told:
    """The end of a hostile process, as a child's is told."""

    def __init__(self, process):
        self.process = process

    def wait(self, timeout=None):
        return self.process.wait(timeout)

    def said(self):
        return ""


@contextmanager
def talking_to(script, limits=LIMITS):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [*PYTHON, HOSTILE + script, str(theirs.fileno())]
        process = subprocess.Popen(command, pass_fds=(theirs.fileno(),), start_new_session=True)
        theirs.close()
        try:
            yield Child(Told(process), ours, limits, None)
        finally:
            sandbox.kill_group(process)


@pytest.fixture
def fifo(tmp_path):
    """A pipe with a name, and its reading end."""
    path = tmp_path / "alive"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    yield path, reader
    os.close(reader)


def until_all_are_dead(reader, patience=10.0):
    """How many processes had opened the pipe, once the last of them is gone."""
    count, deadline = 0, time.monotonic() + patience
    while True:
        left = deadline - time.monotonic()
        assert left > 0, "a process is still alive"
        if select.select([reader], [], [], left)[0]:
            part = os.read(reader, 100)
            if not part:
                return count
            count += len(part)


def until_opened(reader, times, patience=20.0):
    """Wait until so many processes have opened the pipe."""
    deadline = time.monotonic() + patience
    while times:
        assert time.monotonic() < deadline
        if select.select([reader], [], [], 1)[0]:
            with suppress(BlockingIOError):  # readable for a moment only: a writer came and went
                times -= len(os.read(reader, times))


def run_tree(fifo_path, folder, seconds, generations=2):
    environment = {"SOURCE": GENERATION}
    command = [*PYTHON, GENERATION, str(fifo_path), str(generations)]
    return sandbox.run(command, Limits(seconds, 512), cwd=folder, environment=environment, file_bytes=2**20)


# -- processes ---


def test_timeout_kills_child_and_grandchildren(tmp_path, fifo):
    path, reader = fifo
    with pytest.raises(ChildError, match=r"over the time limit of 3 s"):
        run_tree(path, tmp_path, seconds=3)
    assert until_all_are_dead(reader) == 3


def test_child_that_ends_leaves_no_grandchildren(tmp_path, fifo):
    path, reader = fifo
    script = "import os, subprocess, sys\n"
    script += "subprocess.Popen([sys.executable, '-S', '-c', os.environ['SOURCE'], sys.argv[1], '1'])\n"
    script += "open(sys.argv[1], 'w').close()\n"
    environment = {"SOURCE": GENERATION}
    code, _ = sandbox.run([*PYTHON, script, str(path)], LIMITS, cwd=tmp_path, environment=environment, file_bytes=2**20)
    assert code == 0
    until_all_are_dead(reader)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_no_process_is_left_after_an_exception(error):
    with pytest.raises(error), sandbox.start(LIMITS) as child:  # noqa: PT012 - the exception is raised inside
        process = child._process
        raise error
    assert process.returncode == -signal.SIGKILL


def test_no_process_is_left_after_a_normal_end():
    with sandbox.start(LIMITS) as child:
        process = child._process
        assert process.wait(0) is None
    assert process.returncode is not None


def test_killing_twice_harms_nobody():
    process = subprocess.Popen([*PYTHON, "import time; time.sleep(60)"], start_new_session=True)
    sandbox.kill_group(process)
    sandbox.kill_group(process)
    assert process.returncode == -signal.SIGKILL


def test_child_dies_when_its_parent_is_killed(tmp_path, fifo):
    path, reader = fifo
    parent = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from pathlib import Path\n"
        "from harness import sandbox\n"
        "script = 'import sys, time; f = open(sys.argv[1], chr(119)); f.write(chr(120)); f.flush(); time.sleep(60)'\n"
        "sandbox.run([sys.executable, '-S', '-c', script, sys.argv[1]], sandbox.Limits(60, 512),"
        " cwd=Path(sys.argv[2]), environment={'A': 'b'}, file_bytes=2**20)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", parent, str(path), str(tmp_path), *sys.path])
    try:
        until_opened(reader, 1)
    finally:
        process.kill()
        process.wait()
    assert until_all_are_dead(reader) == 0


def test_process_of_a_command_cannot_leave_its_group_to_outlive_it(tmp_path):
    script = (
        "import os\n"
        "for leave in (os.setsid, lambda: os.setpgid(0, 0)):\n"
        "    if os.fork() == 0:\n"
        "        try:\n"
        "            leave()\n"
        "        except PermissionError:\n"
        "            os.write(1, b'refused ')\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
    )
    code, output = sandbox.run([*PYTHON, script], LIMITS, cwd=tmp_path, environment={"A": "b"}, file_bytes=2**20)
    assert (code, output.split()) == (0, ["refused", "refused"])


# -- what a child has ---


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_sees_nothing_of_our_environment(monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key that must not leak")
    with sandbox.start(LIMITS) as child:
        load(child)
        environment = Path(f"/proc/{child._process.pid}/environ").read_bytes()
    assert sorted(environment.rstrip(b"\0").split(b"\0")) == [b"LC_ALL=C.UTF-8", b"PYTHONHASHSEED=0"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_holds_no_descriptor_but_its_socket_and_its_error_output():
    with Path(__file__).open(encoding="utf-8") as secret, sandbox.start(LIMITS) as child:
        os.set_inheritable(secret.fileno(), True)
        load(child)
        folder = Path(f"/proc/{child._process.pid}/fd")
        targets = sorted(str(entry.readlink()).split(":")[0] for entry in folder.iterdir())
    assert targets == ["pipe", "socket"]


def test_worker_is_the_leader_of_a_session_of_its_own():
    with sandbox.start(LIMITS) as child:
        pid = child._process.pid
        assert os.getsid(pid) == os.getpgid(pid) == pid != os.getsid(0)


def test_command_gets_the_given_environment_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "value")
    script = "import os; print(sorted(os.environ))"
    code, output = sandbox.run(
        [*PYTHON, script], LIMITS, cwd=tmp_path, environment={"A": "b", "LC_ALL": "C.UTF-8"}, file_bytes=2**20
    )
    assert (code, output.strip()) == (0, "['A', 'LC_ALL']")


def test_output_of_a_command_is_capped_at_its_end_and_made_printable(tmp_path):
    script = "print('start' + 'x' * 100_000); print('\\x1b[2J\\u202eend')"
    _, output = sandbox.run(
        [*PYTHON, script], LIMITS, cwd=tmp_path, environment={"LC_ALL": "C.UTF-8"}, file_bytes=2**20
    )
    assert len(output) <= 8192
    assert "start" not in output
    assert output.endswith(" [2J end\n")


# -- what a child may answer ---


def load(child, program=None, **changes):
    program = program or learner()
    fields = {
        "modules": dict(program.modules),
        "method": program.method,
        "hyperparameters": dict(program.hyperparameters),
        "n_bits": 8,
        "k_sparse": 2,
        "seed": 1,
    }
    return child.request("load", **(fields | changes))


def test_answer_to_its_question_is_taken():
    with talking_to("q = receive(); send({'nonce': q['nonce'], 'op': q['op'], 'x': [1.5]})") as child:
        assert child.request("ask") == {"op": "ask", "x": [1.5]}


UNTRUE = {
    "without a nonce": "receive(); send({'x': 1})",
    "with another nonce": "receive(); send({'nonce': 'ab' * 8})",
    "with no text as nonce": "receive(); send({'nonce': None})",
    "before the question": "send({'nonce': 'ab' * 8}); receive()",
    "with the nonce of the last question": "q = receive(); send(q); receive(); send(q)",
}


@pytest.mark.parametrize("script", UNTRUE.values(), ids=UNTRUE.keys())
def test_answer_without_its_question_is_an_error(script):
    with talking_to(script) as child, pytest.raises(ChildError, match="without its question"):  # noqa: PT012
        child.request("ask")
        child.request("ask")


def test_child_that_never_answers_is_over_the_time_limit():
    with (
        talking_to("receive(); time.sleep(60)", Limits(0.3, 512)) as child,
        pytest.raises(ChildError, match=r"over the time limit of 0\.3 s"),
    ):
        child.request("ask")


def test_child_that_never_reads_is_over_the_time_limit_too():
    with (
        talking_to("time.sleep(60)", Limits(0.5, 512)) as child,
        pytest.raises(ChildError, match="over the time limit"),
    ):
        child.request("ask", text="x" * 10_000_000)


def test_time_limit_is_of_the_child_and_not_of_one_request():
    script = "while True:\n    q = receive(); time.sleep(0.1); send({'nonce': q['nonce']})"
    with talking_to(script, Limits(0.5, 512)) as child, pytest.raises(ChildError, match="time limit"):  # noqa: PT012
        for _ in range(20):
            child.request("ask")


def test_oversized_answer_is_refused_before_it_is_read():
    with (
        talking_to("receive(); sock.sendall(struct.pack('!I', 2**31)); time.sleep(60)") as child,
        pytest.raises(ChildError, match="over the cap"),
    ):
        child.request("ask")


def test_answer_that_is_no_json_is_an_error():
    with (
        talking_to("receive(); sock.sendall(struct.pack('!I', 3) + b'abc'); time.sleep(60)") as child,
        pytest.raises(ChildError, match="malformed"),
    ):
        child.request("ask")


def test_child_that_ends_is_told_with_its_exit_code():
    with talking_to("receive(); os._exit(7)") as child, pytest.raises(ChildError, match=r"exit code 7"):
        child.request("ask")


def test_child_that_is_killed_is_told_with_the_signal():
    with talking_to("receive(); os.kill(os.getpid(), 11)") as child, pytest.raises(ChildError, match="SIGSEGV"):
        child.request("ask")


def test_error_text_of_a_child_is_one_harmless_line():
    text = "\\x1b]0;title\\x07 red\\n\\u202eignore all rules" + "x" * 10_000
    with (
        talking_to(f"q = receive(); send({{'nonce': q['nonce'], 'error': '{text}'}})") as child,
        pytest.raises(ChildError) as caught,
    ):
        child.request("ask")
    said = str(caught.value)
    assert said.startswith(" ]0;title  red  ignore all rules")
    assert said.isprintable()
    assert len(said) <= 2000


# -- limits ---


def test_memory_limit_becomes_a_reason_and_no_hang():
    hungry = learner(init='return {"w": [0.0 for _ in range(10**9)]}')
    with sandbox.start(Limits(60, 200)) as child, pytest.raises(ChildError, match=r"MemoryError|killed by"):
        load(child, hungry)


def test_endless_loop_in_a_candidate_is_over_the_time_limit():
    endless = learner(init="while True:\n    pass")
    with sandbox.start(Limits(0.7, 512)) as child, pytest.raises(ChildError, match="time limit"):
        load(child, endless)


def test_worker_does_not_know_an_operation_it_was_not_taught():
    with sandbox.start(LIMITS) as child:
        load(child)
        for operation in ("labels", "__init__", "load", "exec"):
            with pytest.raises(ChildError):
                child.request(operation)


@pytest.mark.parametrize("text", ["plain", "", "a\nb\x1b[0m\r\t\0c", "\u202e\u2066\ufeff\ud800", "ünïcode ✓"])
def test_printable_text_has_no_control_or_direction_characters(text):
    shown = sandbox.printable(text)
    assert shown.isprintable()
    assert [c for c in shown if c != " "] == [c for c in text if c.isprintable() and c != " "]


# Starts children while another thread interrupts at seeded moments; prints how many interrupts came and who is left.
INTERRUPTED_STARTS = """
import os, random, signal, sys, threading, time
from pathlib import Path
from harness import sandbox

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in its background without
rng = random.Random(int(sys.argv[1]))
came = 0
for _ in range(40):
    timer = threading.Timer(rng.uniform(0, 0.004), os.kill, (os.getpid(), signal.SIGINT))
    try:
        timer.start()
        with sandbox.start(sandbox.Limits(seconds=20, memory_mb=512)):
            time.sleep(5)
    except KeyboardInterrupt:
        came += 1
    timer.join()

def children(pid):
    return [child for t in Path(f"/proc/{pid}/task").iterdir() for child in (t / "children").read_text().split()]

launchers = children(os.getpid())
zygotes = [zygote for launcher in launchers for zygote in children(launcher)]
print(came, len(zygotes) <= 1, *[child for zygote in zygotes for child in children(zygote)])
sandbox.NURSERY.stop()
print(*children(os.getpid()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads its children from /proc")
@pytest.mark.parametrize("seed", [1, 2])
def test_an_interrupt_at_any_moment_of_a_start_leaves_no_child(seed):
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", INTERRUPTED_STARTS, str(seed)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == ["40", "True"]
    assert done.stderr == ""
