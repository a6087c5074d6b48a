"""What a method records is compared with what it touches: no buffer, and no pass over one, may be left out.

The published per-layer gain was nothing but missing records, so this looks at the real accesses. A method's module is
compiled with every list of its own given its variable's name, and the state's lists and numbers are given theirs; each
counts the reads and writes of its elements. Does not cover: how often a list that a method makes and drops is passed
over (`h1` in one sum of squares), nor the order, which test_published_ard.py pins for backprop's variants.
"""

import ast
import random
from collections import Counter
from pathlib import Path

import pytest

import sparse_parity
from sparse_parity.data import generate
from sparse_parity.protocol import list_methods
from sparse_parity.published import PERLAYER_AS_PUBLISHED
from sparse_parity.studies.tiled import TiledW1
from sparse_parity.tracker import NO_TRACKER

PACKAGE = Path(sparse_parity.__file__).parent
HP = {"hidden": 6, "lr": 0.05, "wd": 0.02}
N_BITS, TILE = 5, 3
COUNTERS = {"seen", "fired"}  # of a batch: two numbers beside thousands
AGAIN = {"x", "labelled", "unit", "h1", "h2"}  # each unit reads its layer's inputs again; the record is one read a pass


class Touches:
    """Reads and writes by buffer and element."""

    def __init__(self):
        self.reads, self.writes = Counter(), Counter()

    def most(self, counts):
        """The largest count of any element, by buffer."""
        found = Counter()
        for (name, _), count in counts.items():
            found[name] = max(found[name], count)
        return found


class Watched(list):
    """A list that tells its touches; rows of a matrix share its name."""

    def __init__(self, name, values, touches, place=()):
        self.name, self.touches, self.place = name, touches, place
        super().__init__(self._row(i, value) for i, value in enumerate(values))

    def _row(self, i, value):
        is_row = isinstance(value, list)
        return Watched(self.name, list.__iter__(value), self.touches, (*self.place, i)) if is_row else value

    def _tell(self, counts, i):
        if not isinstance(list.__getitem__(self, i), list):
            counts[self.name, (*self.place, i)] += 1

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        self._tell(self.touches.reads, i)
        return super().__getitem__(i)

    def __iter__(self):
        for i in range(len(self)):
            yield self[i]

    def __setitem__(self, i, value):
        if isinstance(i, slice):
            for k, each in zip(range(*i.indices(len(self))), value, strict=True):
                self[k] = each
            return
        row = self._row(i, value)
        super().__setitem__(i, row)
        self._tell(self.touches.writes, i)
        for k in range(len(row)) if isinstance(row, list) else ():
            row._tell(self.touches.writes, k)

    def __add__(self, other):
        return [*self, *other]

    def __radd__(self, other):
        return [*other, *self]


class WatchedState(dict):
    """A record whose numbers tell their touches."""

    def __init__(self, values, touches):
        watched = {k: Watched(k, v, touches) if isinstance(v, list) else v for k, v in values.items()}
        super().__init__(watched)
        self.touches = touches

    def __getitem__(self, name):
        value = super().__getitem__(name)
        if not isinstance(value, list):
            self.touches.reads[name, ()] += 1
        return value

    def __setitem__(self, name, value):
        self.touches.writes[name, ()] += 1
        super().__setitem__(name, value)


class Naming(ast.NodeTransformer):
    """`h = [...]` becomes `h = watch("h", [...])`, in functions."""

    def visit_Assign(self, node):
        if len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = ast.Constant(node.targets[0].id)
            node.value = ast.Call(ast.Name("watch", ast.Load()), [name, node.value], [])
        return node


def compile_watched(name, touches):
    """The functions of a method and of all that it imports of the package, in one namespace."""

    def watch(variable, value):
        if type(value) is not list:
            return value
        touches.writes[variable, ()] += 1
        return Watched(variable, value, touches)

    namespace = {"watch": watch}
    for path in ("model", "methods.standard", "methods.minibatch", f"methods.{name}"):
        tree = ast.parse((PACKAGE / f"{path.replace('.', '/')}.py").read_text(encoding="utf-8"))
        mine = [n for n in tree.body if not (isinstance(n, ast.ImportFrom) and n.module.startswith("sparse_parity"))]
        tree.body = [Naming().visit(n) if isinstance(n, ast.FunctionDef) else n for n in mine]
        namespace["NO_TRACKER"] = NO_TRACKER
        exec(compile(ast.fix_missing_locations(tree), path, "exec"), namespace)  # noqa: S102 - the package's own source
    return namespace


