"""The claims of the repository's survey tables: most compare with a step that only went forward."""

from sparse_parity.reproduction.claim import Claim
from sparse_parity.studies import cache, survey

REPO = "repository"
SURVEY = ("survey", "buffers")

CLAIMS = (
    Claim(
        "BATCH", REPO, "batch 32 has 17 times the ARD, and moves 1.3 to 1.8 times the floats a sample of batch 1",
        "547,881 vs 31,500; 48,046 at batch 1", "artefact",
        "The numbers are right, but the row for batch 1 is a forward-only step. A full one is 102,073 floats, and "
        "batches of 4 to 64 move 0.62 to 0.84 times that a sample: less, not more.",
        cache.compare_batches, "{1:,.0f} vs {0:,.0f}; {2:,.0f} forward only, {3:,.0f} full",
        (31499.64337904391, 547881.3046903154, 48046.0, 102073.0, 85560.0, 75687.625, 64123.0625, 66626.25, 62906.5625),
        modules=("cache",),
    ),
    Claim(
        "CACHE", REPO, "hit rates of a simulated L1: single samples and batch 32, at hidden 200 and at 1000",
        "100/73/91/69 %", "reproduced",
        "A cache of whole buffers, each read counted once whatever its size; in an L2 of 256 kB all reads hit.",
        cache.compare_hits, "{0:.0f}/{1:.0f}/{2:.0f}/{3:.0f} %; L2 {4:.0f}/{5:.0f}/{6:.0f}/{7:.0f} %",
        (100.0, 73.2824427480916, 90.97605893186004, 69.07894736842105, 100.0, 100.0, 100.0, 100.0, 2455931.0,
         2132040.0),
        modules=("cache",),
    ),
    Claim(
        "GF2", REPO, "elimination over GF(2) has ARD of about 500", "~500", "wrong",
        "No script prints 500; its record is one write and one read of the matrix, so ARD is the matrix's size.",
        survey.replay_elimination, "{0:,.0f}, DMC {1:,.1f}", (420.0, 8607.438643406062), modules=SURVEY,
    ),
    Claim(
        "SMT", REPO, "the solver has ARD of about 2,000", "~2,000", "wrong",
        "No script prints 2,000. Its own file records one reading of 500 samples, whatever the search; the harness, "
        "run again here, one reading of 20 samples for each of the 15 pairs that it tries.",
        survey.search_pairs, "{0:,.0f} in its own file, {1:,.0f} in the harness", (10500.0, 3360.0, 15.0),
        modules=SURVEY,
    ),
    Claim(
        "GP", REPO, "genetic programming has ARD 0", "0", "wrong",
        "Zero is the number of learned parameters. Its own file records the found program's columns of 2,000 samples, "
        "written and read once: 3 columns, or 4. The search is not recorded, and not part of this package.",
        survey.replay_program, "{0:,.0f}, {1:,.0f}", (6000.0, 8000.0), modules=SURVEY,
    ),
    Claim(
        "RL", REPO, "reinforcement learning has ARD 1", "1", "artefact",
        "One number is recorded, written and read; the table of values that it consults is not recorded at all.",
        survey.replay_query, reference=(1.0,), modules=SURVEY,
    ),
    Claim(
        "PC", REPO, "predictive coding has 18 times the ARD", "370,005 vs 20,438, 18x", "artefact",
        "Its list, replayed, over a forward-only step; over a full step it is 10.3 times, and 7.9 at 3 bits.",
        survey.compare_coding, "{0:,.0f}, {1:.1f}x; against full steps {2:.1f}x, {3:.1f}x",
        (370004.6672144729, 18.10396700421477, 10.300855799506083, 7.879836044322298), modules=SURVEY,
    ),
    Claim(
        "LAB", REPO, "a tracked single sample has ARD 4,104, DMC 300,298", "4,104; 300,298", "artefact",
        "That is a forward-only step at hidden 200; a full one has 7,210 and 850,131.",
        survey.compare_lab, "{0:,.2f}; {1:,.0f} forward only, {2:,.1f}; {3:,.0f} full",
        (4104.434376943811, 300297.50556233525, 7210.365736827275, 850131.3092828119), modules=SURVEY,
    ),
    Claim(
        "HSGD", REPO, "SGD has ARD 8,504, DMC 1,278,460 in the survey", "8,504; 1,278,460", "reproduced",
        "Replayed: a hand-written list, not the trainer that gave the accuracy, so no change of the trainer moves it.",
        survey.replay_harness_sgd, "{0:,.1f}; {1:,.1f}", (8503.665431766132, 1278460.296753375), modules=SURVEY,
    ),
)  # fmt: skip
