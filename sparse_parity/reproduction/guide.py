"""The claims of the learning guide on other methods, and of the experiments behind them."""

from functools import partial

from sparse_parity.reproduction.claim import Claim, Values
from sparse_parity.studies import curriculum, frontier, grokfast, sweeps, trainings

GUIDE = "Learning guide"

FRONTIER = (
    0.999, 0.999, 0.9975, 0.9995, 0.999, 1.0, 1.0, 0.999, 0.997, 0.998,
    1.0, 0.7885, 1.0, 0.9335, 0.549, 1.0, 0.591, 0.9945, 0.851, 0.9905,
    0.997, 0.549, 1.0, 5.0,
)  # fmt: skip
CHANGES = ((0.1, 200), (0.5, 500), (0.1, 500))
"""Learning rate and training samples: one change of each kind, then both."""
BOTH = ("sign_sgd", "minibatch")
DECAYS_THAT_FAIL = (0.001, 0.1, 0.5, 1.0, 2.0)
SCALES = ((30, 3), (50, 3), (20, 5), (50, 5))


def _one_seed(seed: int) -> range:
    return range(seed, seed + 1)


def _by_decay(values: Values) -> Values:
    """Of each decay: seeds solved, and the best accuracy of any. The runs come decay by decay."""
    runs = list(zip(values[::3], values[2::3], strict=True))
    seeds = len(runs) // len(DECAYS_THAT_FAIL)
    groups = [runs[i : i + seeds] for i in range(0, len(runs), seeds)]
    return tuple(v for group in groups for v in (sum(solved for solved, _ in group), max(best for _, best in group)))


def _show_decays(seeds: int) -> str:
    return ", ".join(f"{{{i}:.0f}}/{seeds} ({{{i + 1}:.1%}})" for i in range(0, 2 * len(DECAYS_THAT_FAIL), 2))


def _none_solved(values: Values) -> bool:
    return not any(values[::2])


def _shows_progress(v: Values) -> bool:
    # Before accuracy passes 60 % for the first time, the secret columns have pulled ahead and half the way is gone.
    accuracies, movements, shares = v[0::3], v[1::3], v[2::3]
    before = next(i for i, accuracy in enumerate(accuracies) if accuracy > 0.6) - 1
    last = len(accuracies) - 1
    published = (last + 1, accuracies[last], round(movements[last], 2)) == (52, 0.99, 4148.98)
    return published and movements[before] > 0.5 * movements[last] and shares[before] > shares[0]


