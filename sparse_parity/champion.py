"""What the gate measures: a method of `methods/` and its hyperparameters, as literals.

Read as literals, so it may hold these two names and nothing computed. The known hyperparameters are `hidden`
(hidden units), `lr` (learning rate) and `wd` (weight decay); a method may read further ones, and all of them
are numbers.
"""

METHOD = "standard"
HYPERPARAMETERS = {"hidden": 500, "lr": 0.1, "wd": 0.01}
