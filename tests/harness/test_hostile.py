"""Whatever a candidate does: a reason with its own last words, and the next one measures what it measured before."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness import measure, sandbox
from harness.measure import Failure, Measurement
from harness.task import derive_seed, draw
from tests.harness.bench import TINY, learner, net

# The policy refuses every line of these. They are what a hole in it could let through: each finds the os module.
FINDS_OS = """
for kind in ().__class__.__base__.__subclasses__():
    if kind.__name__ == "_wrap_close":
        os = kind.__init__.__globals__
modules = os["sys"].modules
"""
CALM = replace(TINY, time_limit_s=1.5, memory_mb=300)

# What it does in `init`, and what is said of it.
HOSTILE = {
    "raises": ("x = 1 / 0", r"ZeroDivisionError: division by zero \(sparse_parity/methods/small\.py:8\)"),
    "hangs": ("while True:\n    pass", r"over the time limit of 1\.5 s"),
    "hangs in C": ("x = sum(range(10**15))", r"over the time limit of 1\.5 s"),
    "segfaults": (
        'modules["faulthandler"]._sigsegv()',
        r"killed by SIGSEGV \(a crash\): Fatal Python error: Segmentation fault; File .*small\.py.*, line 8 in init",
    ),
    "aborts": ('os["abort"]()', r"killed by SIGABRT \(a crash\): Fatal Python error: Aborted; File .*line 8 in init"),
    "exhausts memory": ("x = sum(b'x' * 10**9)", "MemoryError"),
    "ends": ('os["_exit"](0)', r"ended without an answer \(exit code 0\)$"),
    "ends with last words": (
        'os["write"](2, b"first\\nso it ends\\x1b[2J\\n")\nos["_exit"](3)',
        r"ended without an answer \(exit code 3\): so it ends \[2J$",
    ),
    "exits": ('raise modules["builtins"].SystemExit(5)', r"ended without an answer \(exit code 1\): SystemExit: 5"),
    "forks": ('x = os["fork"]()', r"PermissionError: os\.fork: a candidate has only its own memory"),
    "runs a program": ('os["execv"]("/bin/true", ("true",))', r"PermissionError: os\.exec"),
    "opens a file": ('os["open"]("/etc/passwd", 0)', r"PermissionError: open"),
    "looks for its files": ('os["listdir"]("/")', r"PermissionError: os\.listdir"),
    "kills the zygote": ('os["kill"](os["getppid"](), 9)', r"PermissionError: os\.(kill|getppid)|Operation not perm"),
    "makes a descriptor": ('os["pipe"]()', r"PermissionError: \[Errno 1\] Operation not permitted"),
    "floods its error output": (
        'for _ in range(1000):\n    os["write"](2, b"flood\\n" * 10000)',
        r"BlockingIOError|PermissionError",
    ),
    "floods its socket": ('for _ in range(1000):\n    os["write"](3, b"flood\\n" * 10000)', "over the cap"),
    "answers for the harness": ('os["write"](3, b"\\0\\0\\0\\x02{}")', "an answer without its question"),
    "answers what is no answer": ('os["write"](3, b"\\0\\0\\0\\x03[1]")', "malformed message"),
    "prints escape codes": ('raise modules["builtins"].ValueError("\\x1b]0;owned\\x07")', r"ValueError:  \]0;owned "),
}


def measured(program, task=CALM):
    return measure.measure(program, draw(TINY, derive_seed(b"tests of hostile candidates", "0")), task)


@pytest.fixture(scope="module")
def honest():
    """What an honest candidate measures before any other has run."""
    found = measured(net(), TINY)
    assert isinstance(found, Measurement)
    return replace(found, seconds=0)


@pytest.mark.parametrize(("does", "said"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_candidate_has_a_reason_and_changes_nothing_for_the_next(honest, does, said):
    found = measured(learner(init=FINDS_OS + does))
    assert isinstance(found, Failure)
    assert found.reason.isprintable()
    assert re.search(said, found.reason), found.reason
    assert replace(measured(net(), TINY), seconds=0) == honest


def test_hostile_and_honest_at_once_do_not_meet(honest):
    """Both run in forks of one zygote."""
    flood = learner(init=FINDS_OS + HOSTILE["floods its error output"][0])
    drawn = draw(TINY, derive_seed(b"tests of hostile candidates", "0"))
    theirs, ours = measure.measure_both(flood, net(), drawn, TINY)
    assert isinstance(theirs, Failure)
    assert replace(ours, seconds=0) == honest


def left_over():
    """Our descriptors, and the processes below the zygote."""
    zygote = sandbox.NURSERY._zygote
    below = [
        child
        for launched in Path(f"/proc/{zygote.process.pid}/task/{zygote.process.pid}/children").read_text().split()
        for child in Path(f"/proc/{launched}/task/{launched}/children").read_text().split()
    ]
    return sorted(Path("/proc/self/fd").iterdir()), below


@pytest.mark.slow
def test_a_thousand_candidates_a_third_of_them_hostile_leave_nothing_and_change_nothing():
    small = replace(CALM, n_train=60, n_validation=60, n_test=60, check_every=20, max_epochs=1, min_reads=1)
    drawn = draw(small, derive_seed(b"tests of hostile candidates", "0"))
    quick = [does for name, (does, _) in HOSTILE.items() if not name.startswith("hangs")]
    programs = [net(lr=0.1 + n / 100) for n in range(10)]

    def honest(number):
        found = measure.measure(programs[number % 10], drawn, small)
        assert isinstance(found, Measurement)
        return replace(found, seconds=0)

    alone = [honest(number) for number in range(10)]
    before, _ = left_over()
    for number in range(1000):
        if number % 3 == 0:
            found = measure.measure(learner(init=FINDS_OS + quick[number // 3 % len(quick)]), drawn, small)
            assert isinstance(found, Failure)
        else:
            assert honest(number) == alone[number % 10]
    assert left_over() == (before, [])
