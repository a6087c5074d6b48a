"""The zygote: it serves, is replaced, confines as it must or refuses, and leaves nothing."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from harness import confine, measure, sandbox
from harness.errors import ArdentError
from harness.sandbox import ChildError, Limits
from harness.sandbox.zygote import Nursery, Zygote
from harness.task import derive_seed, draw
from tests.harness.bench import TINY, learner, net
from tests.harness.loops import wait_until

LIMITS = Limits(20, 512)
ROOT = Path(__file__).resolve().parents[2]
PR_GET_DUMPABLE = 3
OPTIONAL = frozenset(confine.OPTIONAL)


@pytest.fixture
def nursery():
    """A function that makes a nursery; all are stopped at the end."""
    made = []

    def make(**options):
        made.append(Nursery(**options))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def load(child, program=None):
    program = program or learner()
    child.request(
        "load",
        modules=dict(program.modules),
        method=program.method,
        hyperparameters=dict(program.hyperparameters),
        n_bits=8,
        k_sparse=2,
        seed=1,
    )


def is_alive(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def trained(nursery):
    """Predictions of a trained net, and its counters, in children of that nursery."""
    drawn = draw(TINY, derive_seed(b"tests of the zygote", "0"))
    with sandbox.start(LIMITS, nursery=nursery) as child:
        load(child, net())
        progress = measure.train(child, drawn, TINY)
        return progress.digest.hexdigest(), measure.read_counters(child, solved=progress.solved)


# -- layers ---


def test_measurement_is_the_same_with_and_without_the_optional_layers(nursery):
    assert trained(nursery(off=OPTIONAL)) == trained(nursery())


@pytest.mark.parametrize("layer", sorted(OPTIONAL))
def test_layer_that_is_missing_is_not_recorded_and_the_others_are(nursery, layer):
    everything, without = nursery(), nursery(off=[layer])
    for each in (everything, without):
        with sandbox.start(LIMITS, nursery=each) as child:
            load(child)
    depending = {"empty root"} if layer == "namespaces" else set()
    assert set(without.layers) == set(everything.layers) - {layer} - depending


@pytest.mark.parametrize("layer", sorted(confine.REQUIRED))
def test_no_candidate_runs_without_a_required_layer(nursery, layer):
    with pytest.raises(ArdentError, match=f"lacks {layer}; see: python -m harness doctor"):  # noqa: SIM117
        with sandbox.start(LIMITS, nursery=nursery(off=[layer])):
            pytest.fail("it has begun")


def test_required_layer_that_the_kernel_refuses_is_an_error_in_one_line():
    """Here a filter of our own refuses to set resource limits."""
    script = (
        "from harness import sandbox\n"
        "from harness.confine import seccomp, syscalls\n"
        "from harness.errors import ArdentError\n"
        "filter = [*seccomp._preamble(), *seccomp._each(['prlimit64'], seccomp.REFUSE), seccomp._give(seccomp.ALLOW)]\n"
        "syscalls.prctl(38, 1)\n"
        "seccomp.install(seccomp._encoded(filter))\n"
        "try:\n"
        "    with sandbox.start(sandbox.Limits(5, 512)):\n"
        "        print('it has begun')\n"
        "except ArdentError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("the sandbox cannot be set up: rlimits: ")
    assert done.stdout.count("\n") == 1


def test_parent_cannot_be_looked_into_while_a_child_runs(nursery):
    libc = ctypes.CDLL(None)
    before = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    mine = nursery()
    with sandbox.start(LIMITS, nursery=mine):
        with sandbox.start(LIMITS, nursery=mine):
            pass
        assert libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
    assert libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == before == 1


# -- one zygote for all ---


def test_one_zygote_serves_children_of_two_threads_at_once(nursery):
    mine, pids = nursery(), []
    both = threading.Barrier(2)

    def work():
        with sandbox.start(LIMITS, nursery=mine) as child:
            load(child)
            both.wait(20)
            pids.append(child._process.pid)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2
    assert not any(map(is_alive, pids))


def test_zygote_that_was_killed_is_replaced(nursery):
    mine = nursery()
    with sandbox.start(LIMITS, nursery=mine) as child:
        load(child)
    first = mine._zygote.process
    first.kill()
    first.wait()
    with sandbox.start(LIMITS, nursery=mine) as child:
        load(child)
    assert mine._zygote.process.pid != first.pid


def test_child_dies_with_its_zygote_and_its_request_ends(nursery):
    endless = learner(init="while True:\n    pass")
    mine = nursery()
    with sandbox.start(Limits(60, 512), nursery=mine) as child:
        threading.Timer(0.3, mine._zygote.process.kill).start()
        with pytest.raises(ChildError, match="ended without an answer"):
            load(child, endless)
        wait_until(lambda: not is_alive(child._process.pid))


def test_zygote_is_fresh_after_so_many_runs_and_the_old_one_ends_with_its_last_child(nursery):
    mine = nursery(most_runs=2)
    with sandbox.start(LIMITS, nursery=mine) as first:
        old = mine._zygote.process
        for _ in range(2):
            with sandbox.start(LIMITS, nursery=mine) as child:
                load(child)
        assert mine._zygote.process.pid != old.pid
        load(first)
        assert old.poll() is None
    assert old.returncode is not None


def test_run_that_is_forgotten_is_killed():
    with closing(Zygote()) as zygote:
        run = zygote.begin(512, 20)
        for sock in (run.socket, run._report):
            sock.close()
        os.close(run._errors)
        wait_until(lambda: not is_alive(run.pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_zygote_and_child_die_with_the_parent(number):
    script = (
        "import time\n"
        "from harness import sandbox\n"
        "with sandbox.start(sandbox.Limits(60, 512)) as child:\n"
        "    print(child._process.pid, sandbox.NURSERY._zygote.process.pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert all(map(is_alive, pids))
        parent.send_signal(number)
    wait_until(lambda: not any(map(is_alive, pids)))


def test_many_runs_leave_no_descriptor(nursery):
    mine = nursery()
    with sandbox.start(LIMITS, nursery=mine) as child:
        load(child)
    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(50):
        with sandbox.start(LIMITS, nursery=mine):
            pass
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_two_measurements_in_one_zygote_are_the_same_as_in_two(nursery):
    mine = nursery()
    assert trained(mine) == trained(mine) == trained(nursery())