CLAIMS = (
    Claim(
        "LG-LR", GUIDE, "the 54 % was entirely due to the learning rate", "one change", "wrong",
        "Learning rate 0.1 alone (200 samples) and 500 samples alone (rate 0.5) both fail; only both together learn.",
        tuple(partial(sweeps.repair, lr, n, 2000, 50) for lr, n in CHANGES),
        "{0:.1%} with lr only, {1:.1%} with samples only, {2:.1%} with both",
        holds=lambda v: max(v[:2]) < 0.65 and v[2] > 0.9, modules=("sweeps",), minutes=9,
        reduced=tuple(partial(sweeps.repair, *change, 2000, n) for change, n in zip(CHANGES, (15, 6, 15), strict=True)),
    ),
    Claim(
        "FRONTIER", "ours", "20 bits, ten seeds, 20 epochs: hidden 12 learns, hidden 8 not always", "-", "reproduced",
        "Accuracy on 2,000 test samples, seeds 42 to 51: every net of 12 units learns, and half of those of 8 stay "
        "below 95 %.",
        (partial(frontier.shrink, 12), partial(frontier.shrink, 8)),
        "{20:.1%} or more; {21:.1%} to {22:.1%}, {23:.0f} of 10 above 95 %", FRONTIER, modules=("frontier",), minutes=1,
        gather=lambda v: (*v, min(v[:10]), min(v[10:]), max(v[10:]), sum(accuracy > 0.95 for accuracy in v[10:])),
    ),
    Claim(
        "CUR-20", GUIDE, "curriculum 10 to 20 bits", "33 vs 19 epochs", "reproduced", "The same epochs.",
        partial(curriculum.grow_bits, [10, 20]), "{0:.0f} vs {1:.0f} epochs", (33.0, 19.0),
        modules=("curriculum",), minutes=1,
    ),
    Claim(
        "CUR", GUIDE, "a curriculum is 14.6 times faster (10 to 30 to 50 bits)", "292 vs 20 epochs", "reproduced",
        "The same epochs; but the secret lies among the first 10 inputs, so the curriculum is told that 40 are noise. "
        "Nor does it crack what direct training cannot, as the guide says: 292 epochs do.",
        partial(curriculum.grow_bits, [10, 30, 50]), "{0:.0f} vs {1:.0f} epochs", (292.0, 20.0),
        modules=("curriculum",), minutes=4,
    ),
    Claim(
        "CUR-k", GUIDE, "curriculum over the parity, 2 to 3 to 5 bits of 20", "232 vs 157 epochs", "reproduced",
        "The same epochs.", partial(curriculum.grow_parity, 20, (2, 3, 5)), "{0:.0f} vs {1:.0f} epochs", (232.0, 157.0),
        modules=("curriculum",), minutes=3,
    ),
    Claim(
        "SIGN", GUIDE, "Sign SGD is 2 times faster on k=5: epochs to 90 %, seed 42", "7 vs 13", "within noise",
        "SGD's epochs are the same; the signs amplify the last bit, so theirs are not, on any two machines. The "
        "learning rates differ too (0.01 and 0.1).",
        tuple(partial(sweeps.epochs_to_90, m, _one_seed(42)) for m in BOTH), "{0:.0f} vs {1:.0f}",
        holds=lambda v: 6 <= v[0] <= 10 and v[1] == 13, modules=("sweeps",), minutes=2,
    ),
    Claim(
        "SIGN-seeds", GUIDE, "the same, seeds 43 and 44", "8 vs 15, 7 vs 14", "within noise",
        "As SIGN; by the mean of the three seeds it was 1.9 times, and on the original code run again 1.75 times.",
        tuple(partial(sweeps.epochs_to_90, m, _one_seed(s)) for s in (43, 44) for m in BOTH),
        "{0:.0f} vs {1:.0f}, {2:.0f} vs {3:.0f}",
        holds=lambda v: all(6 <= sign <= 10 for sign in v[::2]) and v[1::2] == (15, 14), modules=("sweeps",), minutes=4,
    ),
    Claim(
        "GROK", GUIDE, "GrokFast is counterproductive", "~12 vs ~5 epochs", "reproduced",
        "90 % at epoch 12 with the filter, at 6 without (not 5), for 83 times the movement. Of its 200 epochs the "
        "last 186 move no weight any more, for no sample is left inside the margin.",
        partial(grokfast.compare_filter, 200),
        "{1:.0f} vs {4:.0f} epochs to 90 %; movement {2:,.0f} vs {5:,.0f}; at rest after {7:.0f}",
        (0.99, 12.0, 441826.2394270054, 1.0, 6.0, 5299.787260077424, 10.0, 14.0),
        modules=("grokfast", "sweeps"), minutes=5, reduced=(partial(grokfast.compare_filter, 15),),
    ),
    Claim(
        "WD", GUIDE, "weight decay 0.01 takes 39.0 epochs, 0.05 takes 45.8", "39.0, 45.8", "reproduced",
        "Means of five seeds, all solved.",
        tuple(partial(sweeps.sweep_decay, wd, range(42, 47)) for wd in (0.01, 0.05)),
        "{1:.1f} ({0:.0f}/5), {4:.1f} ({3:.0f}/5)", (5.0, 39.0, 1.0, 5.0, 45.8, 1.0),
        modules=("sweeps",), minutes=5,
    ),
    Claim(
        "WD-fail", GUIDE, "weight decay 0.001, 0.1, 0.5, 1 or 2 solves no seed: seed 42", "0/5 each", "reproduced",
        "200 epochs each; solved means 100 % of the test samples. Best accuracies beside them; from 0.5 on they are "
        "coins.",
        tuple(partial(sweeps.sweep_decay, wd, _one_seed(42)) for wd in DECAYS_THAT_FAIL),
        _show_decays(1), holds=_none_solved, modules=("sweeps",), minutes=7, gather=_by_decay,
    ),
    Claim(
        "WD-seeds", GUIDE, "the same, seeds 43 to 46", "0/5 each", "reproduced",
        "200 epochs each, 20 trainings; best accuracies beside them.",
        tuple(partial(sweeps.sweep_decay, wd, _one_seed(s)) for wd in DECAYS_THAT_FAIL for s in range(43, 47)),
        _show_decays(4), holds=_none_solved, modules=("sweeps",), minutes=27, gather=_by_decay,
    ),
    Claim(
        "SCALE", "Exp D", "n30 k3: 94.5 %; n50 k3: 54 %; n20 k5: 61.5 %; n50 k5: 58 %",
        "94.5 % at 124, 54.0, 61.5, 58.0", "reproduced",
        "The same; the three failures are the best of 200 epochs of noise (see COIN).",
        tuple(partial(sweeps.scale, n, k) for n, k in SCALES),
        "{0:.1%} at {1:.0f}, {2:.1%}, {4:.1%}, {6:.1%}", (0.945, 124.0, 0.54, 0.0, 0.615, 0.0, 0.58, 0.0),
        modules=("sweeps",), minutes=2,
    ),
    Claim(
        "COIN", "ours", "the best of 200 epochs of 200 test samples, by tossing a coin", "-", "artefact",
        '"Best test accuracy" of a net that learned nothing: the published failures of SCALE are no higher by '
        "more than two points.",
        partial(sweeps.flip_coins, 200, 200), "{0:.1%}", holds=lambda v: 0.585 < v[0] < 0.61,
        modules=("sweeps",),
    ),
    Claim(
        "EXP1", GUIDE, "mini-batches: 99 % at epoch 52, and progress hidden before it", "99.0 %, 52",
        "reproduced",
        "The same; the weights have gone more than half their way before test accuracy first passes 60 %.",
        grokfast.watch_progress, "{153:.1%} at epoch 52; movement {154:,.2f}", holds=_shows_progress,
        modules=("grokfast", "sweeps"), minutes=6,
    ),
    Claim(
        "HIDDEN", GUIDE, "the weights move while accuracy is flat", "qualitative", "reproduced",
        "Experiment A: movement and test accuracy of epochs 1, 2 and 6.", trainings.watch_epochs,
        "{0:,.0f} at {1:.1%}, {2:,.0f} at {3:.1%}, {10:,.0f} at {11:.1%}",
        holds=lambda v: v[2] > 0.8 * v[10] and v[3] < 0.5, modules=("trainings",),
    ),
)  # fmt: skip
