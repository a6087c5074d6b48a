"""The claims on backprop's three variants: the pipeline's 3-bit run, experiments A and C, and the failed 20-bit run."""

from functools import partial

from sparse_parity.config import EXP_A, EXP_C, RUN_0303, THREE_BIT, Config
from sparse_parity.reproduction.claim import Claim, Values
from sparse_parity.studies import buffers, sweeps, tiled, timing, trainings
from sparse_parity.studies.batches import Say

R3, R20, A, C = "pipeline, 3 bits", "pipeline, 20 bits, hidden 2000", "Exp A", "Exp C"
GUIDE = "Learning guide"


def _account(method: str, config: Config, _: Say) -> Values:
    summary = buffers.account(method, config)
    return summary.ard or 0.0, summary.reads, summary.writes, summary.total_floats


def _ard(
    id_: str, source: str, method: str, config: Config, published: str, reference: Values, why: str = "As published."
) -> Claim:
    says = f"ARD of {method}; reads, writes, floats of its step"
    form = "{0:,.2f}; {1:.0f}, {2:.0f}, {3:,.0f}"
    return Claim(id_, source, says, published, "reproduced", why, partial(_account, method, config), form, reference)


CUT = "The published list, replayed; it leaves out the method's own gradient buffers (see R3-9.1)."
CUT_NAME = "perlayer as published"
VARIANTS = ("standard", "fused", CUT_NAME)


def _gains(config: Config, _: Say) -> Values:
    gains = [100.0 * buffers.gain(method, config) for method in (CUT_NAME, "perlayer", "fused")]
    same = buffers.perlayer_is_fused_cut_short(), buffers.perlayer_records_as_fused()
    return *gains, *same, buffers.cut_standard_short(config)


def _w2(_: Say) -> Values:
    found = [buffers.buffer(method, "W2", EXP_A) for method in ("standard", CUT_NAME, "fused")]
    return *(b.average or 0.0 for b in found), *(float(max(b.distances)) for b in found)


def _share_of_w1(_: Say) -> Values:
    found = buffers.buffer("standard", "W1", EXP_A)
    return (100.0 * found.size * len(found.distances) / buffers.account("standard", EXP_A).floats_read,)


def _w1_over_the_next(_: Say) -> Values:
    sizes = sorted(b.size for b in buffers.account("standard", EXP_A).buffers)
    return (sizes[-1] / sizes[-2],)


def _gap(_: Say) -> Values:
    gaps = (100 * (buffers.gain("perlayer", c) - buffers.gain("fused", c)) for c in (THREE_BIT, EXP_C))
    own = sum(b.size for b in buffers.account("standard", THREE_BIT).buffers if b.name in buffers.LEFT_OUT)
    return *gaps, float(own), float(buffers.buffer("standard", "W1").size)


def _whole_run(say: Say) -> Values:
    return trainings.record_whole_run("standard", say)


GAINS = "{0:.1f} % published list, {1:.1f} % recorded fully, {2:.1f} % fused"
ENDS = (1.0,)
ACCURACIES_A = (0.46, 0.485, 0.555, 0.785, 0.895, 0.965)
ACCURACIES_C = (0.515, 0.485, 0.6, 0.8, 0.89, 0.97, 0.975, 0.97, 0.995)

