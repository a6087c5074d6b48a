"""The worker: runs one candidate on one instance, inside the sandbox. Nobody imports this file.

Started once, as a zygote that has everything a candidate may need loaded; each candidate runs in a fork of it.

It answers `load` (compile the sources and call init), `train` (one step a sample), `predict`, `counters`, and `profile`
if it was loaded for one. It never sees a label of validation or test, nor the secret. Does not cover: what is allowed
to run here.
Usage: see `confine.forkserver`.
"""

import gc
import math
import random
import socket
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from typing import Any

sys.path[:0] = sys.argv[4:]  # started with -S -P: only the harness is found there, and Cython if it is needed

from harness import channel, interpreter, marks, memory_trace, rewrite  # noqa: E402 - all is loaded before it forks
from harness.confine import forkserver  # noqa: E402 - as above

Request = dict[str, Any]

SPENT = ("reads", "writes")  # what is told of a prediction's cost
INTERPRETER_DEPTH = 20_000  # frames; an interpreted one takes two for each level of a candidate's expression
TRACKER_SOURCE = "NO_TRACKER = 0\n"  # tracker calls are removed by the rewriter; the name must only exist


class Session:
    """One candidate, its state and its meter."""

    def __init__(self, request: Request) -> None:
        self.meter = memory_trace.Meter(request["n_bits"])
        held = request.get("profile")  # of a profile: cells by energy level
        marked = marks.mark(request["modules"]) if held is not None else None
        if marked is not None:
            self.meter.begin_profile(len(marked.places), len(marked.holders), marked.fields, tuple(held or ()))
        self.inputs = self.meter.input_buffer()
        modules = request["modules"] | {"sparse_parity.tracker": TRACKER_SOURCE}
        loaded = rewrite.load(modules, self.meter, marked.trees if marked is not None else {})
        method = loaded["sparse_parity.methods." + request["method"]]
        self.hp = types.MappingProxyType(request["hyperparameters"])
        self.step: Callable[..., Any] = method["step"]
        self.predict_one: Callable[..., Any] = method["predict"]
        rng = random.Random(request["seed"])
        self.state = method["init"](request["n_bits"], request["k_sparse"], self.hp, rng)
        self.looking = False

    def answer(self, request: Request) -> Request:
        """What one request after `load` is answered."""
        operations = {
            "train": self.train,
            "predict": self.predict,
            "counters": self.counters,
            "profile": self.profile,
        }
        return operations[request["op"]](request)

    def train(self, request: Request) -> Request:
        """One step a sample, in the order given."""
        meter, step, state, inputs, hp = self.meter, self.step, self.state, self.inputs, self.hp
        self._forget()
        for text, label in zip(request["samples"], request["labels"], strict=True):
            meter.begin_step(decoded(text), float(label))
            returned = step(state, inputs, float(label), hp)
            meter.end_step()
            if returned is not None:
                raise TypeError("step must return nothing")
        return {}

    def predict(self, request: Request) -> Request:
        """One finite float a sample; the state must be the same objects afterwards."""
        self._look()
        before = list(memory_trace.walk(self.state))
        sums = self.meter.counters()
        predictions: list[float] = []
        samples = request["samples"]
        for part in (samples[:1], samples[1:]):  # after the first one too: a change may undo itself by the last
            predictions += [self._prediction(text) for text in part]
            if not same(before, list(memory_trace.walk(self.state))):
                raise ValueError("predict changed the state")
        spent = {name: value - sums[name] for name, value in self.meter.counters().items() if name in SPENT}
        return {"predictions": predictions, "spent": spent}

    def counters(self, request: Request) -> Request:
        """The meter's sums; `solved` tells whether the predictions since the last step count."""
        if not request["solved"]:
            self._forget()
        return self.meter.counters()

    def profile(self, request: Request) -> Request:
        """The sums by place and by buffer; `solved` tells whether the predictions since the last step count."""
        if not request["solved"]:
            self._forget()
        return self.meter.profile()

    def _look(self) -> None:
        """Before the first prediction after a step: the harness may only be looking."""
        if not self.looking:
            self.meter.keep()
            self.looking = True

    def _forget(self) -> None:
        """Predictions after which training goes on, or that no check found right, were looking: see docs/metric.md."""
        if self.looking:
            self.meter.forget()
            self.looking = False

    def _prediction(self, text: str) -> float:
        self.meter.begin_predict(decoded(text))
        value = self.predict_one(self.state, self.inputs, self.hp)
        if type(value) is not float or not math.isfinite(value):
            raise ValueError("predict must return one finite float")
        return value


def decoded(text: str) -> list[float]:
    """Inputs of +1.0 and -1.0 from a string of + and -."""
    return [1.0 if c == "+" else -1.0 for c in text]


def same(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Whether two walks over the state met the same objects: equal is not enough, for 0.0 == -0.0 == False."""
    return len(before) == len(after) and all(
        a is b or (type(a) in {tuple, str} and a == b) for a, b in zip(before, after, strict=True)
    )


def explained(error: Exception) -> str:
    """The error in one line, with the candidate's own line if it came from there."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith("sparse_parity")]
    where = f" ({frames[-1].filename.removesuffix('.py').replace('.', '/')}.py:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}"[:500] + where


def opened(request: Request) -> Session | interpreter.Session:
    """The candidate, compiled over the meter; or interpreted, for a second opinion."""
    if not request.get("interpreted"):
        return Session(request)
    sys.setrecursionlimit(INTERPRETER_DEPTH)
    return interpreter.Session(request)


def serve(sock: socket.socket) -> None:
    """Answer requests until the other side closes."""
    session: Session | interpreter.Session | None = None
    while True:
        try:
            request = channel.receive(sock)
        except channel.ChannelError:
            return
        try:
            if session is None:
                session, answer = opened(request), {}
            else:
                answer = session.answer(request)
        except Exception as error:  # noqa: BLE001 - the boundary to untrusted code: any error is an answer
            answer = {"error": explained(error)}
        channel.send(sock, answer | {"nonce": request["nonce"]})


if __name__ == "__main__":
    gc.disable()  # candidates cannot make cycles; collection would only cost time at random moments
    forkserver.main(serve)