class Events:
    """A tracker that keeps its calls from the first read on: what comes before is the stamp, which moves nothing."""

    def __init__(self):
        self.calls = []

    def read(self, name, size):
        assert size > 0
        self.calls.append(("read", name))

    def write(self, name, size):
        assert size > 0
        if self.calls:
            self.calls.append(("write", name))


def run_step(name, seed=1):
    """The touches of one step that learns, the one that fills a batch, and the method's own records of it."""
    touches = Touches()
    method = compile_watched(name, touches)
    state = method["init"](N_BITS, 2, HP, random.Random(seed))
    xs, ys, _ = generate(N_BITS, 2, 32, seed)
    for x, y in zip(xs[:31], ys, strict=False):
        method["step"](state, x, y, HP)
    touches.reads.clear()
    touches.writes.clear()
    events = Events()
    method["step"](WatchedState(state, touches), Watched("x", xs[31], touches), ys[31], HP, events)
    assert touches.most(touches.writes)["W1"], "the step learns"
    return touches, events.calls


def missing(touched, calls, operation):
    """By buffer, the passes that were made and not recorded."""
    told = Counter(name for kind, name in calls if kind == operation)
    names = touched.keys() - COUNTERS - AGAIN
    return {name: touched[name] - told[name] for name in names if touched[name] > told[name]}


@pytest.mark.parametrize("name", list_methods())
def test_every_pass_over_a_buffer_is_recorded(name):
    touches, calls = run_step(name)
    assert missing(touches.most(touches.reads), calls, "read") == {}
    assert missing(touches.most(touches.writes), calls, "write") == {}
    assert AGAIN & touches.most(touches.reads).keys() - {"labelled"} <= {buffer for _, buffer in calls}


@pytest.mark.parametrize("name", list_methods())
def test_no_pass_over_the_state_is_recorded_that_was_not_made(name):
    touches, calls = run_step(name)
    for operation, touched in (("read", touches.most(touches.reads)), ("write", touches.most(touches.writes))):
        told = Counter(buffer for kind, buffer in calls if kind == operation and buffer in touched.keys() - AGAIN)
        more = {buffer: count - touched[buffer] for buffer, count in told.items() if count > touched[buffer]}
        # per-layer holds a weight in a scalar for two uses, and records both, as standard has them
        assert more == ({"W2": 1} if (name, operation) == ("perlayer", "read") else {})


@pytest.mark.parametrize("name", ["standard", "fused", "grokfast", "minibatch", "sign_sgd"])
def test_leaving_out_any_one_record_of_a_list_is_found(name):
    touches, calls = run_step(name)
    reads, writes = touches.most(touches.reads), touches.most(touches.writes)
    known = {("read", buffer) for buffer in reads.keys() - AGAIN - COUNTERS}
    known |= {("write", buffer) for buffer in writes.keys() - COUNTERS}
    assert len(known) > 15
    for call in known:
        without = calls.copy()
        without.remove(call)
        assert missing(reads, without, "read") or missing(writes, without, "write"), call


def test_the_published_per_layer_list_is_found_out():
    touches, _ = run_step("fused")
    published = [tuple(event.split()) for event in PERLAYER_AS_PUBLISHED.split(", ")]
    found = missing(touches.most(touches.reads), published, "read")
    assert found == {"dW2": 1, "dh": 1, "dh_pre": 2}


def test_the_tiled_update_records_every_pass_over_each_tile():
    touches, method, events = Touches(), TiledW1(TILE), Events()
    state = WatchedState(method.init(N_BITS, 2, HP, random.Random(1)), touches)
    xs, ys, _ = generate(N_BITS, 2, 1, seed=1)
    method.step(state, xs[0], ys[0], HP, events)
    assert any(name == "W1" for name, _ in touches.writes), "the step learns"
    for operation, touched in (("read", touches.reads), ("write", touches.writes)):
        told = Counter(name for kind, name in events.calls if kind == operation)
        for (name, place), count in touched.items():
            tile = f"{name}[{place[0] // TILE}]" if name in {"W1", "b1"} else name
            assert told[tile] >= count > 0, (operation, name, place)
