"""What the command lines take as numbers."""

import argparse

import pytest

from harness.flags import MOST_SEED, steps_above_zero, whole_number, whole_seed

READERS = {"turns": (whole_number(0, 10), 10), "steps": (steps_above_zero, 10**6), "seed": (whole_seed, MOST_SEED - 1)}


@pytest.mark.parametrize("name", READERS)
def test_leading_zeros_hide_no_number_that_is_too_large(name):
    read, most = READERS[name]
    assert read("0" * 40 + str(most)) == most
    for text in ("0" * 40 + str(most + 1), "9" * 5000, "-1", "1.0", "", "٣"):
        with pytest.raises(argparse.ArgumentTypeError, match="is not a whole number"):
            read(text)
