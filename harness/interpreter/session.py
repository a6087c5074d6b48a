"""One program on one instance, interpreted: it takes the requests that the worker's session takes.

Promises: the same requests have answers of the same shape as the worker's. Does not cover: profiles; limits of memory
and time, which are the child's.
"""

import math
import random
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from harness.interpreter.container import Container
from harness.interpreter.program import Function, load
from harness.interpreter.trace import Trace, walk

BUDGET = 100_000_000  # evaluations of nodes: one to two minutes

SPENT = ("reads", "writes")  # what is told of the cost of predictions

Request = Mapping[str, Any]


class Session:
    """A program that has run `init`, its state, and what was counted."""

    def __init__(self, request: Request) -> None:
        """Load the modules and call `init`. Fields of the request: as of the worker's `load`."""
        self.trace = Trace(request["n_bits"])
        name = "sparse_parity.methods." + request["method"]
        method = load(request["modules"], name, self.trace, BUDGET)
        self.looking = False
        self.hp = MappingProxyType(dict(request["hyperparameters"]))
        self.step: Function = method["step"]
        self.predict_one: Function = method["predict"]
        rng = random.Random(request["seed"])
        self.state = method["init"](request["n_bits"], request["k_sparse"], self.hp, rng)

    def answer(self, request: Request) -> dict[str, Any]:
        """What one request after `load` is answered."""
        operations: Mapping[str, Callable[[Request], dict[str, Any]]] = {
            "train": self.train,
            "predict": self.predict,
            "counters": self.counters,
        }
        return operations[request["op"]](request)

    def train(self, request: Request) -> dict[str, Any]:
        """One step a sample, in the order given."""
        self._forget()
        for text, label in zip(request["samples"], request["labels"], strict=True):
            self.trace.begin_step(_inputs(text), float(label))
            returned = self.step(self.state, self.trace.input_buffer(), float(label), self.hp)
            self.trace.end_step()
            if returned is not None:
                raise TypeError("step must return nothing")
        return {}

    def predict(self, request: Request) -> dict[str, Any]:
        """One finite float a sample; the state must be the same afterwards."""
        if not self.looking:
            self.trace.keep()
            self.looking = True
        before, sums = self._state(), self.trace.counters()
        predictions = []
        for text in request["samples"]:
            predictions.append(self._prediction(text))
            if self._state() != before:
                raise ValueError("predict changed the state")
        after = self.trace.counters()
        return {"predictions": predictions, "spent": {name: after[name] - sums[name] for name in SPENT}}

    def counters(self, request: Request) -> dict[str, Any]:
        """The sums so far. Predictions since the last step count only if they found the task `solved`."""
        if not request["solved"]:
            self._forget()
        return self.trace.counters()

    def _prediction(self, text: str) -> float:
        self.trace.begin_predict(_inputs(text))
        value = self.predict_one(self.state, self.trace.input_buffer(), self.hp)
        if type(value) is not float or not math.isfinite(value):
            raise ValueError("predict must return one finite float")
        return value

    def _forget(self) -> None:
        if self.looking:
            self.trace.forget()
            self.looking = False

    def _state(self) -> list[object]:
        """What must not change: containers by identity, all else by its text, for 0.0 and -0.0 are equal."""
        return [id(part) if isinstance(part, Container) else repr(part) for part in walk(self.state)]


def _inputs(text: str) -> Iterable[float]:
    return [1.0 if character == "+" else -1.0 for character in text]
