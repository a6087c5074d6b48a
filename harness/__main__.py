"""`python -m harness`: the gate by hand, the profile, and the audit of what the loop recorded."""

import sys
from pathlib import Path

from harness import commands
from harness.cli import guarded

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    raise SystemExit(guarded(lambda: commands.main(sys.argv[1:], ROOT), after_interrupt="nothing was recorded"))
