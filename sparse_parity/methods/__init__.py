"""The methods under study: one module each, with `init`, `step` and `predict` as `protocol.Method` describes.

A method file says everything in numbers, lists and plain functions: it imports `math` and this package,
nothing else.
"""
