"""The claims on definitions and constraints: energy labels, what ARD counts, run times, what fusing should bring."""

from sparse_parity.config import EXP_A, THREE_BIT
from sparse_parity.reproduction.claim import Claim, Values
from sparse_parity.studies import buffers, survey, timing
from sparse_parity.studies.batches import Say

GUIDE, PIPELINE = "Learning guide", "Pipeline page"


def _fused_gain(_: Say) -> Values:
    return 100 * buffers.gain("fused", THREE_BIT), 100 * buffers.gain("fused", EXP_A)


CLAIMS = (
    Claim(
        "ENERGY", GUIDE, "HBM read 640 pJ, register 5 pJ", "640, 5 pJ", "wrong",
        "Nothing to run: 640 pJ is a 32-bit word of DRAM and 5 pJ one of an 8 kB SRAM (Horowitz 2014, 45 nm), no "
        "HBM and no register.",
    ),
    Claim(
        "ARD-def", GUIDE, "ARD counts the other values accessed since the write", "definition", "wrong",
        "It counts floats, the buffer's own write and repeated reads included: nobody else's float was touched here.",
        survey.count_own_floats, "{0:.0f}, {1:.0f}", (10.0, 20.0), modules=("survey", "buffers"),
    ),
    Claim(
        "RUNTIME", PIPELINE, "3 bits under 1 s, 20 bits under 2 s", "<1 s, <2 s", "wrong",
        "Processor seconds of this machine, so judged by eye: 3 bits hold, 20 bits in pure Python do not.",
        timing.time_pipeline, "{0:.2f} s, {1:.1f} s", modules=("timing",),
    ),
    Claim(
        "PHASE4a", PIPELINE, "fusing is expected to lower ARD by 16 %", "16 %", "wrong",
        "16 % was the mean over reads (S1-16pct); the pipeline's own metric gives this, at 3 and 20 bits.",
        _fused_gain, "{0:.1f} %, {1:.1f} %", (3.957167132343764, 1.3101893701910283),
    ),
)  # fmt: skip
