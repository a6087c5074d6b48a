"""The slow comparison of the memory trace with its reference: fresh random programs until time is up.

    python tests/harness/fuzz_trace.py --minutes 30 --seed 1

Prints how many programs and operation sequences agreed; on a difference, its seed and the whole evidence.
`--only SEED` repeats one. Run from the repository's root with the harness importable.
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.harness.random_operations import run_lockstep
from tests.harness.run_programs import check_program
from tests.harness.trace_forms import FORMS


def check_seed(seed):
    """One program and one sequence of operations."""
    draw = random.Random(seed)
    check_program(draw, FORMS)
    run_lockstep(draw, FORMS, n_inputs=3, length=60)


def main(argv=None):
    """Exit code 0 if all agreed, 1 on the first difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long to go on")
    parser.add_argument("--seed", type=int, default=1, help="of the first program; they count up from there")
    parser.add_argument("--only", type=int, help="check this seed and no other")
    args = parser.parse_args(argv)
    end = time.monotonic() + 60 * args.minutes
    seed = first = args.seed if args.only is None else args.only
    while seed == first or (args.only is None and time.monotonic() < end):
        try:
            check_seed(seed)
        except AssertionError as difference:
            print(*difference.args[0], sep="\n")
            print(f"seed {seed} differs, after {seed - first} that agree: repeat with --only {seed}")
            return 1
        except BaseException:
            print(f"seed {seed} failed: repeat with --only {seed}")
            raise
        seed += 1
    count = seed - first
    print(f"{count} programs and {count} sequences of 60 operations: every value and counter agrees")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
