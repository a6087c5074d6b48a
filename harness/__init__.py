"""The trusted side of Ardent: everything that proposes, measures, judges and records.

The loop never edits this package. `python -m harness --help` lists its commands.
"""
