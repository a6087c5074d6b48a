"""Sparse parity: the task, the methods that learn it, and the hand-placed tracker of reuse distance.

Pure Python, standard library only (plots import matplotlib when asked for). `python -m sparse_parity` runs
all phases.
"""
