"""What the pipeline trains: each method that the documents name, on an instance that it can learn in seconds.

Standard, fused, per-layer and GrokFast share the documents' instances; batch methods need more samples than one pass
over twenty or 500 gives them, and Forward-Forward a smaller net, because its second layer has hidden times hidden
weights. Does not cover: the published runs of these methods, which take minutes; see `studies/` and `reproduce`.
"""

from dataclasses import dataclass

from sparse_parity.config import EXP_A, THREE_BIT, Config
from sparse_parity.protocol import Champion, Hp, list_methods

THREE_BATCH = Config("3bit_h100", 3, 3, 100, 0.5, 0.01, n_train=320, n_test=100, max_epochs=50, stop_at=0.95)
THREE_SIGN = Config("3bit_h100_sign", 3, 3, 100, 0.01, 0.01, n_train=320, n_test=100, max_epochs=50, stop_at=0.95)
THREE_FF = Config("3bit_h100_ff", 3, 3, 100, 0.01, 0.0, n_train=50, n_test=50, max_epochs=50, stop_at=0.95)
TWENTY_BATCH = Config("20bit_h200", 20, 3, 200, 0.1, 0.01, n_train=1000, n_test=200, max_epochs=60, stop_at=0.9)
TWENTY_SIGN = Config("20bit_h200_sign", 20, 3, 200, 0.01, 0.01, n_train=1000, n_test=200, max_epochs=60, stop_at=0.9)
TWENTY_FF = Config("20bit_h60_ff", 20, 3, 60, 0.01, 0.0, n_train=2000, n_test=200, max_epochs=5, stop_at=0.95)

PUBLISHED = ("standard", "fused", "perlayer")
BATCHED = ("minibatch", "sign_sgd")


@dataclass(frozen=True, slots=True)
class Subject:
    """A method with the instance and the hyperparameters to run it with."""

    method: str
    config: Config
    hp: Hp

    @property
    def watched(self) -> bool:
        """Whether to count firing steps and score training samples, which takes about as long as learning."""
        return self.method in PUBLISHED


def as_configured(method: str, config: Config) -> Subject:
    """A method with a config's own hyperparameters."""
    return Subject(method, config, config.hp)


def published(config: Config) -> list[Subject]:
    """The variants of backprop that the documents compare, so far as they are there."""
    return [as_configured(name, config) for name in PUBLISHED if name in list_methods()]


def others(n_bits: int) -> list[Subject]:
    """The documents' other methods, so far as they are there, at 3 bits or at 20."""
    plain, batch, sign, ff = (
        (THREE_BIT, THREE_BATCH, THREE_SIGN, THREE_FF)
        if n_bits == THREE_BIT.n_bits
        else (EXP_A, TWENTY_BATCH, TWENTY_SIGN, TWENTY_FF)
    )
    pairs = (("grokfast", plain), ("minibatch", batch), ("sign_sgd", sign), ("forward_forward", ff))
    return [as_configured(name, config) for name, config in pairs if name in list_methods()]


def named(champion: Champion) -> Subject:
    """The champion on the documents' 20-bit instance."""
    return Subject(champion.method, EXP_A, champion.hp)
