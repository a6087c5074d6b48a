"""What numpy's `RandomState` draws, in pure Python: the published numpy experiments started from these.

Promises: bit for bit `choice`, `randn` and `shuffle` of `numpy.random.RandomState(seed)`, which numpy keeps frozen
(NEP 19): the Mersenne Twister seeded with one integer, masked rejection for whole numbers, the polar method for
normal ones. Does not cover: any other call.
"""

import math
import random

from sparse_parity.data import Samples, parity

WORDS = 624


class NumpyDraws:
    """A stream of draws, as `numpy.random.RandomState(seed)` makes them."""

    def __init__(self, seed: int) -> None:
        words = [seed & 0xFFFFFFFF]
        for i in range(1, WORDS):
            words.append((1812433253 * (words[-1] ^ (words[-1] >> 30)) + i) & 0xFFFFFFFF)
        self._twister = random.Random()
        self._twister.setstate((3, (*words, WORDS), None))
        self._spare: float | None = None

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit`, both included."""
        if limit == 0:
            return 0
        mask = (1 << limit.bit_length()) - 1
        while True:
            value = self._twister.getrandbits(32) & mask
            if value <= limit:
                return value

    def gauss(self, mean: float, spread: float) -> float:
        """A normal number: `mean + spread * randn()`. The name is that of `random.Random`, so that nets draw it."""
        if self._spare is not None:
            value, self._spare = self._spare, None
            return mean + spread * value
        while True:
            a = 2.0 * self._twister.random() - 1.0
            b = 2.0 * self._twister.random() - 1.0
            square = a * a + b * b
            if 0.0 < square < 1.0:
                break
        factor = math.sqrt(-2.0 * math.log(square) / square)
        self._spare = factor * a
        return mean + spread * (factor * b)

    def shuffle(self, values: list[int]) -> None:
        """Shuffle in place."""
        for i in range(len(values) - 1, 0, -1):
            j = self.below(i)
            values[i], values[j] = values[j], values[i]

    def pick(self, n: int, k: int) -> list[int]:
        """`choice(n, k, replace=False)`, sorted."""
        values = list(range(n))
        self.shuffle(values)
        return sorted(values[:k])

    def signs(self, rows: int, columns: int) -> list[list[float]]:
        """`choice([-1, 1], size=(rows, columns))`."""
        return [[1.0 if self.below(1) else -1.0 for _ in range(columns)] for _ in range(rows)]

    def samples(self, n_bits: int, secret: list[int], count: int) -> Samples:
        """Inputs and their labels."""
        xs = self.signs(count, n_bits)
        return Samples(xs, [parity(x, secret) for x in xs])
