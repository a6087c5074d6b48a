"""The report: recorded runs as one self-contained page.

Promises: pure functions from `RunSource` to HTML; nothing is measured, read or written here. Does not cover: finding
the runs and what lies beside them (`commands.reported`).
"""
