"""The commands' argument parser."""

import argparse
from typing import NoReturn

from sparse_parity.protocol import ParityError


class Parser(argparse.ArgumentParser):
    """Bad usage is told as every other trouble is: one line, exit code 1. Description and epilogue stay as written."""

    def __init__(self, prog: str, description: str = "", epilog: str = "") -> None:
        formatter = argparse.RawDescriptionHelpFormatter
        super().__init__(prog, description=description, epilog=epilog, formatter_class=formatter)

    def error(self, message: str) -> NoReturn:
        """Raise it as a ParityError."""
        raise ParityError(f"{message}; see --help")
