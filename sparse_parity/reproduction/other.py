"""The claims of the repository's survey tables: most compare with a step that only went forward."""

from sparse_parity.reproduction.claim import Claim
from sparse_parity.studies import survey

REPO = "repository"
SURVEY = ("survey", "buffers")

CLAIMS = (
    Claim(
        "BATCH", REPO, "batch 32 moves 1.3 to 1.8 times the floats a sample of batch 1", "48,046 at batch 1",
        "artefact",
        "The row for batch 1 is a forward-only step; a full one is 102,073 floats, and batches move less, not more.",
        survey.compare_batch, "{0:,.0f} forward only, {1:,.0f} full", (48046.0, 102073.0), modules=SURVEY,
    ),
    Claim(
        "CACHE", REPO, "hit rates of a simulated L1", "100/73/91/69 %", "not run",
        "No cache is simulated here: DMD prices every depth at once (docs/metric.md).",
    ),
    Claim(
        "GF2", REPO, "elimination over GF(2) has ARD of about 500", "~500", "wrong",
        "No script prints 500; its record is one write and one read of the matrix, so ARD is the matrix's size.",
        survey.replay_elimination, reference=(420.0,), modules=SURVEY,
    ),
    Claim(
        "SMT", REPO, "the solver has ARD of about 2,000", "~2,000", "not run",
        "No source: 10,500 in its own file and 3,360 in its harness; the solver is not part of this package.",
    ),
    Claim(
        "GP", REPO, "genetic programming has ARD 0", "0", "not run",
        "6,000 to 8,000 in its own file; the method is not part of this package.",
    ),
    Claim(
        "RL", REPO, "reinforcement learning has ARD 1", "1", "artefact",
        "One number is recorded, written and read; the table of values that it consults is not recorded at all.",
        survey.replay_query, reference=(1.0,), modules=SURVEY,
    ),
    Claim(
        "PC", REPO, "predictive coding has 18 times the ARD", "18x", "artefact",
        "370,005 over a forward-only step; over a full step it is 10.3.",
        survey.compare_coding, "{0:.1f}x; against a full step {1:.1f}x", modules=SURVEY,
        holds=lambda v: (round(v[0], 1), round(v[1], 1)) == (18.1, 10.3),
    ),
    Claim(
        "LAB", REPO, "a tracked single sample has ARD 4,104", "4,104", "artefact",
        "That is a forward-only step at hidden 200; a full one has 7,210.",
        survey.compare_lab, "{0:,.2f} forward only, {1:,.1f} full", (4104.434376943811, 7210.365736827275),
        modules=SURVEY,
    ),
    Claim(
        "HSGD", REPO, "SGD has ARD 8,504 in the survey", "8,504", "reproduced",
        "Replayed: a hand-written list, not the trainer that gave the accuracy, so no change of the trainer moves it.",
        survey.replay_harness_sgd, "{0:,.1f}", holds=lambda v: round(v[0], 1) == 8503.7,
        modules=SURVEY,
    ),
)  # fmt: skip
