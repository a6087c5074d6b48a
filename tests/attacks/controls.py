"""Honest changes that the gate must measure and must not refuse: a gate that refuses everything is safe and useless."""

from dataclasses import dataclass

from harness.records import Edit, Metric, Outcome, Win
from tests.attacks.attack import CHAMPION, END, FIRES, HEAD, INIT, NEW, change
from tests.attacks.control_methods import ALL_PAIRS, DEAD_ROWS, LAST_ROW, LAZY_DECAY, MOMENTUM, ROW_FUSED
from tests.controls.learner_cases import CASES, source_of

MEASURED: tuple[Outcome, ...] = ("kept", "discarded", "inconclusive")
EVERY_COST: tuple[Metric, ...] = ("ard", "dmd", "reuse", "traffic")


@dataclass(frozen=True, slots=True)
class Control:
    """An honest proposal, the outcomes it may have, and the wins it may be kept for.

    Attributes:
        falls: metrics whose whole interval must lie below zero.
        same_predictions: it leaves the mathematics alone to the last bit, and is judged exactly.
        rival: edits of the champion that make the incumbent it is held against.
    """

    name: str
    edits: tuple[Edit, ...]
    outcomes: tuple[Outcome, ...] = MEASURED
    wins: tuple[Win, ...] = ("ard", "movement", "accuracy")
    falls: tuple[Metric, ...] = ()
    same_predictions: bool = False
    rival: tuple[Edit, ...] = ()


def method(name: str) -> Edit:
    """The champion with another published method."""
    return change('METHOD = "standard"', f'METHOD = "{name}"', CHAMPION)


def hyper(name: str, value: float) -> Edit:
    """The champion with another value of a hyperparameter."""
    values = {"hidden": 24, "lr": 0.1, "wd": 0.01}
    return change(f"'{name}': {values[name]}", f"'{name}': {value}", CHAMPION)


def new_method(text: str) -> tuple[Edit, ...]:
    """A method file of one's own, named by the champion."""
    return Edit("create", NEW, text=text), method("trick")


# Of tests/controls/learners, those that gain here; two more stand below. Not these, each measured on this bench (DMD):
# adam +218 %, deep_mlp +212 %, sign_sgd +70 %, minibatch_sgd +37 %, momentum_sgd +17 %: all have more state to move.
LEARNERS: dict[str, Win] = {
    "correlation": "ard",
    "dead_rows": "ard",
    "gf2_elimination": "ard",
    "gf2_packed": "ard",
    "hinge_perceptron": "movement",
    "multiplicative_weights": "ard",
    "walsh_hadamard": "ard",
}


def learner(name: str, win: Win, label: str = "", falls: tuple[Metric, ...] = (), **hp: float) -> Control:
    """A learner of another kind, with its own hyperparameters but for those given."""
    edits = (
        Edit("create", f"sparse_parity/methods/{name}.py", text=source_of(name)),
        method(name),
        change("{'hidden': 24, 'lr': 0.1, 'wd': 0.01}", repr(CASES[name].hp | hp), CHAMPION),
    )
    return Control(label or f"the learner {name}", edits, ("kept",), (win,), falls)


HINGE = "    if out * y >= 1.0:\n        return\n    dout = -y\n"
NO_EXIT = "    dout = -y if out * y < 1.0 else 0.0\n"
LOSS = "    if max(0.0, 1.0 - out * y) == 0.0:\n        return\n    dout = -y\n"

CONTROLS = (
    *(learner(name, win) for name, win in LEARNERS.items()),
    # Measured: ARD -17.7 %, DMD -12.8 %, reuse -17.6 %, traffic -19.0 %, prediction -10.2 %. It may raise ARD; here it
    # does not, so the gate names it an ARD win. Against a net that makes no list of activations to predict, and one to
    # learn, it is none: reuse +2.8 %, prediction +9.0 %, for the last sample is read beside each row.
    learner("row_fused", "ard", "a row's last update is done as it is read for the next sample", EVERY_COST, wd=0.01),
    # Measured: ARD -19.5 %, DMD -13.3 %, reuse -20.5 %, traffic -22.2 %, prediction -13.3 %.
    learner("lazy_decay", "ard", "dead rows are skipped and decay when they wake up", EVERY_COST, wd=0.01),
    # Measured: ARD -0.73 %, DMD -0.48 %, reuse -0.39 %, traffic -0.26 %, of one row in 24; prediction the same.
    Control(
        "a row is held in registers from forward to update",
        (Edit("create", NEW, text=LAST_ROW), change('"perlayer"', '"trick"', CHAMPION)),
        ("kept",),
        ("ard",),
        EVERY_COST,
        same_predictions=True,
        rival=(method("perlayer"),),
    ),
    # Measured: ARD -20.2 %, DMD -19.8 %, reuse -24.9 %, traffic -23.1 %. Without decay, for a gradient of zero is then
    # no change at all.
    Control(
        "hinge early exit, against a net that goes all the way with a gradient of zero",
        (change(NO_EXIT, HINGE),),
        ("kept",),
        ("ard",),
        EVERY_COST,
        same_predictions=True,
        rival=(change(HINGE, NO_EXIT), hyper("wd", 0.0)),
    ),
    # No win: the standard method returns at the margin, and nothing that comes before can be left out.
    Control("hinge early exit, as the standard has it", (change(HINGE, LOSS),), ("discarded",), same_predictions=True),
    Control("per-layer: scalars in one loop over the rows", (method("perlayer"),), ("kept",), ("ard", "movement")),
    Control("read and update fused in a row", new_method(ROW_FUSED), ("kept",), ("ard", "movement")),
    Control("fused order", (method("fused"),), ("kept",), ("ard",)),
    Control("half the hidden layer", (hyper("hidden", 12),), ("kept",), ("ard", "movement")),
    Control("a third of the hidden layer", (hyper("hidden", 8),), ("kept",), ("ard", "movement")),
    Control("dead rows are skipped", new_method(DEAD_ROWS), ("kept",), ("ard", "movement")),
    Control("weight decay in one scale, dead rows skipped", new_method(LAZY_DECAY)),
    Control("momentum on the second layer", new_method(MOMENTUM)),
    Control("hinge with a wider margin ends early", (change("if out * y >= 1.0:", "if out * y >= 0.5:"),)),
    Control("another learning rate", (hyper("lr", 0.2),)),
    Control("twice the hidden layer", (hyper("hidden", 48),), ("discarded", "inconclusive")),
    Control("gradient clipped", (change(FIRES, "    dout = -y if out * y > -1.0 else -0.5 * y\n"),)),
    Control(
        "the second layer learns first",
        (
            change(END, ""),
            change(
                "    update_layer1(state, x, dh_pre, hp, tracker)\n",
                END + "    update_layer1(state, x, dh_pre, hp, tracker)\n",
            ),
        ),
    ),
    Control(
        "biases drawn instead of zero",
        (
            change(
                INIT,
                "    net = init_mlp(n_bits, hp, rng)\n"
                "    for j in range(len(net['b1'])):\n"
                "        net['b1'][j] = rng.gauss(0.0, 0.1)\n"
                "    return net\n",
            ),
        ),
    ),
    Control("a comment and a faster initialisation", (change(HEAD, HEAD + "# honest\n"), hyper("hidden", 16))),
    Control("all pairs of inputs instead of a net", new_method(ALL_PAIRS), ("kept",), ("ard", "movement")),
)