CLAIMS = (
    _ard("R3-standard", R3, "standard", THREE_BIT, "10,640", (10639.620365013412, 24, 18, 34022)),
    _ard("R3-fused", R3, "fused", THREE_BIT, "10,219", (10218.592804922948, 24, 18, 34022)),
    _ard("R3-perlayer", R3, CUT_NAME, THREE_BIT, "9,674", (9674.1779717484, 15, 13, 27015), CUT),
    Claim(
        "R3-9.1", GUIDE, "per-layer lowers ARD by 9 % (3 bits)", "9.1 %", "artefact",
        "The published per-layer list is the fused list with out's and y's reads and every dout, dW2, db2, dh and "
        "dh_pre event left out; recorded fully it is fused, event for event, and standard cut in the same way has "
        "9,607.",
        partial(_gains, THREE_BIT), GAINS,
        (9.074030464843508, 3.957167132343764, 3.957167132343764, 1.0, 1.0, 9607.28011727079),
    ),
    Claim(
        "R3-list", "ours", "the published per-layer list is the fused list, its own buffers left out", "-", "artefact",
        "Of fused's events, those left out, those published, compared one by one and in order; the last two numbers "
        "are 1 for the same list: published and fused cut short, per-layer recorded fully and fused.",
        buffers.compare_lists, "{0:.0f} - {1:.0f} = {2:.0f} events; {3:.0f}, {4:.0f}", (42.0, 14.0, 28.0, 1.0, 1.0),
    ),
    Claim(
        "R3-acc", R3, "over 90 % on 3 bits", ">90 %", "reproduced", "70 %, then 100 % in the second epoch.",
        trainings.solve_three_bits, "{0:.0%}, {1:.0%}", (0.7, 1.0), modules=("trainings",),
    ),
    _ard("R20-standard", R20, "standard", RUN_0303, "71,807", (71806.59107754109, 24, 18, 204073)),
    _ard("R20-fused", R20, "fused", RUN_0303, "70,864", (70863.51885484738, 24, 18, 204073)),
    _ard("R20-perlayer", R20, CUT_NAME, RUN_0303, "69,094", (69094.48405785275, 15, 13, 190066), CUT),
    Claim(
        "R20-54", GUIDE, "20 bits fail at 54 %", "54 %", "within noise",
        "Learning rate 0.5 diverges, and where to depends on the last bit of the machine's libm: the best of 50 "
        "epochs of coin flips.",
        partial(sweeps.repair, 0.5, 200, 2000, 50), "{0:.1%}", holds=lambda v: v[0] < 0.6,
        modules=("sweeps",), minutes=4, reduced=(partial(sweeps.repair, 0.5, 200, 2000, 8),),
    ),
    _ard("A-standard", A, "standard", EXP_A, "17,976; 24, 18, 51,073", (17976.402757373715, 24, 18, 51073)),
    _ard("A-fused", A, "fused", EXP_A, "17,741; 24, 18, 51,073", (17740.877839303877, 24, 18, 51073)),
    _ard("A-perlayer", A, CUT_NAME, EXP_A, "17,299; 15, 13, 47,566", (17298.56596854372, 15, 13, 47566), CUT),
    Claim(
        "A-acc", A, "96.5 % in 6 epochs", "0.965 at 6", "reproduced", "The same accuracies, epoch by epoch.",
        partial(trainings.accuracies, "standard", EXP_A), "{0} {1} {2} {3} {4} {5}", ACCURACIES_A,
        modules=("trainings",),
    ),
    Claim(
        "A-41", A, "the traced sample and its margin", "41, 0.9889", "reproduced",
        "The first training sample inside the margin after training.",
        trainings.trace_sample, "{0:.0f}, {1:.5f}", (41.0, 0.9889499912385744), modules=("trainings",),
    ),
    Claim(
        "A-1.3/3.8", A, "fused 1.3 %, per-layer 3.8 % better", "1.3 %, 3.8 %", "artefact",
        "3.8 % is the events left out, as in R3-9.1; recorded fully, per-layer gains what fused gains.",
        partial(_gains, EXP_A), GAINS,
        (3.770703171144485, 1.3101893701910283, 1.3101893701910283, 1.0, 1.0, 17287.95069676473),
    ),
    Claim(
        "A-75", A, "W1 makes 75 % of all float reads", "75 %", "reproduced", "Two reads of 10,000 among 26,547.",
        _share_of_w1, "{0:.1f} %", (75.33807963235017,),
    ),
    Claim(
        "A-11042", A, "W1's first read at 11,042, its second up to 29,000", "11,042 to 29,000", "reproduced",
        "10,000 of the 11,042 are W1's own floats, not \"all the other buffer writes\"; the largest is 29,573.",
        lambda _: tuple(float(d) for m in VARIANTS for d in buffers.buffer(m, "W1", EXP_A).distances),
        "{0:,.0f}; {1:,.0f}, {3:,.0f} and {5:,.0f}", (11042.0, 28070.0, 11042.0, 29573.0, 11042.0, 26566.0),
    ),
    Claim(
        "A-W2", A, "W2's mean distance 22,387 to 13,877, largest 39,570 to 14,544",
        "22,387 -> 13,877; 39,570 -> 14,544", "artefact",
        "The numbers are right and the comparison is with standard: fused already has 14,547, and the rest is events "
        "left out.",
        _w2, "{0:,.0f} -> {1:,.0f}; {3:,.0f} -> {4:,.0f}; fused {2:,.0f}; {5:,.0f}",
        (22387.0, 13876.666666666666, 14547.0, 39570.0, 14544.0, 16050.0),
    ),
    Claim(
        "A-20x", A, "W1 is 20 times the next buffer", "20", "reproduced", "10,000 floats beside 500.",
        _w1_over_the_next, reference=(20.0,),
    ),
    Claim(
        "A-tiling", A, "tiling W1 would help", "suggestion", "wrong",
        "It raises ARD at every tile size; the published baseline 30,759 averages one forward-only step with two full "
        "ones, and recorded fully on full steps the rise is 6.2 to 12.3 %.",
        tiled.compare_tiles, "+{4:.1f} to +{1:.1f} % as published, +{8:.1f} to +{5:.1f} % on full steps",
        holds=lambda v: (
            [round(v[i], 1) for i in (4, 1, 8, 5, 12, 9)] == [6.8, 12.1, 7.5, 13.2, 6.2, 12.3] and round(v[0]) == 30759
        ),
        modules=("tiled",),
    ),
    _ard("C-standard", C, "standard", EXP_C, "35,920", (35919.798744509586, 24, 18, 102073)),
    _ard("C-perlayer", C, CUT_NAME, EXP_C, "34,564", (34563.87190571347, 15, 13, 95066), CUT),
    Claim(
        "C-acc", C, "99.5 %, over 90 % at epoch 6", "0.995, 6", "reproduced", "The same nine accuracies.",
        partial(trainings.accuracies, "standard", EXP_C), "{8:.1%} at epoch 9, {5:.0%} at epoch 6", ACCURACIES_C,
        modules=("trainings",), minutes=1,
    ),
    Claim(
        "C-acc-all", C, "per-layer: the same accuracies, epoch by epoch", "0.995, 6", "reproduced",
        "The same nine accuracies; at hidden 1000 too, the three variants end with the same weights to the last bit.",
        (partial(trainings.accuracies, "perlayer", EXP_C), partial(trainings.count_endings, EXP_C)),
        "{8:.1%} at epoch 9, {5:.0%} at epoch 6; {9:.0f} digest for 3 variants", (*ACCURACIES_C, *ENDS),
        modules=("trainings",), minutes=1,
    ),
    Claim(
        "C-wall", C, "19.1 s and 19.2 s", "19.1, 19.2 s", "within noise",
        "Processor seconds of this machine, so judged by eye: the two are as fast as each other.",
        timing.time_variants, "{0:.1f} s, {1:.1f} s", modules=("timing",), minutes=1,
    ),
    Claim(
        "C-ident", C, "the effect of per-layer on the mathematics is nearly identical", "nearly", "wrong",
        "It is none: standard, fused and per-layer end with the same weights to the last bit (one digest for three).",
        partial(trainings.count_endings, EXP_A), "{0:.0f} digest for 3 variants", ENDS, modules=("trainings",),
    ),
    Claim(
        "C-why", C, "the gap shrinks from 9.1 to 3.8 % because W1 dominates", "explanation", "wrong",
        "From fused to per-layer there is no gap to shrink: 0 % at both sizes once all events are recorded. The "
        'buffers said to be saved at 3 bits ("about 4,000 floats") hold 3,002, and per-layer makes all their values.',
        _gap, "{0:.1f} %, {1:.1f} %; {2:,.0f} floats beside W1's {3:,.0f}", (0.0, 0.0, 3002.0, 3000.0),
    ),
    Claim(
        "WHOLE", "ours", "ARD by last write over a whole run, epoch by epoch", "-", "artefact",
        "Without the stamp at each step ARD rises sixfold as the net learns, because a net that has learned stops "
        "writing: better learning would look worse.",
        _whole_run, "{0:,.0f} to {5:,.0f}; {6:,.0f} over all",
        (26687.196233888822, 28138.852535755148, 28428.802992011646, 36267.525694486154, 74924.28553511821,
         162712.3784608929, 52607.22873769634),
        modules=("trainings",),
    ),
)  # fmt: skip
