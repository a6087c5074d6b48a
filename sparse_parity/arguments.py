"""The commands' argument parser."""

import argparse
import textwrap
from typing import NoReturn

from sparse_parity.protocol import ParityError
from sparse_parity.terminal import measure_width


class Parser(argparse.ArgumentParser):
    """Bad usage is told as every other trouble is: one line, exit code 1. The epilogue stays as written."""

    def __init__(self, prog: str, description: str = "", epilog: str = "") -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        text = textwrap.fill(description, measure_width() - 2)
        super().__init__(prog, description=text, epilog=epilog, formatter_class=formatter)

    def error(self, message: str) -> NoReturn:
        """Raise it as a ParityError."""
        raise ParityError(f"{message}; see --help")
